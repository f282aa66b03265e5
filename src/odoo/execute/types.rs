//! Types for the execution of a step of a plan.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::outcome::{ExecuteOptions, ForeseenLines, Touched};
use crate::{
    model::{Problem, plan::RecordStep},
    odoo::{Odoo, resolve::Resolved},
};

/// A chunk that is being executed.
pub(super) struct Work<'p> {
    pub(super) odoo: &'p Odoo,
    pub(super) step: &'p RecordStep,
    pub(super) setup: ExecuteOptions<'p>,
    pub(super) resolved: &'p Resolved,
    pub(super) mark: String,
    /// An earlier try of this run has begun to write.
    pub(super) begun: bool,
}

/// The result of a chunk: records by their index in the step.
#[derive(Default)]
pub(super) struct Done {
    pub(super) records: Vec<(usize, Touched)>,
    pub(super) notes: Vec<Problem>,
    pub(super) refused: Vec<(usize, Problem)>,
    /// Whether existing records were written.
    pub(super) wrote: bool,
    /// History that stays as it was, by id: values that a person has changed since.
    pub(super) kept: HashMap<i64, Vec<Kept>>,
}

/// Records that Odoo has, by identity, and those of the plan that match several.
#[derive(Default)]
pub(super) struct Existing {
    pub(super) records: HashMap<String, Current>,
    pub(super) doubled: Vec<(usize, Problem)>,
}

/// An Odoo record as it was read.
pub(super) type Current = Map<String, Json>;

/// A history entry that stays as it was, with the names that lead to it.
pub(super) type Kept = (Vec<String>, Json);

/// Changes to existing records, by id.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) values: HashMap<i64, Map<String, Json>>,
    pub(super) lines: HashMap<i64, Vec<LineChanges>>,
    pub(super) notes: Vec<Problem>,
    pub(super) kept: HashMap<i64, Vec<Kept>>,
    /// Records that cannot be changed as planned.
    pub(super) refused: Vec<(i64, Problem)>,
}

/// Changes to the lines of one field of one record.
pub(super) struct LineChanges {
    pub(super) field: String,
    pub(super) model: String,
    /// The lines' field that refers to the record.
    pub(super) inverse: Option<String>,
    pub(super) add: Vec<Json>,
    pub(super) change: Vec<(i64, Map<String, Json>)>,
    pub(super) gone: Vec<i64>,
    pub(super) archive: bool,
    /// The same, for people.
    pub(super) foreseen: ForeseenLines,
}
