//! A message: one document from its source to its target.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Code, Direction, Pipeline, Stage};

/// Identity of a message: a UUIDv7, so that ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(Uuid);

impl MessageId {
    /// A new id stamped with the present time.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The last eight hexadecimal digits: random, so short enough to type and unique in practice. (The first digits of a UUIDv7
    /// are its time and the same for all messages of a minute.)
    pub fn short(&self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - 8..].to_string()
    }
}

impl Default for MessageId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// How a message is done again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReprocessOptions {
    /// Not validated again (in), or the same file sent again (out): it goes on behind its check, which it has passed before.
    pub checked: bool,
    /// In: with the mapping that it was planned with last, not today's.
    pub as_then: bool,
    /// In: even where a younger message has written the same records since.
    pub overwrite: bool,
}

/// One document, as the journal knows it.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Identity.
    pub id: MessageId,
    /// Flow.
    pub flow: String,
    /// Direction.
    pub direction: Direction,
    /// The Odoo that it is with: a name in `[odoos]`, or empty for `[odoo]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub odoo: String,
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
    /// While waiting or held: the stage to go on from.
    #[serde(rename = "resume_stage")]
    pub resume: Option<Stage>,
    /// While waiting: when to go on. One that was held meanwhile goes on no earlier.
    #[serde(rename = "retry_at")]
    pub until: Option<DateTime<Utc>>,
    /// Whether nobody can make that earlier: an effect may still land.
    #[serde(skip)]
    pub firm: bool,
    /// Tries so far.
    pub attempts: u32,
    /// 1, and one more each time it is begun anew: the effect's mark in Odoo.
    pub run: u32,
    /// Where the original bytes lie, relative to the storage folder.
    #[serde(rename = "blob_path")]
    pub stored: String,
    /// Whether the file on the partner's side lies where it belongs.
    #[serde(rename = "acknowledged")]
    pub moved: bool,
    /// Code of the first problem for which it is held, waits or failed.
    pub code: Option<Code>,
    /// Why it is held, waits or failed: the first problem, or a person's words, in a line.
    pub reason: Option<String>,
    /// Outbound: the number it has in its flow's sequence, where the flow numbers its files.
    pub sequence: Option<i64>,
    /// Outbound: when the file was seen to be gone from the drop.
    pub collected: Option<DateTime<Utc>>,
    /// The options of its last reprocess.
    #[serde(skip)]
    pub again: ReprocessOptions,
    /// Digest of the mapping that it was planned with last.
    #[serde(skip)]
    pub mapping: Option<String>,
    /// Whether its document, as it lies in our storage, has passed its check.
    #[serde(skip)]
    pub checked: bool,
    /// Whether it has waited, was held or was begun anew, so that what came later may have overtaken it.
    #[serde(skip)]
    pub rested: bool,
    /// Whether it is a copy of its parent that a person has edited.
    pub edited: bool,
    /// The message that it was made of: the original of an edited copy, the zip of a document.
    pub parent: Option<MessageId>,
    /// It is an answer to the partner: the try of its parent whose outcome it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
    /// Parts of its document that were refused while the rest went in, as long as they are not at the partner's.
    #[serde(skip)]
    pub refused: u32,
    /// When we received it.
    pub received: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
}

impl Message {
    /// The stages that it passes.
    pub fn pipeline(&self) -> &'static Pipeline {
        Pipeline::of(self.direction)
    }

    /// Whether it came in a zip of the partner's, which is its parent.
    pub fn is_part(&self) -> bool {
        self.pipeline().maps() && self.parent.is_some() && !self.edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_id_is_the_random_end() {
        let id = MessageId::new();
        assert!(id.to_string().ends_with(&id.short()));
    }
}
