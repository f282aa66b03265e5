//! Floor 3: the only room where the others meet. Carries messages through their stages, in and out.
//!
//! The order that makes it safe: bytes to the spool and on disk, then a journal row, then the work, then the effect under an
//! identity that a second try finds again, then the journal, then the move on the partner's drop. A crash anywhere leaves a stage
//! from which the same code goes on.

mod acknowledge;
mod answers;
mod apply;
mod carry;
mod circuit_breaker;
mod connections;
mod dedup;
mod document_stream;
mod fair_queue;
mod fault_injecting;
mod inbound;
mod lock;
pub mod mappings;
mod outbound;
mod partner_report;
pub mod plans;
mod react;
pub mod readiness;
mod receive;
pub mod render;
mod retry;
mod same;
mod select_records;
mod sending;
pub mod unpack;
mod validate;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as Slot, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::sync::Mutex;

use connections::Connections;
pub use lock::Lock;
pub use validate::{Schemas, validate_and_parse};

use crate::{
    config::{Flow, Workspace},
    failpoints,
    journal::{Before, Deed, Filter, Journal},
    model::{
        Again, Clock, ClockAhead, Code, Message, Plan, Problem, Problems, Stage, SystemClock,
        codes::{Area, Reaction, Who},
    },
    odoo::{Odoo, Setup},
    schema::Schema,
    storage::Storage,
    transport::RemoteFs,
};

/// Hears how work goes on, for progress bars and logs.
pub trait Watcher: Send + Sync {
    /// So many files lie before a flow.
    fn found(&self, _flow: &str, _files: usize) {}
    /// A message has come to rest or waits.
    fn settled(&self, _message: &Message) {}
}

/// Hears nothing.
pub struct Silent;

impl Watcher for Silent {}

/// What one run of a flow did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Flow.
    pub flow: String,
    /// Messages whose effect is complete.
    pub done: usize,
    /// Messages refused.
    pub failed: usize,
    /// Messages that wait for something temporary.
    pub waiting: usize,
    /// Messages held for a person.
    pub held: usize,
    /// Files that are left on the drop for a person, those told before among them.
    pub left: usize,
    /// Records that were refused while the rest of their files went in.
    pub refused: usize,
    /// Values left as people have changed them in Odoo.
    pub kept: usize,
    /// Exact duplicates shelved.
    pub duplicates: usize,
    /// Files left where they are because they still change.
    pub changing: usize,
    /// What kept the flow itself from working.
    pub problems: Vec<Problem>,
    /// The partner's drop could not be reached for a move; no further one is tried in this run.
    #[serde(skip)]
    pub(crate) drop_is_away: bool,
}

/// Carries messages of one workspace.
pub struct Engine {
    workspace: Arc<Workspace>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    watcher: Arc<dyn Watcher>,
    storage: Storage,
    schemas: Slot<HashMap<String, Schema>>,
    odoos: Connections,
    eager: bool,
    drops: Mutex<HashMap<String, Arc<dyn RemoteFs>>>,
    stopping: AtomicBool,
    /// Who this process is in leases.
    owner: String,
    turns: fair_queue::FairShare,
}

/// The journal of a workspace. One of an earlier version is carried over by a process that is alone with it.
async fn open_journal(workspace: &Workspace) -> Result<Journal, Problem> {
    let path = workspace.storage.join(JOURNAL);
    match Journal::open(&path).await {
        Err(problem) if problem.code == Code::EarlierJournal => {}
        opened => return opened,
    }
    let lock = if Lock::is_held(workspace) { None } else { Some(Lock::take(workspace)) };
    let _alone = lock.transpose().map_err(|problem| match problem.code {
        Code::Locked => Problem::new(Code::Locked, "the journal must be upgraded, and another consign is using it")
            .hint("stop the other consign, then start this one: it copies the old journal and upgrades it"),
        _ => problem,
    })?;
    Journal::open_as(&path, Before::CopyAside).await
}

/// The machine's clock, which a test may have set ahead.
fn clock() -> Arc<dyn Clock> {
    match failpoints::ahead() {
        Duration::ZERO => Arc::new(SystemClock),
        ahead => Arc::new(ClockAhead(ahead)),
    }
}

/// The journal's file in the storage folder.
pub const JOURNAL: &str = "journal.sqlite";

