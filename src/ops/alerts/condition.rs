//! Something that people are alerted of.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Something that is the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCondition {
    /// The same for as long as it lasts: kind and subject.
    pub key: String,
    /// Kind ([`crate::config::alerts::KINDS`]).
    pub kind: &'static str,
    /// Flow, where it is about one.
    pub flow: Option<String>,
    /// What is the matter, in a sentence.
    pub text: String,
    /// What to do.
    pub hint: String,
    /// How many messages, files or numbers it is about.
    pub count: u64,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
}
