//! What is remembered between runs: what we wrote to a record last, so that a person's change is told from ours, and which calls were
//! about to be made, so that none is made twice. The journal keeps it; this room only asks.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::model::{BoxFuture, Effect, Outcome, Problem, intent::Prior};

/// What we wrote to a record last: for each field the planned value and, where Odoo made another of it, what it reads as. The entry
/// [`UNSURE`] names the fields of which it is not known what they read as.
pub type Written = Map<String, Json>;

/// The entry for fields whose writing has begun and whose new value was not read back: of these nobody knows who changed them.
pub const UNSURE: &str = "~";

/// Remembers. What only looks keeps nothing, which is what a method does that is not given.
pub trait WriteHistory: Send + Sync {
    /// What we last wrote to these records, as far as it is known.
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>>;

    /// Writes down what was written to records; fields that are not named stay as they were, and a null forgets one.
    fn remember<'a>(&'a self, model: &'a str, records: &'a [(i64, Written)]) -> BoxFuture<'a, Result<(), Problem>> {
        let _ = (model, records);
        Box::pin(async { Ok(()) })
    }

    /// Writes down that effects are about to take place, all or, where one of them is not new in this run, none; gives what was known
    /// of each before.
    fn intend<'a>(&'a self, effects: &'a [Effect]) -> BoxFuture<'a, Result<Vec<Prior>, Problem>> {
        Box::pin(async { Ok(vec![Prior::New; effects.len()]) })
    }

    /// Writes down how effects ended.
    fn conclude<'a>(&'a self, effects: &'a [Effect], outcome: Outcome) -> BoxFuture<'a, Result<(), Problem>> {
        let _ = (effects, outcome);
        Box::pin(async { Ok(()) })
    }

    /// Whether an earlier try of this run has begun to write, perhaps.
    fn has_begun<'a>(&'a self, write: &'a Effect) -> BoxFuture<'a, Result<bool, Problem>> {
        let _ = write;
        Box::pin(async { Ok(false) })
    }
}

/// Remembers nothing: every difference is ours to write, and every call the first.
pub struct NoHistory;

impl WriteHistory for NoHistory {
    fn written<'a>(&'a self, _: &'a str, _: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>> {
        Box::pin(async { Ok(HashMap::new()) })
    }
}
