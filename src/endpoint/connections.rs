//! The Odoos of a workspace. Each has one connection, and one message at a time writes to it.
//!
//! **Invariant:** a fault of one Odoo does not stop the flows of another.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{landing::Landing, locks::Locks};
use crate::{
    config::Workspace,
    model::{Clock, Code, Problem},
    odoo::Odoo,
};

/// Pause after a failed sign-in, so that a wrong password does not lock the account.
const KNOCK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// What is known about an Odoo.
enum Connection {
    /// Not asked yet.
    Unknown,
    /// Signed in.
    Up(Odoo),
    /// Not asked before this time, and why.
    Down(DateTime<Utc>, Problem),
}

/// The Odoos of a workspace, by name.
pub(super) struct Connections {
    all: HashMap<String, Mutex<Connection>>,
    /// Held while a plan is executed: two flows that look for the same record at the same time would both create it.
    writing: Arc<Locks<Landing>>,
}

impl Connections {
    pub(super) fn of(workspace: &Workspace, writing: Arc<Locks<Landing>>) -> Self {
        let all = workspace.every_odoo().map(|(name, _)| (name.to_string(), Mutex::new(Connection::Unknown))).collect();
        Self { all, writing }
    }

    fn one(&self, name: &str) -> Result<&Mutex<Connection>, Problem> {
        self.all.get(name).ok_or_else(|| Problem::new(Code::ConfigUnknownName, format!("there is no Odoo `{name}` in the workspace")))
    }

    /// The connection to an Odoo, made when it is first needed.
    pub(super) async fn get(&self, workspace: &Workspace, name: &str, clock: &dyn Clock) -> Result<Odoo, Problem> {
        let config = workspace.odoo(name)?;
        let mut slot = self.one(name)?.lock().await;
        match &*slot {
            Connection::Up(odoo) => return Ok(odoo.clone()),
            Connection::Down(until, problem) if clock.now() < *until => return Err(problem.clone()),
            Connection::Down(..) | Connection::Unknown => {}
        }
        let connected = match config.open(&workspace.root) {
            Ok(settings) => Odoo::connect(&settings).await,
            Err(problem) => Err(problem),
        };
        match connected {
            Ok(odoo) => {
                *slot = Connection::Up(odoo.clone());
                Ok(odoo)
            }
            Err(problem) => {
                // From now, not from the time of the question: a silent server keeps the caller waiting for minutes.
                *slot = Connection::Down(clock.now() + KNOCK_AGAIN, problem.clone());
                Err(problem)
            }
        }
    }

    /// The right to write to an Odoo; others wait until it is released.
    pub(super) async fn writing(&self, workspace: &Workspace, name: &str) -> Result<OwnedMutexGuard<Landing>, Problem> {
        Ok(self.writing.turn(&workspace.odoo(name)?.place()).await)
    }

    /// The same, if nobody has it now.
    pub(super) fn writing_now(&self, workspace: &Workspace, name: &str) -> Result<Option<OwnedMutexGuard<Landing>>, Problem> {
        Ok(self.writing.turn_now(&workspace.odoo(name)?.place()))
    }

    /// Whether an Odoo is known to be down.
    pub(super) async fn is_down(&self, name: &str) -> bool {
        match self.all.get(name) {
            Some(one) => matches!(*one.lock().await, Connection::Down(..)),
            None => false,
        }
    }

    /// Forgets the connection to an Odoo, so that the next call signs in again.
    pub(super) async fn forget(&self, name: &str) {
        if let Some(one) = self.all.get(name) {
            let mut slot = one.lock().await;
            if matches!(*slot, Connection::Up(_)) {
                *slot = Connection::Unknown;
            }
        }
    }
}
