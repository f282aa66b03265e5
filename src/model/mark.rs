//! Which journal belongs to a storage, and how far it had come: kept in the journal itself and in a file beside it.

use serde::{Deserialize, Serialize};

/// A journal at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The journal's own name, given when it was begun.
    pub journal: String,
    /// How often something was received or was about to take place since; it never gets less.
    pub number: u64,
}
