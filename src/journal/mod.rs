//! Floor 2: the journal. Every file ever seen with its verdict, every stage with its time, every attempt with its problems, every
//! effect that was about to take place, every Odoo record touched, every record sent. Embedded SQLite in WAL mode, synchronous writes:
//! what is reported as done is on disk.
//!
//! **Invariants:** a stage changes only through [`Journal::advance`] and its kin, which refuse a step that a message cannot take. One
//! action is one transaction. No transaction is held open across the network. Nothing is read back from the text of an event.

mod alert_queries;
mod alerts;
mod answers;
mod arrivals;
mod audit;
mod documents;
mod failure_groups;
mod given;
mod history;
mod identity;
mod intents;
mod ledger;
mod message;
mod operator_actions;
mod pauses;
mod receive;
mod remote_files;
mod reprocessed;
mod restored;
mod retention;
mod runs;
mod schema;
mod schema_children;
mod schema_effects;
mod schema_odoos;
mod schema_operations;
mod schema_pauses;
mod search;
mod sent;
mod sequence;
mod spans;
mod sql;
mod steps;
mod terms;
mod users;
mod written;

pub use alert_queries::{Gap, Stuck};
pub use alerts::{Alert, Decided, Notice};
pub use answers::{AnswerRow, Answered};
pub use arrivals::Arrival;
pub use audit::{AuditEntry, AuditRow};
pub use documents::Rendered;
pub use failure_groups::FailureGroup;
pub use history::{Attempt, Event, RecordRow};
pub use ledger::{LedgerRow, Novelty};
pub use pauses::Pause;
pub use receive::NewMessage;
pub use remote_files::{ClaimedFile, HeldFile, KnownFiles};
pub use reprocessed::Reprocessed;
pub use restored::Doubt;
pub use runs::FlowRuns;
pub use schema::Before;
pub use search::{DayOfMessages, Filter, StageCount, Wanted};
pub use spans::StepRow;
pub use sql::Journal;
pub use steps::{Until, Written};
pub use terms::{KnownAs, SearchTerm};
pub use users::{User, UserSession};
