//! The stages that a message passes, and which may follow which.

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

    /// Whether `self` may be followed by `next`. The journal refuses every other move, so a message can neither skip its check nor come
    /// back from `Done` but by a reprocess, which starts again at `Received`, or behind a check that it has passed. What has had its
    /// effect cannot fail.
    pub fn may_become(self, next: Self, direction: Direction) -> bool {
        use Stage::{Applied, Checked, Discarded, Done, Failed, Held, Planned, Received, Staged, Waiting};
        match (self, next) {
            (Held | Done | Discarded | Failed | Waiting, Received) => true,
            // Begun anew behind its check, which it has passed.
            (Held | Done | Discarded | Failed, next) if next == Self::checked(direction) => true,
            (Received | Checked | Planned | Staged | Applied, Waiting) => true,
            // A wait ends where it began: the resumed work repeats its step, which is idempotent.
            (Waiting, Checked | Planned | Staged | Applied) => true,
            // Released, it goes on from where it was held; so does what failed while it was not known whether its effect took place.
            (Held | Failed | Discarded, Waiting) => true,
            (Received | Checked | Planned | Staged | Waiting, Failed | Held | Discarded) => true,
            (Held | Failed, Discarded) => true,
            (Applied, Done) => true,
            (Received, Checked) | (Checked, Planned) | (Planned, Applied) => direction == Direction::In,
            (Received, Planned) | (Planned, Staged) | (Staged, Applied) => direction == Direction::Out,
            _ => false,
        }
    }

    /// The stage behind the check: what reached it agrees with its schema.
    pub fn checked(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::Checked,
            Direction::Out => Self::Planned,
        }
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

    #[test]
    fn an_unchecked_document_is_never_applied() {
        for direction in [Direction::In, Direction::Out] {
            assert!(!Stage::Received.may_become(Stage::Applied, direction));
            assert!(!Stage::Received.may_become(Stage::Staged, direction));
            assert!(!Stage::Failed.may_become(Stage::Applied, direction));
            assert!(!Stage::Done.may_become(Stage::Applied, direction));
        }
    }

    #[test]
    fn what_has_had_its_effect_can_only_wait_or_be_done() {
        for direction in [Direction::In, Direction::Out] {
            let next: Vec<Stage> = Stage::ALL.into_iter().filter(|next| Stage::Applied.may_become(*next, direction)).collect();
            assert_eq!(next, [Stage::Done, Stage::Waiting]);
        }
    }
}
