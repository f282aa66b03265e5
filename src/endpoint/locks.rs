//! Locks by name: a flow, an Odoo. The engines of a process share them, so that two engines never do the same work at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Slot, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by name, each with its data.
#[derive(Debug, Default)]
pub struct Locks<T = ()>(Slot<HashMap<String, Arc<Mutex<T>>>>);

impl<T: Default> Locks<T> {
    /// Waits for the lock of a name; it is released when the guard is dropped.
    pub async fn turn(&self, name: &str) -> OwnedMutexGuard<T> {
        self.one(name).lock_owned().await
    }

    /// The lock of a name, if nobody has it now.
    pub fn turn_now(&self, name: &str) -> Option<OwnedMutexGuard<T>> {
        self.one(name).try_lock_owned().ok()
    }

    fn one(&self, name: &str) -> Arc<Mutex<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_string()).or_default())
    }
}
