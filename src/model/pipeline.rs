//! The stages that messages of one kind pass, in order: one table for each kind of flow.

use super::{Direction, Stage};

/// The stages of one kind of message.
#[derive(Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// From received to done, each followed by the next.
    pub stages: &'static [Stage],
    /// The stage behind the check: what reached it agrees with its schema.
    pub checked: Stage,
}

/// A document becomes a plan, which is carried out.
pub static MAP: Pipeline =
    Pipeline { stages: &[Stage::Received, Stage::Checked, Stage::Planned, Stage::Applied, Stage::Done], checked: Stage::Checked };

/// Records become a document, which is sent.
pub static RENDER: Pipeline =
    Pipeline { stages: &[Stage::Received, Stage::Planned, Stage::Staged, Stage::Applied, Stage::Done], checked: Stage::Planned };

impl Pipeline {
    /// The pipeline of messages that travel this way.
    pub fn of(direction: Direction) -> &'static Self {
        match direction {
            Direction::In => &MAP,
            Direction::Out => &RENDER,
        }
    }

    /// Whether its messages are documents of others, which a mapping reads; otherwise they are our own, made of records.
    pub fn maps(&self) -> bool {
        *self == MAP
    }

    /// The stage behind this one; none behind the last, and for a stage that it does not have.
    pub fn behind(&self, stage: Stage) -> Option<Stage> {
        self.stages.windows(2).find(|pair| pair[0] == stage).map(|pair| pair[1])
    }

    /// The stage from which the effect takes place, and from which a look outside tells what an open intent has become.
    pub fn effect(&self) -> Stage {
        let before = self.stages.windows(2).find(|pair| pair[1] == Stage::Applied).map(|pair| pair[0]);
        before.unwrap_or(Stage::Received)
    }

    /// Whether a message may go from one stage to another. The journal refuses every other move, so a message can neither skip its
    /// check nor come back from `Done` but by a reprocess, which starts again at `Received`, or behind a check that it has passed. What
    /// has had its effect cannot fail.
    pub fn allows(&self, from: Stage, to: Stage) -> bool {
        use Stage::{Applied, Discarded, Done, Failed, Held, Received, Waiting};
        let under_way = |stage: Stage| Stage::UNDER_WAY.contains(&stage);
        match (from, to) {
            // Begun anew, from the start or behind its check, which it has passed.
            (Held | Done | Discarded | Failed | Waiting, Received) => true,
            (Held | Done | Discarded | Failed, to) if to == self.checked => true,
            (from, Waiting) if under_way(from) => true,
            // A wait ends where it began: the resumed work repeats its step, which is idempotent.
            (Waiting, to) if under_way(to) => true,
            // Released, it goes on from where it was held; so does what failed while it was not known whether its effect took place.
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
