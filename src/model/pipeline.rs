//! The stages of each kind of message, in order: one table for each kind of flow.

use super::{Direction, Stage};

/// The stages of one kind of message.
#[derive(Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// From received to done, in order.
    pub stages: &'static [Stage],
    /// The stage after the check: a message that reached it is valid.
    pub checked: Stage,
}

/// A document becomes a plan, which is executed.
pub static MAP: Pipeline =
    Pipeline { stages: &[Stage::Received, Stage::Checked, Stage::Planned, Stage::Applied, Stage::Done], checked: Stage::Checked };

/// Records become a document, which is sent.
pub static RENDER: Pipeline =
    Pipeline { stages: &[Stage::Received, Stage::Planned, Stage::Staged, Stage::Applied, Stage::Done], checked: Stage::Planned };

impl Pipeline {
    /// The pipeline for a direction.
    pub fn of(direction: Direction) -> &'static Self {
        match direction {
            Direction::In => &MAP,
            Direction::Out => &RENDER,
        }
    }

    /// Whether its messages are partners' documents, which a mapping reads; otherwise we make them from records.
    pub fn maps(&self) -> bool {
        *self == MAP
    }

    /// The next stage; `None` after the last, and for a stage that it does not have.
    pub fn behind(&self, stage: Stage) -> Option<Stage> {
        self.stages.windows(2).find(|pair| pair[0] == stage).map(|pair| pair[1])
    }

    /// The stage from which the effect takes place, and from which an external check decides an open intent.
    pub fn effect(&self) -> Stage {
        let before = self.stages.windows(2).find(|pair| pair[1] == Stage::Applied).map(|pair| pair[0]);
        before.unwrap_or(Stage::Received)
    }

    /// Whether a message may go from one stage to another. The journal refuses every other move. So a message cannot skip its check.
    /// It leaves `Done` only by a reprocess, which starts at `Received`, or after a check that it has passed. A message that had its
    /// effect cannot fail.
    pub fn allows(&self, from: Stage, to: Stage) -> bool {
        use Stage::{Applied, Discarded, Done, Failed, Held, Received, Waiting};
        let under_way = |stage: Stage| Stage::UNDER_WAY.contains(&stage);
        match (from, to) {
            // Started again, from the beginning or after its check, which it has passed.
            (Held | Done | Discarded | Failed | Waiting, Received) => true,
            (Held | Done | Discarded | Failed, to) if to == self.checked => true,
            (from, Waiting) if under_way(from) => true,
            // A wait ends where it began: the resumed work repeats its step, which is idempotent.
            (Waiting, to) if under_way(to) => true,
            // Released, it resumes where it was held; so does one that failed while its effect's outcome was unknown.
            (Held | Failed | Discarded, Waiting) => true,
            (Waiting, Failed | Held | Discarded) => true,
            (from, Failed | Held | Discarded) if under_way(from) && from != Applied => true,
            (Held | Failed, Discarded) => true,
            (from, to) => self.stages.windows(2).any(|pair| pair == [from, to]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Pipeline; 2] = [&MAP, &RENDER];

    #[test]
    fn an_unchecked_document_is_never_applied() {
        for pipeline in ALL {
            for (from, to) in [
                (Stage::Received, Stage::Applied),
                (Stage::Received, Stage::Staged),
                (Stage::Failed, Stage::Applied),
                (Stage::Done, Stage::Applied),
            ] {
                assert!(!pipeline.allows(from, to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn what_has_had_its_effect_can_only_wait_or_be_done() {
        for pipeline in ALL {
            let next: Vec<Stage> = Stage::ALL.into_iter().filter(|next| pipeline.allows(Stage::Applied, *next)).collect();
            assert_eq!(next, [Stage::Done, Stage::Waiting]);
        }
    }

    #[test]
    fn each_kind_has_stages_of_its_own() {
        assert_eq!((MAP.effect(), RENDER.effect()), (Stage::Planned, Stage::Staged));
        assert!(MAP.allows(Stage::Received, Stage::Checked) && !RENDER.allows(Stage::Received, Stage::Checked));
        assert!(RENDER.allows(Stage::Planned, Stage::Staged) && !MAP.allows(Stage::Planned, Stage::Staged));
        assert!(!RENDER.allows(Stage::Planned, Stage::Applied) && MAP.allows(Stage::Planned, Stage::Applied));
    }
}
