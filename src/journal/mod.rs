//! Floor 1: the journal. Every file ever seen with its verdict, every stage with its time, every attempt with its problems, every
//! Odoo record touched, every record sent. Embedded SQLite in WAL mode, synchronous writes: what is told as done is on disk.
//!
//! **Invariant:** a stage moves only through [`Journal::advance`] and its kin, which refuse a step that a message cannot take. No
//! transaction is held open across the network.

mod alerts;
mod answers;
mod audit;
mod drops;
mod query;
mod restored;
mod retention;
mod runs;
mod schema;
mod schema_ops;
mod search;
mod sent;
mod sequence;
mod spans;
mod steps;
mod terms;
mod troubles;
mod users;
mod watched;
mod write;
mod written;

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::model::{Again, Code, Direction, MessageId, Problem, Stage};

pub use alerts::{Alert, Decided, Notice};
pub use answers::{AnswerRow, Answered};
pub use audit::{Deed, DeedRow};
pub use drops::{Here, Hold, Known};
pub use query::{Attempt, Event, LedgerRow, RecordRow, Tally};
pub use runs::Run;
pub use search::{Day, Filter, Wanted};
pub use spans::StepRow;
pub use terms::Term;
pub use troubles::Trouble;
pub use users::{Session, User};
pub use watched::{Gap, Staying};
pub use write::{NewMessage, Rendered, Verdict};

/// A message as the journal knows it.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Identity.
    pub id: MessageId,
    /// Flow.
    pub flow: String,
    /// Direction.
    pub direction: Direction,
    /// File name.
    pub name: String,
    /// Path on the partner's drop; where it was found (in), where it goes (out).
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time the drop told for the file.
    pub modified: Option<DateTime<Utc>>,
    /// SHA-256 of the original bytes, hexadecimal.
    pub sha256: String,
    /// Stage.
    pub stage: Stage,
    /// While waiting: the stage to go on from.
    pub resume: Option<Stage>,
    /// While waiting: when to go on.
    pub until: Option<DateTime<Utc>>,
    /// Tries so far.
    pub attempts: u32,
    /// 1, and one more with each reprocess: the effect's mark in Odoo.
    pub run: u32,
    /// Where the original bytes lie, relative to the storage folder.
    pub stored: String,
    /// Whether the file on the partner's side lies where it belongs.
    pub moved: bool,
    /// Why it is held, waits or failed: the first problem, in a line.
    pub reason: Option<String>,
    /// Outbound: the number it has in its flow's sequence, where the flow numbers its files.
    pub sequence: Option<i64>,
    /// Outbound: when the file was seen to be gone from the drop.
    pub collected: Option<DateTime<Utc>>,
    /// How it is done again, where it is.
    #[serde(skip)]
    pub again: Again,
    /// Digest of the mapping that it was planned with last.
    #[serde(skip)]
    pub mapping: Option<String>,
    /// Whether it is a copy of its parent that a person has edited.
    pub edited: bool,
    /// The message that it was made of: the original of an edited copy, the zip of a document.
    pub parent: Option<MessageId>,
    /// When we received it.
    pub received: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
}

impl Message {
    /// Whether it came in a zip of the partner's, which is its parent.
    pub fn is_part(&self) -> bool {
        self.direction == Direction::In && self.parent.is_some() && !self.edited
    }
}

/// The journal of one workspace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    pool: SqlitePool,
}

impl Journal {
    /// Opens the journal at `path`, made where it is missing.
    ///
    /// # Errors
    /// The file cannot be opened or is not a journal.
    pub async fn open(path: &Path) -> Result<Self, Problem> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(20))
            .foreign_keys(true)
            // 32 MiB: what a page of the web page reads of a journal of a million messages stays at hand.
            .pragma("cache_size", "-32768")
            // What is asked of the journal is nobody's news.
            .disable_statement_logging();
        // One connection: SQLite has one writer anyway, and so a transaction never meets another of our own.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(|error| problem(&error))?;
        let journal = Self { pool };
        journal.migrate().await?;
        Ok(journal)
    }

    /// Ends all work on the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// SQLite's errors in our words; the one place of this room that does it.
fn problem(error: &sqlx::Error) -> Problem {
    let (code, message) = match error {
        sqlx::Error::Database(inner) if inner.message().contains("full") => (Code::DiskFull, "the journal's disk is full".to_string()),
        sqlx::Error::Database(inner) => (Code::Journal, format!("the journal refuses: {}", inner.message())),
        sqlx::Error::Io(inner) => (Code::Journal, format!("the journal's file: {}", inner.kind())),
        _ => (Code::Journal, "the journal cannot be used".to_string()),
    };
    Problem::new(code, message).hint("look at the disk and the rights of the storage folder; nothing goes on without the journal")
}

fn one_line(problems: &[Problem]) -> Option<String> {
    let first = problems.first()?;
    let more = problems.len() - 1;
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Some(format!("{}: {}{rest}", first.code.info().code, first.message))
}
