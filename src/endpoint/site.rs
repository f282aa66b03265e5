//! The context of endpoints: the workspace, the journal, our storage, and the connections to Odoos and drops.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex as Slot, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{connections::Connections, fault_injecting::FaultInjectingStore, landing::Landing, locks::Locks};
use crate::{
    config::Workspace,
    failpoints,
    journal::Journal,
    model::{Clock, Code, Problem},
    odoo::Odoo,
    storage::Storage,
    transport::RemoteFs,
};

/// A workspace at work.
pub struct Site {
    workspace: Arc<Workspace>,
    journal: Journal,
    storage: Storage,
    clock: Arc<dyn Clock>,
    odoos: Connections,
    drops: Mutex<HashMap<String, Arc<dyn RemoteFs>>>,
    /// Odoos whose calls of earlier processes are known.
    asked: Slot<HashSet<String>>,
}

impl Site {
    /// The site of a workspace; `writing` makes tasks that write to an Odoo wait for each other. No connection is made yet.
    pub fn new(workspace: Arc<Workspace>, journal: Journal, storage: Storage, clock: Arc<dyn Clock>, writing: Arc<Locks<Landing>>) -> Self {
        Self {
            odoos: Connections::of(&workspace, writing),
            workspace,
            journal,
            storage,
            clock,
            drops: Mutex::default(),
            asked: Slot::default(),
        }
    }

    /// The same site with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
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

    /// The connection to an Odoo of the workspace, by its name, made when it is first needed.
    ///
    /// # Errors
    /// It is down, or refuses the sign-in.
    pub async fn odoo(&self, name: &str) -> Result<Odoo, Problem> {
        self.odoos.get(&self.workspace, name, &*self.clock).await
    }

    pub(super) async fn writing(&self, odoo: &str) -> Result<OwnedMutexGuard<Landing>, Problem> {
        self.odoos.writing(&self.workspace, odoo).await
    }

    pub(super) fn writing_now(&self, odoo: &str) -> Result<Option<OwnedMutexGuard<Landing>>, Problem> {
        self.odoos.writing_now(&self.workspace, odoo)
    }

    /// The calls of earlier processes in an Odoo are known now.
    pub(super) fn asked(&self, odoo: &str) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(odoo.to_string());
    }

    pub(super) fn has_asked(&self, odoo: &str) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).contains(odoo)
    }

    pub(super) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Whether an Odoo is known to be down.
    pub async fn is_odoo_down(&self, name: &str) -> bool {
        self.odoos.is_down(name).await
    }

    /// Forgets the connection to an Odoo, so that the next use makes a new one with the current secrets.
    pub async fn forget_odoo(&self, name: &str) {
        self.odoos.forget(name).await;
    }

    /// A partner's drop, opened when it is first needed.
    ///
    /// # Errors
    /// There is no such partner, or a secret is missing.
    pub async fn drop(&self, partner: &str) -> Result<Arc<dyn RemoteFs>, Problem> {
        let mut drops = self.drops.lock().await;
        if let Some(drop) = drops.get(partner) {
            return Ok(Arc::clone(drop));
        }
        let config = self
            .workspace
            .partners
            .get(partner)
            .ok_or_else(|| Problem::new(Code::ConfigUnknownName, format!("there is no partner `{partner}`")))?;
        let mut drop = super::open_drop(config, &self.workspace.root)?;
        if failpoints::ENABLED {
            drop = Arc::new(FaultInjectingStore(drop));
        }
        drops.insert(partner.to_string(), Arc::clone(&drop));
        Ok(drop)
    }

    /// Forgets a partner's drop, so that the next use opens it with the current secrets.
    pub async fn forget_drop(&self, partner: &str) {
        self.drops.lock().await.remove(partner);
    }
}
