//! What the engines of one process have in common, those that follow each other when the workspace is read anew: the one before may have
//! something in hand still.

use std::sync::Arc;

use super::fair_queue::FairShare;
use crate::{
    endpoint::{Landing, Locks},
    model::MessageId,
};

/// In common.
pub(super) struct Shared {
    /// Who this process is in leases.
    pub(super) owner: String,
    /// Who may fetch now.
    pub(super) turns: FairShare,
    /// Flows that are at work, each by itself.
    pub(super) flows: Locks,
    /// What the process does besides, each by itself: alerts, the archive.
    pub(super) chores: Locks,
    /// Odoos that are written to, and what each may still be at.
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
