//! What a source of messages must be able to do.

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

/// What a message is at its source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemOrigin {
    /// What tells it apart at its source: a path, an id.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// Bytes, as far as the source tells.
    pub size: u64,
    /// When it was changed last, as far as the source tells. With its size, the fingerprint by which another under the same key is seen.
    pub modified: Option<DateTime<Utc>>,
    /// Records whose sending the message is, as `model,id`.
    pub claims: Vec<String>,
    /// It has been waited for long enough and is taken as it is, whole or not.
    pub as_it_is: bool,
}

/// What may be done with something at a source.
#[derive(Debug, Clone)]
pub enum Readiness {
    /// It is complete and may be taken.
    Ready,
    /// It is left where it is, and why; since when it has been so.
    Held(Problem, DateTime<Utc>),
    /// A message was made of it and has not let go of it yet: the message's id.
    Taken(String),
    /// It is still being written, as its name says.
    Temporary,
    /// The flow does not want it.
    Foreign,
}

/// Something at a source, judged.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What it is.
    pub origin: ItemOrigin,
    /// What may be done with it.
    pub readiness: Readiness,
}

/// What a look at a source has shown.
#[derive(Debug, Default)]
pub struct Polled {
    /// Everything that is there, in the order in which to receive it.
    pub candidates: Vec<Candidate>,
    /// Messages that have nothing left to settle: something else lies under the key of theirs.
    pub replaced: Vec<MessageId>,
    /// Messages that the source does not know to be safe with us yet.
    pub unaccepted: Vec<MessageId>,
    /// Problems to report for the flow.
    pub findings: Vec<Problem>,
    /// Some of it needs only time: it is worth another look after so long.
    pub again_in: Option<Duration>,
    /// How far the source was looked through, once all that is ready is taken.
    pub cursor: Option<String>,
}

/// What was fetched of an origin.
#[derive(Debug)]
pub struct Fetched {
    /// The origin.
    pub origin: ItemOrigin,
    /// The message that it is to become. Its bytes, where it has any, are in the spool.
    pub message: NewMessage,
    /// The records that it is made of, where the source gives records.
    pub records: Vec<Json>,
    /// Its bytes in the spool, which go again unless the message is written down.
    pub unclaimed: Option<Unclaimed>,
    /// It ends before it is complete: no message is made of it, and it is held at its source.
    pub incomplete: Option<Problem>,
}

/// What became of a message.
#[derive(Debug)]
pub enum Settlement {
    /// Its effect is complete.
    Done,
    /// Its effect is complete but for these parts, which the source is given. Heard besides that it is done.
    Partly(RefusedParts),
    /// It was refused.
    Failed(Vec<Problem>),
    /// A person has decided that nothing more is done with it.
    Discarded,
    /// It repeats a message and became none of its own.
    Duplicate(MessageId),
}

/// A message at rest, whose source is to hear of it.
#[derive(Debug)]
pub struct Resting<'m> {
    /// The message.
    pub message: &'m Message,
    /// What became of it.
    pub outcome: Settlement,
}

/// What came of telling a source about one message: the records at the source that were changed by it.
pub type Settled = Result<Vec<RecordRow>, Problem>;

/// Where messages come from.
pub trait Source: Send + Sync {
    /// What only one process at a time may look at; none where many may.
    fn lease(&self) -> Option<String>;

    /// Whether items may stay at the source until the target is back. Then nothing is taken while it is away, and items are received one
    /// by one.
    fn can_wait(&self) -> bool {
        false
    }

    /// Whether what settling does may still take place after nobody waits for its answer any more. It is then repeated only once that is
    /// over, and a stop waits for it as for an effect.
    fn settles_late(&self) -> bool {
        false
    }

    /// Looks what is there. Takes nothing.
    ///
    /// # Errors
    /// The source cannot be asked.
    fn poll<'a>(&'a self, known: &'a History) -> BoxFuture<'a, Result<Polled, Problem>>;

    /// Fetches a batch, in its order; what is no longer there is left out. One that cannot be fetched keeps no other.
    ///
    /// # Errors
    /// What keeps all of the batch from being fetched.
    fn fetch<'a>(&'a self, batch: Vec<ItemOrigin>) -> BoxFuture<'a, Result<Vec<Result<Fetched, Problem>>, Problem>>;

    /// Hears that messages are safe with us: on disk and in the journal. Heard again after a crash, it does no harm.
    ///
    /// # Errors
    /// The source cannot be reached; the message continues all the same.
    fn accept<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), Problem>>;

    /// Hears what became of messages, until it succeeds; a later outcome replaces an earlier one. Gives for each, in their order, the
    /// records at the source that were changed by it.
    ///
    /// # Errors
    /// What keeps all of them from being settled.
    fn settle<'a>(&'a self, resting: &'a [Resting<'a>]) -> BoxFuture<'a, Result<Vec<Settled>, Problem>>;

    /// The problem for ops: this message, and so many others, could not be settled.
    fn unsettled(&self, message: &Message, cause: Problem, others: usize) -> Problem;

    /// Reads the records of a message again, as they are now.
    ///
    /// # Errors
    /// They cannot be read, or are not there any more.
    fn read_again<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Vec<Json>, Problem>> {
        let _ = message;
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A kind of source, and how it is opened.
pub struct SourceEntry {
    /// How flows name it, and what they say of it.
    pub kind: SourceKind,
    /// Opens the source of a flow; asks nobody yet. `None` where the flow's source is of another kind.
    pub open: for<'f> fn(&'f Site, &'f Flow) -> Option<Box<dyn Source + 'f>>,
}
