//! Intents: written down before an effect, closed by its outcome.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Code, Problem};

/// An external effect, with what is needed to find it later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// An Odoo method that leaves no trace of its call: the method, its step, and the record.
    Call(String),
    /// A document is delivered to a target that is not a drop.
    Deliver {
        /// The name to look for there.
        to: String,
        /// If it is delivered again under that name, the target recognises it, and nothing happens twice.
        repeatable: bool,
    },
    /// A file gets its final name on a drop; this sends it.
    Rename {
        /// Its temporary name. Journals up to version 5 do not have it; it follows from the flow's configuration.
        from: Option<String>,
        /// Its final path.
        to: String,
        /// The name of its drop. Journals up to version 5 do not have it.
        place: Option<String>,
    },
    /// Records written to Odoo, all of them or one part of a large file, with a mark that finds them on a retry.
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

    /// What distinguishes it from others of its kind in one run of a message: the call, the final path, the mark.
    pub fn name(&self) -> &str {
        match self {
            Self::Call(name) | Self::Write(name) => name,
            Self::Deliver { to, .. } | Self::Rename { to, .. } => to,
        }
    }

    /// Whether it takes place in Odoo, which may commit it after we stop waiting.
    pub fn is_in_odoo(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Write(_))
    }

    /// Whether a repeat is safe without knowing the outcome: the effect is found and not repeated.
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
    /// It did not take place, and will not later.
    NotHappened,
    /// Nobody checked: a person discarded its message.
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

/// An intended effect of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its number, by which people refer to it.
    pub id: i64,
    /// The run of the message.
    pub run: u32,
    /// The effect.
    pub effect: Effect,
    /// When it was last about to happen. For a long call to Odoo: when it was last seen running.
    pub opened: DateTime<Utc>,
    /// Odoo answered every call that was made for it: none is still running.
    pub is_answered: bool,
    /// The outcome, and when it was known; `None` while open.
    pub closed: Option<(Outcome, DateTime<Utc>)>,
}

impl Intent {
    /// The outcome, if known.
    pub fn outcome(&self) -> Option<Outcome> {
        self.closed.map(|(outcome, _)| outcome)
    }

    /// Whether the outcome is unknown.
    pub fn is_undecided(&self) -> bool {
        matches!(self.outcome(), None | Some(Outcome::Unknown))
    }

    /// The problem of an unknown outcome, for the message with this short id.
    pub fn uncertain(&self, message: &str) -> Problem {
        let text = format!("it is not known whether this took place at {}: {}", self.opened.format("%Y-%m-%d %H:%M:%S UTC"), self.effect);
        Problem::new(Code::Uncertain, text).hint(how_to_decide(message))
    }

    /// Whether it sent a document, as far as that is known.
    pub fn sent(&self) -> bool {
        matches!(self.effect, Effect::Deliver { .. } | Effect::Rename { .. }) && self.outcome() == Some(Outcome::Happened)
    }

    /// Whether only an external check or a person can decide: the outcome is unknown, and a repeat could do it twice.
    pub fn needs_a_person(&self) -> bool {
        self.is_undecided() && !self.effect.may_be_repeated()
    }
}

/// What a person does about an effect with an unknown outcome.
pub fn how_to_decide(message: &str) -> String {
    format!("check there, then: consign resolve {message} --happened --reason \"…\", or --did-not-happen")
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

/// What is known about an effect before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prior {
    /// It did not take place in this run.
    New,
    /// It was about to take place, and the outcome is unknown.
    Open,
    /// It took place.
    Done,
}