impl Engine {
    /// Opens the journal and the storage of a workspace.
    ///
    /// # Errors
    /// The storage folder cannot be made, or the journal not opened.
    pub async fn open(workspace: Arc<Workspace>) -> Result<Self, Problem> {
        let storage = Storage::open(&workspace.storage)?;
        let journal = open_journal(&workspace).await?;
        Ok(Self {
            odoos: Connections::of(&workspace),
            workspace,
            journal,
            clock: clock(),
            watcher: Arc::new(Silent),
            storage,
            schemas: Slot::default(),
            eager: false,
            drops: Mutex::default(),
            stopping: AtomicBool::new(false),
            owner: crate::model::MessageId::new().to_string(),
            turns: fair_queue::FairShare::default(),
        })
    }

    /// The journal opened once more: what it is asked waits for nothing that this engine asks.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn another_journal(&self) -> Result<Journal, Problem> {
        Journal::open(&self.workspace.storage.join(JOURNAL)).await
    }

    /// The same engine with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same engine with someone who hears how it goes.
    pub fn with_watcher(mut self, watcher: Arc<dyn Watcher>) -> Self {
        self.watcher = watcher;
        self
    }

    /// The same engine, taking up waiting messages whenever it is run rather than when their time has come, for a run that a person
    /// asks for; only after an answer that did not come the time is kept, since Odoo may still be at it.
    pub fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    /// Its workspace.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Its journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Its storage.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Its clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Lets the message under way come to the end of its step and takes no further one.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// One run of a flow: what was begun is finished, then what is new is taken.
    pub async fn run(&self, flow: &str) -> Summary {
        self.work(flow, true).await
    }

    /// Only what was begun, without looking at the drop or for new records.
    pub async fn resume(&self, flow: &str) -> Summary {
        self.work(flow, false).await
    }

    /// Clears the spool of bytes that no message knows: a process that died between writing them and writing them down. The file
    /// itself still lies on the drop. Only for the process that holds the workspace's lock.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sweep(&self, _lock: &Lock) -> Result<(), Problem> {
        self.journal.end_leases().await?;
        for name in self.storage.spooled().await {
            if matches!(self.journal.find(&name).await, Err(problem) if problem.code == Code::MessageUnknown) {
                self.storage.discard([name]).await;
            }
        }
        Ok(())
    }

    async fn work(&self, id: &str, look: bool) -> Summary {
        let mut summary = Summary { flow: id.to_string(), ..Summary::default() };
        let Some(flow) = self.workspace.flows.get(id) else {
            let names = self.workspace.flows.keys().map(String::as_str);
            summary.problems.push(
                Problem::new(Code::FlowUnknown, format!("there is no flow `{id}`"))
                    .maybe_hint(crate::model::nearest::did_you_mean(id, names)),
            );
            return summary;
        };
        if look && let Err(problem) = self.journal.run_begins(id, self.clock.now()).await {
            summary.problems.push(problem);
            return summary;
        }
        if let Err(problems) = self.carry(flow, look, &mut summary).await {
            self.forget_what_is_away(flow, &flow.odoo, &problems).await;
            summary.problems.extend(problems);
        }
        if self.eager {
            // Those whose time must be kept are not forgotten over it.
            let filter = Filter { stages: vec![Stage::Waiting], ..Filter::of_flow(id) };
            summary.waiting = self.journal.list(&filter).await.map_or(summary.waiting, |waiting| waiting.len());
        }
        if look {
            // What the partner leaves lying, and what nobody must act on, keeps no flow from working.
            let ours = |problem: &&Problem| problem.code != Code::NotCollected && problem.who != Who::Nobody;
            let problems: Vec<Problem> = summary.problems.iter().filter(ours).cloned().collect();
            if let Err(problem) = self.journal.run_ends(id, &problems, self.clock.now()).await {
                summary.problems.push(problem);
            }
        }
        for problem in &summary.problems {
            tracing::error!(flow = id, code = problem.code.as_str(), cause = problem.causes(), "{}", problem.message);
        }
        summary
    }

    async fn carry(&self, flow: &Flow, look: bool, summary: &mut Summary) -> Result<(), Problems> {
        let schemas = self.schemas(flow)?;
        if let Some(inbound) = flow.inbound() {
            return inbound::run(self, flow, inbound, &schemas, look, summary).await;
        }
        match flow.outbound() {
            Some(outbound) => outbound::run(self, flow, outbound, schemas.get(&flow.schema)?, look, summary).await,
            // The configuration takes no other pair of ends.
            None => Ok(()),
        }
    }

    /// Starts a message again from its original bytes (in) or its record (out). It is carried by the next [`Engine::resume`].
    ///
    /// # Errors
    /// The message is under way, or its original is gone.
    pub async fn restart(&self, message: &mut Message, again: Again, deed: &Deed) -> Result<(), Problem> {
        if message.pipeline().maps() || again.checked {
            self.storage.place(message).await?;
        }
        // A partner's document uses the current Odoo of its flow; a record stays with the Odoo that it was read from.
        let flow = self.workspace.flows.get(&message.flow).filter(|_| message.pipeline().maps());
        self.journal.restart(message, again, flow.map(|flow| flow.odoo.as_str()), deed, self.clock.now()).await
    }

    /// Lets a message that is held go on from where it was, with the options that it had.
    ///
    /// # Errors
    /// Its original is gone, or a person must first decide whether it has had its effect.
    pub async fn release(&self, message: &mut Message, deed: &Deed) -> Result<(), Problem> {
        if message.pipeline().maps() {
            self.storage.place(message).await?;
        }
        self.journal.release(message, deed, self.clock.now()).await
    }

    /// Refuses a plan of which a younger message of the same flow has written records since.
    ///
    /// # Errors
    /// There is one, or Odoo or the journal cannot be asked.
    pub async fn not_overtaken(&self, odoo: &Odoo, plan: &Plan, setup: Setup<'_>, message: &Message) -> Result<(), Problems> {
        apply::not_overtaken(&self.journal, odoo, plan, setup, message).await
    }

    /// The compiled schemas of a flow; each is compiled once.
    fn schemas(&self, flow: &Flow) -> Result<Schemas, Problems> {
        let mut known = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        Schemas::of(flow, |name| {
            if let Some(schema) = known.get(name) {
                return Ok(schema.clone());
            }
            let schema = Schema::compile(&self.workspace.schemas(), name)?;
            known.insert(name.to_string(), schema.clone());
            Ok(schema)
        })
    }

    /// The connection to an Odoo of the workspace, by its name, made when it is first needed.
    pub(crate) async fn odoo(&self, name: &str) -> Result<Odoo, Problem> {
        self.odoos.get(&self.workspace, name, &*self.clock).await
    }

    /// Forgets the connection to a server that problems say is away or does not let us in, so that the next use makes a new one with
    /// the secrets of that time. Whether one of them is away.
    pub(crate) async fn forget_what_is_away(&self, flow: &Flow, odoo: &str, problems: &Problems) -> bool {
        let stops = |area| problems.iter().any(|problem| problem.code.area() == area && problem.code.reaction() == Reaction::Stop);
        if problems.iter().any(|problem| problem.code == Code::DropLogin) {
            self.forget_drop(&flow.partner).await;
        }
        if self.odoos.is_down(odoo).await {
            return true;
        }
        if stops(Area::Odoo) {
            self.odoos.forget(odoo).await;
        }
        stops(Area::Odoo) || stops(Area::Drop)
    }

    /// Forgets a partner's drop, so that the next use opens it with the secrets of that time.
    pub(crate) async fn forget_drop(&self, partner: &str) {
        self.drops.lock().await.remove(partner);
    }

    /// A partner's drop, opened when it is first needed.
    pub(crate) async fn drop(&self, partner: &str) -> Result<Arc<dyn RemoteFs>, Problem> {
        let mut drops = self.drops.lock().await;
        if let Some(drop) = drops.get(partner) {
            return Ok(Arc::clone(drop));
        }
        let config = self
            .workspace
            .partners
            .get(partner)
            .ok_or_else(|| Problem::new(Code::ConfigUnknownName, format!("there is no partner `{partner}`")))?;
        let mut drop: Arc<dyn RemoteFs> = Arc::from(config.drop.open(&self.workspace.root)?);
        if failpoints::ENABLED {
            drop = Arc::new(fault_injecting::FaultInjectingStore(drop));
        }
        drops.insert(partner.to_string(), Arc::clone(&drop));
        Ok(drop)
    }

    fn settled(&self, message: &Message, summary: &mut Summary) {
        match message.stage {
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
        self.watcher.settled(message);
    }
}
