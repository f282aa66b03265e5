//! The engine: a running workspace, and the shared state of its runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Slot, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedMutexGuard, watch};

use super::{
    lock::Lock,
    own_journal::{JOURNAL, OwnJournal},
    shared::Shared,
    summary::{Silent, Summary, Watcher},
    validate::Schemas,
};
use crate::{
    config::{Flow, Workspace},
    endpoint::{self, Site},
    failpoints,
    journal::{AuditEntry, Journal},
    model::{
        Clock, ClockAhead, Code, Message, MessageId, Plan, Problem, Problems, ReprocessOptions, Stage, SystemClock,
        codes::{Area, Reaction},
    },
    odoo::{ExecuteOptions, Odoo},
    schema::Schema,
    storage::{self, Storage},
};

/// How long repeatable work that is nearly finished may take after a stop: moves on the partner's server, a probe.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Carries messages of one workspace.
pub struct Engine {
    pub(super) site: Site,
    pub(super) watcher: Arc<dyn Watcher>,
    schemas: Slot<HashMap<String, Schema>>,
    pub(super) eager: bool,
    stopping: watch::Sender<bool>,
    pub(super) shared: Arc<Shared>,
    /// The journal's file, which may disappear while it is open.
    pub(super) own: OwnJournal,
}

/// The machine's clock, which a test may have set ahead.
fn clock() -> Arc<dyn Clock> {
    match failpoints::ahead() {
        Duration::ZERO => Arc::new(SystemClock),
        ahead => Arc::new(ClockAhead(ahead)),
    }
}

impl Engine {
    /// Opens the journal and the storage of a workspace.
    ///
    /// # Errors
    /// The storage folder cannot be made, or the journal not opened.
    pub async fn open(workspace: Arc<Workspace>) -> Result<Self, Problem> {
        Self::with(workspace, Arc::default()).await
    }

