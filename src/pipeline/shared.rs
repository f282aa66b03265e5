//! State that the engines of one process share. After a reload the earlier engine may still be working.

use std::sync::Arc;

use super::fair_queue::FairShare;
use crate::{
    endpoint::{Landing, Locks},
    model::MessageId,
};

/// Shared state.
pub(super) struct Shared {
    /// The name of this process in leases.
    pub(super) owner: String,
    /// Who may fetch now.
    pub(super) turns: FairShare,
    /// Locks of the running flows.
    pub(super) flows: Locks,
    /// Locks of the other tasks of the process: alerts, the archive.
    pub(super) chores: Locks,
    /// Locks of the Odoos, and what each may still be processing.
    pub(super) writing: Arc<Locks<Landing>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            owner: MessageId::new().to_string(),
            turns: FairShare::default(),
            flows: Locks::default(),
            chores: Locks::default(),
            writing: Arc::default(),
        }
    }
}
