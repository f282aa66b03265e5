//! What can happen, and in which order: made at random.

use chrono::TimeDelta;
use consign::{
    endpoint::kinds::memory_target::{HandOver, Tells},
    failpoints::Happens,
};
use proptest::{collection::vec, option, prelude::*};

/// What a person does to a message.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    Hold,
    Release,
    Reprocess,
    Discard,
    /// Looks at the target and says what is there.
    Resolve,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// A document arrives, or replaces the one that lies there.
    Arrives { key: u8, content: u8 },
    /// Consign runs; at the so-manieth point that it passes, something happens.
    Runs { fault: Option<(u16, Happens)>, is_eager: bool },
    /// Time goes by.
    Passes { seconds: i64 },
    /// A person acts.
    Person { verb: Verb, which: u8 },
    /// The target will answer so.
    Answers(Vec<HandOver>),
}

/// A story.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the target tells of what it did.
    pub tells: Tells,
    /// What happens, one after the other.
    pub steps: Vec<Step>,
}

fn answers() -> impl Strategy<Value = HandOver> {
    prop_oneof![
        3 => Just(HandOver::Taken),
        1 => Just(HandOver::Refused),
        1 => Just(HandOver::Lost(None)),
        2 => (0i64..=149).prop_map(|after| HandOver::Lost(Some(TimeDelta::seconds(after)))),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let fault = (1u16..60, prop_oneof![3 => Just(Happens::Dies), 1 => Just(Happens::Fails)]);
    let verb = prop_oneof![
        1 => Just(Verb::Hold),
        1 => Just(Verb::Release),
        2 => Just(Verb::Reprocess),
        1 => Just(Verb::Discard),
        1 => Just(Verb::Resolve),
    ];
    prop_oneof![
        3 => (0u8..3, 0u8..4).prop_map(|(key, content)| Step::Arrives { key, content }),
        6 => (option::weighted(0.6, fault), any::<bool>()).prop_map(|(fault, is_eager)| Step::Runs { fault, is_eager }),
        2 => prop_oneof![Just(1i64), Just(40), Just(140), Just(200), Just(4000)].prop_map(|seconds| Step::Passes { seconds }),
        4 => (verb, any::<u8>()).prop_map(|(verb, which)| Step::Person { verb, which }),
        2 => vec(answers(), 1..4).prop_map(Step::Answers),
    ]
}

/// Stories of up to thirty steps.
pub fn cases() -> impl Strategy<Value = Case> {
    let tells = prop_oneof![2 => Just(Tells::Truth), 1 => Just(Tells::Idempotent), 1 => Just(Tells::Nothing)];
    (tells, vec(steps(), 4..30)).prop_map(|(tells, steps)| Case { tells, steps })
}
