//! Floor 0: the plain types that every other module uses.
//!
//! **Invariant:** nothing here does I/O, reads a clock or knows a protocol. A message is a document between source and target. Only
//! `transport` and `endpoint` know that it may be a file on an SFTP drop.

pub mod answer;
pub mod blank;
pub mod catalog;
pub mod clock;
pub mod codes;
pub mod document;
pub mod events;
pub mod fingerprint;
pub mod foreign;
pub mod future;
pub mod i18n;
pub mod intent;
pub mod lasting;
pub mod location;
pub mod mark;
pub mod message;
pub mod moment;
pub mod names;
pub mod nearest;
pub mod number;
pub mod pattern;
pub mod pipeline;
pub mod plan;
pub mod plan_diff;
pub mod problem;
pub mod problem_cap;
pub mod problems;
pub mod renamed_keys;
pub mod shape;
pub mod sink;
pub mod stage;
pub mod toml_reader;
pub mod value_kind;

pub use clock::{Clock, ClockAhead, ManualClock, SystemClock};
pub use codes::Code;
pub use document::{Document, Name, NameKey, NodeId};
pub use events::{Events, Start};
pub use future::BoxFuture;
pub use intent::{Effect, Intent, Outcome};
pub use location::{DeferredLocation, ElementStack};
pub use mark::Mark;
pub use message::{Message, MessageId, ReprocessOptions};
pub use pipeline::Pipeline;
pub use plan::Plan;
pub use problem::{Place, Problem};
pub use problems::Problems;
pub use sink::Sink;
pub use stage::{Direction, Stage};
