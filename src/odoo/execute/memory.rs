//! What is remembered between runs: what we wrote to a record last, so that a person's change is told from ours, and which calls were
//! about to be made, so that none is made twice. The journal keeps it; this room only asks.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::model::{BoxFuture, Problem};

/// What we wrote to a record last: for each field the planned value and, where Odoo made another of it, what it reads as.
pub type Written = Map<String, Json>;

/// Remembers.
pub trait Memory: Send + Sync {
    /// What we last wrote to these records, as far as it is known.
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>>;

    /// Writes down that a call is about to be made; `true` when an earlier try of this run has written the same down and did not
    /// write down its end.
    fn intend<'a>(&'a self, call: &'a str) -> BoxFuture<'a, Result<bool, Problem>>;

    /// Writes down that the call is made and answered.
    fn ended<'a>(&'a self, call: &'a str) -> BoxFuture<'a, Result<(), Problem>>;
}

/// Remembers nothing: every difference is ours to write, and every call the first.
pub struct Forgetful;

impl Memory for Forgetful {
    fn written<'a>(&'a self, _: &'a str, _: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>> {
        Box::pin(async { Ok(HashMap::new()) })
    }

    fn intend<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async { Ok(false) })
    }

    fn ended<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async { Ok(()) })
    }
}
