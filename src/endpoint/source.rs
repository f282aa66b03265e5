//! The interface of a source of messages.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::{History, Site};
use crate::{
    config::{Flow, SourceKind},
    journal::{NewMessage, RecordRow},
    model::{BoxFuture, Message, MessageId, Problem},
    storage::{RefusedParts, Unclaimed},
};

/// An item at its source, of which a message is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemOrigin {
    /// Its key at the source: a path, an id.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// Size in bytes, if the source knows it.
    pub size: u64,
    /// When it was last changed, if the source knows it. With the size this is the fingerprint that detects another item under the same
    /// key.
    pub modified: Option<DateTime<Utc>>,
    /// The records that the message sends, as `model,id`.
    pub claims: Vec<String>,
    /// The wait for it is over: it is received as it is, complete or not.
    pub as_it_is: bool,
}

/// The state of an item at a source.
#[derive(Debug, Clone)]
pub enum Readiness {
    /// It is complete and can be received.
    Ready,
    /// It is left where it is: the reason, and since when.
    Held(Problem, DateTime<Utc>),
    /// A message was made of it and is not settled yet: the message's id.
    Taken(String),
    /// It is still being written, according to its name.
    Temporary,
    /// The flow does not want it.
    Foreign,
}

/// An item at a source with its state.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The item.
    pub origin: ItemOrigin,
    /// Its state.
    pub readiness: Readiness,
}

/// The result of a poll.
#[derive(Debug, Default)]
pub struct Polled {
    /// Everything that is there, in the order in which to receive it.
    pub candidates: Vec<Candidate>,
    /// Messages that have nothing left to settle: another item has replaced theirs under the same key.
    pub replaced: Vec<MessageId>,
    /// Messages that the source does not yet know are safe.
    pub unaccepted: Vec<MessageId>,
    /// Problems to report for the flow.
    pub findings: Vec<Problem>,
    /// Some items only need time: poll again after this duration.
    pub again_in: Option<Duration>,
    /// The cursor to store once everything ready is received.
    pub cursor: Option<String>,
}

/// A fetched item.
#[derive(Debug)]
pub struct Fetched {
    /// The item at its source.
    pub origin: ItemOrigin,
    /// The message that it becomes. Its bytes, if it has any, are in the spool.
    pub message: NewMessage,
    /// The records that it is made of, if the source gives records.
    pub records: Vec<Json>,
    /// Its bytes in the spool, which are removed unless the message is recorded.
    pub unclaimed: Option<Unclaimed>,
    /// It is truncated: no message is made of it, and it is held at its source.
    pub incomplete: Option<Problem>,
}

/// The outcome of a message.
#[derive(Debug)]
pub enum Settlement {
    /// Its effect is complete.
    Done,
    /// Its effect is complete except for these parts, which the source receives. The source also gets the outcome "done".
    Partly(RefusedParts),
    /// It was refused.
    Failed(Vec<Problem>),
    /// A person has discarded it.
    Discarded,
    /// It is a duplicate of a message.
    Duplicate(MessageId),
}

/// A message at rest, to settle at its source.
#[derive(Debug)]
pub struct Resting<'m> {
    /// The message.
    pub message: &'m Message,
    /// Its outcome.
    pub outcome: Settlement,
}

/// The result of settling one message: the records at the source that it changed.
pub type Settled = Result<Vec<RecordRow>, Problem>;

/// Where messages come from.
pub trait Source: Send + Sync {
    /// What only one process at a time may poll; `None` if many may.
    fn lease(&self) -> Option<String>;

    /// Whether items may stay at the source until the target is available again. Then nothing is received while it is down, and items are
    /// received one by one.
    fn can_wait(&self) -> bool {
        false
    }

    /// Whether an effect of settling may still take place after nobody waits for its answer any more. It is then repeated only after that
    /// time, and a stop waits for it as for an effect.
    fn settles_late(&self) -> bool {
        false
    }

    /// Lists what is there. Receives nothing.
    ///
    /// # Errors
    /// The source cannot be asked.
    fn poll<'a>(&'a self, known: &'a History) -> BoxFuture<'a, Result<Polled, Problem>>;

    /// Fetches a batch, in its order; leaves out items that are gone. An item that cannot be fetched does not affect the others.
    ///
    /// # Errors
    /// Why the whole batch cannot be fetched.
    fn fetch<'a>(&'a self, batch: Vec<ItemOrigin>) -> BoxFuture<'a, Result<Vec<Result<Fetched, Problem>>, Problem>>;

    /// Acknowledges that messages are safe: on disk and in the journal. A repetition after a crash does no harm.
    ///
    /// # Errors
    /// The source cannot be reached; the message continues all the same.
    fn accept<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), Problem>>;

    /// Settles messages: receives their outcomes, until it succeeds. A later outcome replaces an earlier one. Returns for each, in their
    /// order, the records at the source that it changed.
    ///
    /// # Errors
    /// Why none of them can be settled.
    fn settle<'a>(&'a self, resting: &'a [Resting<'a>]) -> BoxFuture<'a, Result<Vec<Settled>, Problem>>;

    /// The problem for ops: this message, and so many others, could not be settled.
    fn unsettled(&self, message: &Message, cause: Problem, others: usize) -> Problem;

    /// Reads the records of a message again, as they are now.
    ///
    /// # Errors
    /// They cannot be read, or are gone.
    fn read_again<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Vec<Json>, Problem>> {
        let _ = message;
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A kind of source, and how it is opened.
pub struct SourceEntry {
    /// Its name in flows, and its settings there.
    pub kind: SourceKind,
    /// Opens the source of a flow, without a connection yet. `None` if the flow's source is of another kind.
    pub open: for<'f> fn(&'f Site, &'f Flow) -> Option<Box<dyn Source + 'f>>,
}
