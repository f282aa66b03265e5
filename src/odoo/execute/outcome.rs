//! The settings for executing a plan, and its result.

use serde::Serialize;

use super::write_history::WriteHistory;
use crate::model::{Problem, Problems, catalog::Catalog, intent};

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It did not exist.
    Created,
    /// It existed and differed.
    Updated,
    /// It existed and is as planned.
    Unchanged,
}

impl Change {
    /// The word stored in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// An Odoo record of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Touched {
    /// Model.
    pub model: String,
    /// Database id.
    pub id: i64,
    /// Name as Odoo shows it.
    pub name: String,
    /// What happened to it.
    pub change: Change,
}

/// Line and column of a part of the document.
pub type Part = (u32, u32);

/// What a plan did.
#[derive(Debug, Default)]
pub struct PlanOutcome {
    /// The records, in the order of the document.
    pub records: Vec<Touched>,
    /// Values that were left unchanged, and why.
    pub notes: Vec<Problem>,
    /// Parts of the document that were refused, with `allow_partial`.
    pub refused: Vec<(Part, Problem)>,
}

/// How a plan is executed.
#[derive(Clone, Copy)]
pub struct ExecuteOptions<'s> {
    /// Identifies this run of this message; actions leave it in Odoo if they can.
    pub mark: &'s str,
    /// The write history of earlier runs.
    pub memory: &'s dyn WriteHistory,
    /// Models and fields.
    pub catalog: &'s Catalog,
    /// Writes what can be written and reports the rest; otherwise all or nothing.
    pub partial: bool,
}

/// Why a plan was not completed.
#[derive(Debug)]
pub struct Stopped {
    /// What was done before. It stays, and the next try finds it.
    pub done: PlanOutcome,
    /// What stopped it.
    pub problems: Problems,
    /// How the writing ended, as far as this try knows: none if it has not begun to write, or an answer is missing, now or in an earlier
    /// try of this run.
    pub ended: Option<intent::Outcome>,
    /// A writing call was not answered: Odoo may still be working on it.
    pub lost: bool,
}

/// What a record would become.
#[derive(Debug, Clone, Serialize)]
pub struct Foreseen {
    /// Model.
    pub model: String,
    /// Its position in the document.
    pub line: Option<u32>,
    /// Id and name in Odoo, if it exists.
    pub known: Option<(i64, String)>,
    /// Fields that would be written.
    pub differs: Vec<Differs>,
    /// Values that people have changed and that would stay.
    pub kept: Vec<String>,
    /// Fields whose lines would change.
    pub lines: Vec<ForeseenLines>,
}

/// The changes to the lines of one field; each line by the values of its identity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ForeseenLines {
    /// The field.
    pub field: String,
    /// Lines that would be added.
    pub new: Vec<String>,
    /// Lines that would be changed, with their fields that would be written.
    pub changed: Vec<(String, Vec<Differs>)>,
    /// Lines that would be removed or archived.
    pub gone: Vec<String>,
}

/// A field that would be written.
#[derive(Debug, Clone, Serialize)]
pub struct Differs {
    /// The field.
    pub field: String,
    /// What Odoo has.
    pub has: serde_json::Value,
    /// What would be written.
    pub planned: serde_json::Value,
}
