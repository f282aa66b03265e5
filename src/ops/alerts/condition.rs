//! The condition behind an alert.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A condition that a person should know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCondition {
    /// Kind and subject; the same as long as the condition lasts.
    pub key: String,
    /// Kind ([`crate::config::alerts::KINDS`]).
    pub kind: &'static str,
    /// Flow, if it concerns one.
    pub flow: Option<String>,
    /// The condition, in one sentence.
    pub text: String,
    /// The fix.
    pub hint: String,
    /// Number of messages, files or numbers concerned.
    pub count: u64,
    /// Start of the condition, if known.
    pub since: Option<DateTime<Utc>>,
}
