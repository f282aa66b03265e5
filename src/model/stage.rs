//! The stages that a message passes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which way a document travels.
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

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Seen but not taken further until someone decides.
    Held,
    /// The original bytes are in the spool, on disk.
    Received,
    /// Inbound only: the document agrees with its schema.
    Checked,
    /// It is known what the target will be told: the plan (in), the rendered document, which agrees with its schema (out).
    Planned,
    /// Outbound only: the whole file lies at the partner's under its temporary name.
    Staged,
    /// The effect is there: records in Odoo (in), the file under its final name (out).
    Applied,
    /// Nothing left to do.
    Done,
    /// A temporary obstacle; tried again later from the stage it had reached.
    Waiting,
    /// Refused for a reason that trying again will not change.
    Failed,
    /// A person has decided that nothing more is done with it.
    Discarded,
}

impl Stage {
    /// Every stage, in the order of a message's way.
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

    /// Stages at which a message is under way.
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

    /// Whether the message needs nothing more from us on its own.
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
