//! What a target of messages must be able to do.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Site;
use crate::{
    config::{Flow, TargetKind},
    journal::{Answered, RecordRow},
    model::{BoxFuture, Effect, Intent, Message, Outcome, Plan, Problem, Problems, intent::Prior},
    odoo::execute::write_history::WriteHistory,
};

/// What a target tells of an effect whose outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It took place; how that is seen, in words.
    Committed(&'static str),
    /// It did not take place, and will not by itself.
    NotCommitted,
    /// To have it once more does no harm: it is known there by its name.
    Idempotent,
    /// Nobody can see it, and why.
    Unknown(&'static str),
}

/// Writes down what a target is about to do, and what became of it.
pub trait Effects: WriteHistory {
    /// Records the intent, and the date by which an answer is due, if any. Returns what was known of this effect before.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn open<'a>(&'a self, effect: &'a Effect, due: Option<DateTime<Utc>>) -> BoxFuture<'a, Result<Prior, Problem>>;
}

/// What carrying out a plan, or one part of it, left behind.
#[derive(Debug)]
pub struct TookPlace {
    /// Records stored or found as planned.
    pub records: Vec<RecordRow>,
    /// Remarks about it.
    pub notes: Vec<Problem>,
    /// Parts of the document that were refused.
    pub refused: Vec<((u32, u32), Problem)>,
    /// The writing.
    pub write: Effect,
    /// How it ended, where that is known.
    pub ended: Option<Outcome>,
}

/// The plan of a message, in as many parts as it takes.
pub trait PlanParts: Send {
    /// Begins from the first part.
    fn rewind(&mut self);

    /// The next part; none when all have come.
    ///
    /// # Errors
    /// What is wrong with the document.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Plan>, Problems>>;

    /// Whether parts are read on demand because the document is too large for memory.
    fn is_streamed(&self) -> bool;

    /// Whether what can go in goes in, whatever else is refused; otherwise all or nothing.
    fn is_partial(&self) -> bool;

    /// Hears that the part that came last was carried out.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn took_place(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>>;

    /// Hears what was done of the part that came last until something stopped it.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn stopped(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>>;
}

/// What a target has done.
#[derive(Debug, Default)]
pub struct Committed {
    /// The effect that took place, where it is not written down yet.
    pub effect: Option<Effect>,
    /// What is said of it at the message, where there is more to say than that it took place.
    pub note: Option<&'static str>,
}

/// What a target has come to know of messages that it took earlier.
#[derive(Debug)]
pub enum Signal {
    /// The partner has collected it.
    Collected(Message),
    /// The partner has answered it.
    Answered(Message, Answered),
}

/// What a look behind messages that were sent has shown.
#[derive(Debug, Default)]
pub struct Followed {
    /// What has become of them.
    pub signals: Vec<Signal>,
    /// Problems to report for the flow.
    pub findings: Vec<Problem>,
}

/// Where documents go.
pub trait DocumentTarget: Send + Sync {
    /// Whether it sees by itself that an effect is repeated, whatever our journal knows.
    fn recognises_repeats(&self) -> bool {
        false
    }

    /// How long an effect may still take place after nobody waits for its answer any more. It is not probed before.
    fn lands_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Where a document of this name is to lie in the end; empty where it lies nowhere.
    fn place_for(&self, name: &str) -> String {
        let _ = name;
        String::new()
    }

    /// Does what nobody can see: an upload under a temporary name. A repetition replaces what an earlier attempt left.
    ///
    /// # Errors
    /// Why it failed.
    fn prepare<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Problem>>;

    /// Hands a document over. What it is about to do goes to `effects` first.
    ///
    /// # Errors
    /// What kept it from being done, or from being seen to be done.
    fn commit<'a>(&'a self, message: &'a mut Message, effects: &'a dyn Effects) -> BoxFuture<'a, Result<Committed, Problem>>;

    /// Looks what became of an effect whose outcome is not known.
    ///
    /// # Errors
    /// The target cannot be asked.
    fn probe<'a>(&'a self, message: &'a Message, intent: &'a Intent) -> BoxFuture<'a, Result<Probe, Problem>>;

    /// Removes what was prepared: of a message that was discarded, or for an effect that did not take place.
    ///
    /// # Errors
    /// It cannot be removed now.
    fn withdraw<'a>(&'a self, message: &'a Message, effect: Option<&'a Effect>) -> BoxFuture<'a, Result<(), Problem>>;

    /// Looks what has become of messages that were sent.
    fn follow(&self) -> BoxFuture<'_, Followed> {
        Box::pin(async { Followed::default() })
    }
}

/// Where plans are carried out. It sees by itself that an effect is repeated: what a plan does leaves a mark.
pub trait PlanTarget: Send + Sync {
    /// Carries out a plan. What it is about to do goes to `effects` first, what became of each part to `parts`.
    ///
    /// # Errors
    /// What kept it from being carried out to its end.
    fn carry_out<'a>(
        &'a self,
        message: &'a Message,
        parts: &'a mut dyn PlanParts,
        effects: &'a dyn WriteHistory,
    ) -> BoxFuture<'a, Result<(), Problems>>;
}

/// Where messages go.
pub enum Target<'f> {
    /// It takes documents.
    Documents(Box<dyn DocumentTarget + 'f>),
    /// It takes plans.
    Plans(Box<dyn PlanTarget + 'f>),
}

/// A kind of target, and how it is opened.
pub struct TargetEntry {
    /// How flows name it, and what they say of it.
    pub kind: TargetKind,
    /// Opens the target of a flow; asks nobody yet. `None` where the flow's target is of another kind.
    pub open: for<'f> fn(&'f Site, &'f Flow) -> Option<Target<'f>>,
}
