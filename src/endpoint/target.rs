//! The interface of a target of messages.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Site;
use crate::{
    config::{Flow, TargetKind},
    journal::{Answered, RecordRow},
    model::{BoxFuture, Effect, Intent, Message, Outcome, Plan, Problem, Problems, intent::Prior},
    odoo::execute::write_history::WriteHistory,
};

/// What a target knows about an effect with an unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It took place; how the target knows, in words.
    Committed(&'static str),
    /// It did not take place and will not.
    NotCommitted,
    /// It may be repeated: the target recognizes it by its name.
    Idempotent,
    /// The target cannot tell, and why.
    Unknown(&'static str),
}

/// Records what a target is about to do, and the outcome.
pub trait Effects: WriteHistory {
    /// Records the intent, and when an acknowledgement is due, if any. Returns what was known of this effect before.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn open<'a>(&'a self, effect: &'a Effect, due: Option<DateTime<Utc>>) -> BoxFuture<'a, Result<Prior, Problem>>;
}

/// The result of a plan, or of one part of it.
#[derive(Debug)]
pub struct TookPlace {
    /// Records stored or found as planned.
    pub records: Vec<RecordRow>,
    /// Remarks about it.
    pub notes: Vec<Problem>,
    /// Parts of the document that were refused.
    pub refused: Vec<((u32, u32), Problem)>,
    /// The effect.
    pub write: Effect,
    /// Its outcome, if known.
    pub ended: Option<Outcome>,
}

/// The plan of a message, in one or more parts.
pub trait PlanParts: Send {
    /// Starts from the first part.
    fn rewind(&mut self);

    /// The next part; `None` after the last one.
    ///
    /// # Errors
    /// What is wrong with the document.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Plan>, Problems>>;

    /// Whether parts are read on demand because the document is too large for memory.
    fn is_streamed(&self) -> bool;

    /// Whether accepted records are written even if others are refused; otherwise all or nothing.
    fn is_partial(&self) -> bool;

    /// Records that the last part was executed.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn took_place(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>>;

    /// Records what was done of the last part before something stopped it.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn stopped(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>>;
}

/// The result of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// The effect that took place, if it is not recorded yet.
    pub effect: Option<Effect>,
    /// A note for the message, if there is more to say than that it took place.
    pub note: Option<&'static str>,
}

/// What a target has learned about earlier messages.
#[derive(Debug)]
pub enum Signal {
    /// The partner has collected it.
    Collected(Message),
    /// The partner has acknowledged it.
    Answered(Message, Answered),
}

/// The result of following up sent messages.
#[derive(Debug, Default)]
pub struct Followed {
    /// News about them.
    pub signals: Vec<Signal>,
    /// Problems to report for the flow.
    pub findings: Vec<Problem>,
}

/// Where documents go.
pub trait DocumentTarget: Send + Sync {
    /// Whether it detects by itself that an effect is repeated, whatever our journal knows.
    fn recognises_repeats(&self) -> bool {
        false
    }

    /// How long an effect may still take place after nobody waits for its answer any more. It is not probed before that.
    fn lands_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Where a document of this name ends up; empty if nowhere.
    fn place_for(&self, name: &str) -> String {
        let _ = name;
        String::new()
    }

    /// Does what nobody can see: an upload under a temporary name. A repetition replaces what an earlier attempt left.
    ///
    /// # Errors
    /// Why it failed.
    fn prepare<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Problem>>;

    /// Sends a document. Its intent goes to `effects` first.
    ///
    /// # Errors
    /// Why it failed, or why its outcome is unknown.
    fn commit<'a>(&'a self, message: &'a mut Message, effects: &'a dyn Effects) -> BoxFuture<'a, Result<Committed, Problem>>;

    /// Checks an effect whose outcome is unknown.
    ///
    /// # Errors
    /// The target cannot be asked.
    fn probe<'a>(&'a self, message: &'a Message, intent: &'a Intent) -> BoxFuture<'a, Result<Probe, Problem>>;

    /// Removes what was prepared, for a discarded message or an effect that did not take place.
    ///
    /// # Errors
    /// It cannot be removed now.
    fn withdraw<'a>(&'a self, message: &'a Message, effect: Option<&'a Effect>) -> BoxFuture<'a, Result<(), Problem>>;

    /// Checks what became of sent messages.
    fn follow(&self) -> BoxFuture<'_, Followed> {
        Box::pin(async { Followed::default() })
    }
}

/// Where plans are executed. It detects by itself that an effect is repeated: what a plan does leaves a mark.
pub trait PlanTarget: Send + Sync {
    /// Executes a plan. Intents go to `effects` first, the result of each part to `parts`.
    ///
    /// # Errors
    /// Why it could not be executed completely.
    fn carry_out<'a>(
        &'a self,
        message: &'a Message,
        parts: &'a mut dyn PlanParts,
        effects: &'a dyn WriteHistory,
    ) -> BoxFuture<'a, Result<(), Problems>>;
}

/// Where messages go.
pub enum Target<'f> {
    /// It accepts documents.
    Documents(Box<dyn DocumentTarget + 'f>),
    /// It accepts plans.
    Plans(Box<dyn PlanTarget + 'f>),
}

/// A kind of target, and how it is opened.
pub struct TargetEntry {
    /// Its name in flows, and its settings there.
    pub kind: TargetKind,
    /// Opens the target of a flow, without a connection yet. `None` if the flow's target is of another kind.
    pub open: for<'f> fn(&'f Site, &'f Flow) -> Option<Target<'f>>,
}
