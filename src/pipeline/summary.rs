//! The result of a run, and the listener for its progress.

use serde::Serialize;

use crate::model::{Message, Problem};

/// Receives progress, for progress bars and logs.
pub trait Watcher: Send + Sync {
    /// The number of files that a flow has to process.
    fn found(&self, _flow: &str, _files: usize) {}
    /// A message has come to rest or waits.
    fn settled(&self, _message: &Message) {}
}

/// Ignores progress.
pub struct Silent;

impl Watcher for Silent {}

/// The result of one run of a flow.
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
    pub left_on_remote: usize,
    /// Records that were refused while the rest of their files was written.
    pub refused: usize,
    /// Values that people changed in Odoo and consign preserved.
    pub values_preserved: usize,
    /// Exact duplicates archived.
    pub duplicates: usize,
    /// Files left where they are because they still change.
    pub incomplete: usize,
    /// The flow is paused: nothing new was received.
    pub paused: bool,
    /// Why the flow itself could not work.
    pub problems: Vec<Problem>,
    /// The source could not be reached to settle messages; this run does not try again.
    #[serde(skip)]
    pub(crate) source_is_away: bool,
    /// An acknowledgement failed for a reason that affects every other; this run tries no further one.
    #[serde(skip)]
    pub(crate) answers_stopped: bool,
    /// Odoo may still process a call of an earlier run: messages that would write to it wait.
    #[serde(skip)]
    pub(crate) odoo_is_busy: bool,
    /// Messages that were not carried for this reason; they count as waiting.
    #[serde(skip)]
    pub(crate) not_written: usize,
}
