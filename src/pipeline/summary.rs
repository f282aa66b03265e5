//! What a run of a flow did, and who hears how it goes.

use serde::Serialize;

use crate::model::{Message, Problem};

/// Hears how work goes on, for progress bars and logs.
pub trait Watcher: Send + Sync {
    /// So many files lie before a flow.
    fn found(&self, _flow: &str, _files: usize) {}
    /// A message has come to rest or waits.
    fn settled(&self, _message: &Message) {}
}

/// Hears nothing.
pub struct Silent;

impl Watcher for Silent {}

/// What one run of a flow did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Flow.
    pub flow: String,
    /// Messages whose effect is complete.
    pub done: usize,
    /// Messages refused.
    pub failed: usize,
    /// Messages that wait for something temporary.
    pub waiting: usize,
    /// Messages held for a person.
    pub held: usize,
    /// Files that are left on the drop for a person, those reported before included.
    pub left: usize,
    /// Records that were refused while the rest of their files went in.
    pub refused: usize,
    /// Values left as people have changed them in Odoo.
    pub kept: usize,
    /// Exact duplicates archived.
    pub duplicates: usize,
    /// Files left where they are because they still change.
    pub changing: usize,
    /// What kept the flow itself from working.
    pub problems: Vec<Problem>,
    /// The source could not be reached to hear what became of messages; it is not asked any more in this run.
    #[serde(skip)]
    pub(crate) source_is_away: bool,
    /// An answer to a partner could not be given for a reason that every other would meet; no further one is tried in this run.
    #[serde(skip)]
    pub(crate) answers_stopped: bool,
    /// Odoo may still process a call of an earlier run: messages that would write to it wait.
    #[serde(skip)]
    pub(crate) odoo_is_busy: bool,
    /// Messages that were not carried on for it; they count as waiting.
    #[serde(skip)]
    pub(crate) not_written: usize,
}
