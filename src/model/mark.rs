//! Which journal belongs to a storage, and how far it is: stored in the journal and in a file beside it.

use serde::{Deserialize, Serialize};

/// A journal at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The journal's own name, created with the journal.
    pub journal: String,
    /// A counter of received messages and intents; it never decreases.
    pub number: u64,
}
