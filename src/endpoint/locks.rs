//! One at a time, by name: a flow, an Odoo. Shared by the engines of a process, so that what an earlier one still has in hand is not done
//! by the next one at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Slot, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by name, with what is known of each.
#[derive(Debug, Default)]
pub struct Locks<T = ()>(Slot<HashMap<String, Arc<Mutex<T>>>>);

impl<T: Default> Locks<T> {
    /// Waits for the turn of a name; it ends when the guard is dropped.
    pub async fn turn(&self, name: &str) -> OwnedMutexGuard<T> {
        self.one(name).lock_owned().await
    }

    /// The turn of a name, where nobody has it now.
    pub fn turn_now(&self, name: &str) -> Option<OwnedMutexGuard<T>> {
        self.one(name).try_lock_owned().ok()
    }

    fn one(&self, name: &str) -> Arc<Mutex<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_string()).or_default())
    }
}
