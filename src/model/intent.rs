//! What we were about to do: written down before an effect, closed by its outcome.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Code, Problem};

/// An effect outside, named so that it can be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A method of Odoo's that leaves no trace by which it could be seen that it was called: the method, its step, and the record.
    Call(String),
    /// A document is handed over to a target that is no drop.
    Deliver {
        /// The name by which it can be looked for there.
        to: String,
        /// Handed over again under that name, it is known there, and nothing happens twice.
        repeatable: bool,
    },
    /// A file gets its final name on a drop, which is its sending.
    Rename {
        /// Its name until then. Journals up to version 5 do not know it; it follows from the flow's configuration.
        from: Option<String>,
        /// Its final path.
        to: String,
        /// The drop it is on, by its name. Journals up to version 5 do not know it.
        place: Option<String>,
    },
    /// Records written to Odoo, whole or one part of a large file, under a mark by which they are found when it is repeated.
    Write(String),
}

impl Effect {
    /// The kind as stored: `call`, `deliver`, `rename`, `write`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Deliver { .. } => "deliver",
            Self::Rename { .. } => "rename",
            Self::Write(_) => "write",
        }
    }

    /// What tells it apart from others of its kind in one run of a message: the call, the final path, the mark.
    pub fn name(&self) -> &str {
        match self {
            Self::Call(name) | Self::Write(name) => name,
            Self::Deliver { to, .. } | Self::Rename { to, .. } => to,
        }
    }

    /// Whether it takes place in Odoo, which may commit it after nobody waits for it any more.
    pub fn is_in_odoo(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Write(_))
    }

    /// Whether it is safe to do it again without knowing whether it happened: what was done is found and not done twice.
    pub fn may_be_repeated(&self) -> bool {
        matches!(self, Self::Write(_) | Self::Deliver { repeatable: true, .. })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(name) => write!(f, "call {name}"),
            Self::Deliver { to, .. } => write!(f, "deliver {to}"),
            Self::Rename { to, .. } => write!(f, "send {to}"),
            Self::Write(mark) => write!(f, "write to Odoo ({mark})"),
        }
    }
}

/// How an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took place.
    Happened,
    /// It did not take place, and will not by itself.
    NotHappened,
    /// Nobody looked: a person discarded its message.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Happened, Self::NotHappened, Self::Unknown];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Happened => "happened",
            Self::NotHappened => "not_happened",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome stored as `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// An effect that a message was about to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Number, by which a person can name it.
    pub id: i64,
    /// The run of the message.
    pub run: u32,
    /// What.
    pub effect: Effect,
    /// When it was about to be done, the last time; of what takes long in Odoo, when it was last seen to be under way.
    pub opened: DateTime<Utc>,
    /// Every call that was made for it in Odoo was answered: nothing of it is under way.
    pub is_answered: bool,
    /// How it ended, and when that was known; open until then.
    pub closed: Option<(Outcome, DateTime<Utc>)>,
}

impl Intent {
    /// How it ended, where it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.closed.map(|(outcome, _)| outcome)
    }

    /// Whether it is not known if the effect took place.
    pub fn is_undecided(&self) -> bool {
        matches!(self.outcome(), None | Some(Outcome::Unknown))
    }

    /// The problem of not knowing, told of the message with this short id.
    pub fn uncertain(&self, message: &str) -> Problem {
        let text = format!("it is not known whether this took place at {}: {}", self.opened.format("%Y-%m-%d %H:%M:%S UTC"), self.effect);
        Problem::new(Code::Uncertain, text).hint(how_to_decide(message))
    }

    /// Whether a document was sent by it, as far as that is known.
    pub fn sent(&self) -> bool {
        matches!(self.effect, Effect::Deliver { .. } | Effect::Rename { .. }) && self.outcome() == Some(Outcome::Happened)
    }

    /// Whether only a look outside, or a person, can tell: it is undecided, and to repeat it could do it twice.
    pub fn needs_a_person(&self) -> bool {
        self.is_undecided() && !self.effect.may_be_repeated()
    }
}

/// What a person does about an effect of which nobody can know.
pub fn how_to_decide(message: &str) -> String {
    format!("look there, then: consign resolve {message} --happened --reason \"…\", or --did-not-happen")
}

impl Serialize for Intent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Intent", 7)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("run", &self.run)?;
        out.serialize_field("kind", self.effect.kind())?;
        out.serialize_field("name", self.effect.name())?;
        out.serialize_field("opened", &self.opened)?;
        out.serialize_field("outcome", &self.outcome())?;
        out.serialize_field("closed", &self.closed.map(|(_, at)| at))?;
        out.end()
    }
}

/// What is known of an effect before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prior {
    /// It did not take place in this run.
    New,
    /// It was about to take place, and it is not known whether it did.
    Open,
    /// It took place.
    Done,
}
