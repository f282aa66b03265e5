//! One at a time, by name: a flow, an Odoo. Shared by the engines of a process, so that what an earlier one still has in hand is not done
//! by the next one at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Slot, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by name.
#[derive(Debug, Default)]
pub struct Locks(Slot<HashMap<String, Arc<Mutex<()>>>>);

impl Locks {
    /// Waits for the turn of a name; it ends when the guard is dropped.
    pub async fn turn(&self, name: &str) -> OwnedMutexGuard<()> {
        let one = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(name.to_string()).or_default())
        };
        one.lock_owned().await
    }
}
