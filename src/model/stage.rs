//! The stages of a message.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The direction of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a partner into Odoo.
    In,
    /// From Odoo to a partner.
    Out,
}

impl Direction {
    /// `in` or `out`, as written in flows and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Received, but not processed until someone decides.
    Held,
    /// The original bytes are stored on disk.
    Received,
    /// Inbound only: the document is valid.
    Checked,
    /// What the target will get is known: the plan (in), the rendered and valid document (out).
    Planned,
    /// Outbound only: the whole file is on the drop under its temporary name.
    Staged,
    /// The effect took place: records in Odoo (in), the file under its final name (out).
    Applied,
    /// Nothing left to do.
    Done,
    /// A temporary problem; retried later from the stage that it had reached.
    Waiting,
    /// Refused for a reason that a retry does not change.
    Failed,
    /// A person decided that it is not processed any further.
    Discarded,
}

impl Stage {
    /// Every stage, in processing order.
    pub const ALL: [Self; 10] = [
        Self::Held,
        Self::Received,
        Self::Checked,
        Self::Planned,
        Self::Staged,
        Self::Applied,
        Self::Done,
        Self::Waiting,
        Self::Failed,
        Self::Discarded,
    ];

    /// Stages in which a message is being processed.
    pub const UNDER_WAY: [Self; 5] = [Self::Received, Self::Checked, Self::Planned, Self::Staged, Self::Applied];

    /// The stage as stored and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Received => "received",
            Self::Checked => "checked",
            Self::Planned => "planned",
            Self::Staged => "staged",
            Self::Applied => "applied",
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// The stage named by `text`, as [`Stage::as_str`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// Whether consign does nothing more with the message automatically.
    pub fn is_at_rest(self) -> bool {
        matches!(self, Self::Held | Self::Done | Self::Failed | Self::Discarded)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_survives_its_text() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
    }
}
