//! How a plan is carried out, and what it results in.

use serde::Serialize;

use super::write_history::WriteHistory;
use crate::model::{Problem, Problems, catalog::Catalog, intent};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there and differed.
    Updated,
    /// It was there and is as planned.
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

/// A record of Odoo that a plan dealt with.
#[derive(Debug, Clone, Serialize)]
pub struct Touched {
    /// Model.
    pub model: String,
    /// Database id.
    pub id: i64,
    /// Name as Odoo shows it.
    pub name: String,
    /// What became of it.
    pub change: Change,
}

/// Line and column of a part of the document.
pub type Part = (u32, u32);

/// What a plan did.
#[derive(Debug, Default)]
pub struct PlanOutcome {
    /// The records, in the order of the document.
    pub records: Vec<Touched>,
    /// What was left as it is, and why.
    pub notes: Vec<Problem>,
    /// Parts of the document that were refused, where each stands for itself.
    pub refused: Vec<(Part, Problem)>,
}

/// How a plan is carried out.
#[derive(Clone, Copy)]
pub struct ExecuteOptions<'s> {
    /// Names this run of this message; actions leave it in Odoo where they can.
    pub mark: &'s str,
    /// What is remembered of earlier runs.
    pub memory: &'s dyn WriteHistory,
    /// Models and fields.
    pub catalog: &'s Catalog,
    /// What can go in goes in, and the rest is told; otherwise nothing does.
    pub partial: bool,
}

/// Why a plan was not carried out to its end.
#[derive(Debug)]
pub struct Stopped {
    /// What was done until then. It stays, and the next try finds it.
    pub done: PlanOutcome,
    /// What stopped it.
    pub problems: Problems,
    /// How the writing ended, as far as this try knows: nothing where it has not begun to write, or an answer did not come, now or at an
    /// earlier try of this run.
    pub ended: Option<intent::Outcome>,
    /// A call that writes was not answered: Odoo may still be at it.
    pub lost: bool,
}

/// What a record would become.
#[derive(Debug, Clone, Serialize)]
pub struct Foreseen {
    /// Model.
    pub model: String,
    /// Where it stands in the document.
    pub line: Option<u32>,
    /// Id and name in Odoo, where it is there.
    pub known: Option<(i64, String)>,
    /// Fields that would be written.
    pub differs: Vec<Differs>,
    /// Values that people have changed and that would be left.
    pub kept: Vec<String>,
    /// Fields whose lines would change.
    pub lines: Vec<ForeseenLines>,
}

/// What the lines of one field would become; each line by the values of its identity.
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