    /// The same, as the successor of an engine that is stopping: the new one waits for each flow, partner and Odoo that the old one still
    /// uses.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_after(workspace: Arc<Workspace>, before: &Self) -> Result<Self, Problem> {
        // Otherwise the folder and a new journal would be created.
        if let Some(problem) = before.own.gone() {
            return Err(problem);
        }
        Self::with(workspace, Arc::clone(&before.shared)).await
    }

    async fn with(workspace: Arc<Workspace>, shared: Arc<Shared>) -> Result<Self, Problem> {
        let storage = Storage::open(&workspace.storage)?;
        let own = OwnJournal::open(&workspace, &storage).await?;
        let journal = own.journal.clone();
        Ok(Self {
            site: Site::new(workspace, journal, storage, clock(), Arc::clone(&shared.writing)),
            watcher: Arc::new(Silent),
            schemas: Slot::default(),
            eager: false,
            stopping: watch::Sender::new(false),
            shared,
            own,
        })
    }

    /// Opens the journal again: queries here do not wait for those of the engine.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn another_journal(&self) -> Result<Journal, Problem> {
        Journal::open(&self.workspace().storage.join(JOURNAL)).await
    }

    /// The same engine with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.site = self.site.with_clock(clock);
        self
    }

    /// The same engine with a progress listener.
    pub fn with_watcher(mut self, watcher: Arc<dyn Watcher>) -> Self {
        self.watcher = watcher;
        self
    }

    /// The same engine, which processes waiting messages at once, for a run that a person starts. Exception: after a lost answer they still
    /// wait, because Odoo may still be working.
    pub fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    /// What it works with.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Its workspace.
    pub fn workspace(&self) -> &Workspace {
        self.site.workspace()
    }

    /// Its journal.
    pub fn journal(&self) -> &Journal {
        self.site.journal()
    }

    /// Its storage.
    pub fn storage(&self) -> &Storage {
        self.site.storage()
    }

    /// Its clock.
    pub fn clock(&self) -> &dyn Clock {
        self.site.clock()
    }

    /// Lets each running message finish its step and starts no further step.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The lock for another task of the process; an earlier engine may still have it.
    pub async fn chore(&self, name: &str) -> OwnedMutexGuard<()> {
        self.shared.chores.turn(name).await
    }

    /// Runs work that can be repeated from the start; `None` if it did not finish within `grace` after a stop.
    pub(super) async fn unless_stopped<T>(&self, grace: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut stopping = self.stopping.subscribe();
        let stopped = async {
            // The sender lives as long as the engine.
            let _ = stopping.wait_for(|stop| *stop).await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = stopped => None,
        }
    }

    /// Removes bytes in the spool that belong to no message: a process ended between writing and recording them. The file itself is still
    /// on the drop. Only for the process that holds the workspace's lock.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sweep(&self, _lock: &Lock) -> Result<(), Problem> {
        // Before anything is written: on a full disk this frees the space for it.
        for (name, id) in self.storage().spooled().await {
            if self.is_unknown(&id).await {
                self.storage().discard([name]).await;
            }
        }
        self.journal().end_leases().await
    }

    async fn is_unknown(&self, id: &str) -> bool {
        matches!(self.journal().find(id).await, Err(problem) if problem.code == Code::MessageUnknown)
    }

    /// Discards the bytes of messages that could not be recorded. All of them are still at their source, and unknown files must not fill a
    /// full disk further. Messages that are in the journal stay.
    pub(super) async fn discard_unknown(&self, ids: Vec<MessageId>) {
        for id in ids {
            if self.is_unknown(&id.to_string()).await {
                self.storage().discard([id]).await;
            }
        }
    }

    /// The missing part of the reserve; `None` if there is enough space.
    pub(super) fn lacks_room(&self) -> Option<Problem> {
        let (root, reserve) = (self.storage().root(), self.workspace().keep.reserve);
        // The journal may be a link to another disk.
        let (free, place) = [Some(root), self.own.folder()].into_iter().flatten().filter_map(|at| Some((storage::free(at)?, at))).min()?;
        if free >= reserve {
            return None;
        }
        let (free, reserve) = (free >> 20, reserve >> 20);
        let text = format!("only {free} MiB are free in the storage ({}); consign receives nothing below {reserve} MiB", place.display());
        Some(Problem::new(Code::DiskFull, text).hint("free some space, or lower `reserve` in [keep]; consign continues by itself"))
    }

    /// Starts a message again from its original bytes (in) or its record (out). The next [`Engine::resume`] carries it.
    ///
    /// # Errors
    /// The message is in progress, or its original is gone.
    pub async fn restart(&self, message: &mut Message, again: ReprocessOptions, entry: &AuditEntry) -> Result<(), Problem> {
        if message.pipeline().maps() || again.checked {
            self.storage().place(message).await?;
        }
        // A partner's document uses the current Odoo of its flow; a record stays with the Odoo that it was read from.
        let flow = self.workspace().flows.get(&message.flow).filter(|_| message.pipeline().maps());
        self.journal().restart(message, again, flow.map(|flow| flow.odoo.as_str()), entry, self.clock().now()).await
    }

    /// Lets a held message continue from its stage, with its options.
    ///
    /// # Errors
    /// Its original is gone, or a person must first decide whether it has had its effect.
    pub async fn release(&self, message: &mut Message, entry: &AuditEntry) -> Result<(), Problem> {
        if message.pipeline().maps() {
            self.storage().place(message).await?;
        }
        self.journal().release(message, entry, self.clock().now()).await
    }

    /// Refuses a plan if a younger message of the same flow has written its records since.
    ///
    /// # Errors
    /// There is one, or Odoo or the journal cannot be asked.
    pub async fn not_overtaken(&self, odoo: &Odoo, plan: &Plan, setup: ExecuteOptions<'_>, message: &Message) -> Result<(), Problems> {
        endpoint::odoo::not_overtaken(self.journal(), odoo, plan, setup, message).await
    }

    /// The compiled schemas of a flow; each is compiled once.
    pub(super) fn schemas(&self, flow: &Flow) -> Result<Schemas, Problems> {
        let mut known = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        Schemas::of(flow, |name| {
            if let Some(schema) = known.get(name) {
                return Ok(schema.clone());
            }
            let schema = Schema::compile(&self.workspace().schemas(), name)?;
            known.insert(name.to_string(), schema.clone());
            Ok(schema)
        })
    }

    /// Forgets the connection to a server that is down or refuses us, so that the next use makes a new one with the current secrets.
    /// Returns whether one of them is down.
    pub(crate) async fn forget_what_is_away(&self, flow: &Flow, odoo: &str, problems: &Problems) -> bool {
        let stops = |area| problems.iter().any(|problem| problem.code.area() == area && problem.code.reaction() == Reaction::Stop);
        if problems.iter().any(|problem| problem.code == Code::DropLogin) {
            self.site.forget_drop(&flow.partner).await;
        }
        if self.site.is_odoo_down(odoo).await {
            return true;
        }
        if stops(Area::Odoo) {
            self.site.forget_odoo(odoo).await;
        }
        stops(Area::Odoo) || stops(Area::Drop)
    }

    pub(super) fn settled(&self, message: &Message, summary: &mut Summary) {
        // Counts exclude acknowledgements to partners.
        match message.stage {
            _ if message.answers.is_some() => {}
            Stage::Done => summary.done += 1,
            Stage::Failed => summary.failed += 1,
            Stage::Held => summary.held += 1,
            Stage::Waiting => summary.waiting += 1,
            _ => {}
        }
        let (id, flow, name, stage) =
            (message.id.short(), &message.flow, crate::model::problem::shown(&message.name), message.stage.as_str());
        match &message.reason {
            Some(reason) if message.stage != Stage::Done => {
                tracing::warn!(message = id, flow, name, stage, "{}", crate::model::problem::shown(reason));
            }
            _ => tracing::info!(message = id, flow, name, stage, "{stage}"),
        }
        if message.answers.is_none() {
            self.watcher.settled(message);
        }
    }
}
