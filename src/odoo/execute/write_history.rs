//! The history between runs: what we last wrote to a record, so that a person's change is distinguished from ours, and which calls were
//! about to be made, so that none is made twice. The journal stores it; this module only reads and writes it.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::model::{BoxFuture, Effect, Outcome, Problem, intent::Prior};

/// What we last wrote to a record: for each field the planned value and, if Odoo changed it, the value read back. The entry [`UNSURE`]
/// names the fields whose value was not read back.
pub type Written = Map<String, Json>;

/// The entry for fields whose writing has begun and whose new value was not read back: it is unknown who changed them.
pub const UNSURE: &str = "~";

/// Stores the history. The default methods store nothing, for work that only reads.
pub trait WriteHistory: Send + Sync {
    /// What we last wrote to these records, as far as known.
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>>;

    /// Stores what was written to records; other fields stay as they were, and a null deletes a field.
    fn remember<'a>(&'a self, model: &'a str, records: &'a [(i64, Written)]) -> BoxFuture<'a, Result<(), Problem>> {
        let _ = (model, records);
        Box::pin(async { Ok(()) })
    }

    /// Writes that effects are about to take place: all, or none if one of them is not new in this run; returns what was known of each
    /// before.
    fn intend<'a>(&'a self, effects: &'a [Effect]) -> BoxFuture<'a, Result<Vec<Prior>, Problem>> {
        Box::pin(async { Ok(vec![Prior::New; effects.len()]) })
    }

    /// Writes how effects ended.
    fn conclude<'a>(&'a self, effects: &'a [Effect], outcome: Outcome) -> BoxFuture<'a, Result<(), Problem>> {
        let _ = (effects, outcome);
        Box::pin(async { Ok(()) })
    }

    /// Whether an earlier try of this run may have begun to write.
    fn has_begun<'a>(&'a self, write: &'a Effect) -> BoxFuture<'a, Result<bool, Problem>> {
        let _ = write;
        Box::pin(async { Ok(false) })
    }
}

/// Stores nothing: every difference is written, and every call is the first.
pub struct NoHistory;

impl WriteHistory for NoHistory {
    fn written<'a>(&'a self, _: &'a str, _: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>> {
        Box::pin(async { Ok(HashMap::new()) })
    }
}
