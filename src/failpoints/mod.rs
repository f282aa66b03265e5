//! Floor 0: named points at which a test makes consign fail. The cargo feature `failpoints` enables them. All tests are built with it;
//! the released program is built without it, and there they do nothing.
//!
//! Two kinds:
//!
//! * A **step** ([`step`]) is anything outside the process: a request to a drop, a write to the journal or to our storage, a call to
//!   Odoo. Steps are counted, so that a test can make each of them fail, before it and after it. `CONSIGN_STEPS=FILE` writes down
//!   their names. `CONSIGN_FAULT=17:kill` stops at the 17th and waits for a SIGKILL; `17:wait` waits until the file that
//!   `CONSIGN_GO_ON` names exists. `17:cut`, `17:fail`, `17:denied` and `17:full` make it fail with a lost connection, an error, a
//!   refusal or a full disk.
//! * A **checkpoint** ([`checkpoint`]) is a named place between two steps. With `CONSIGN_PAUSE_AT=applied` consign prints `paused at
//!   applied` on standard error when it gets there, and waits for a SIGKILL.
//!
//! **Invariant:** this module depends on no other; each module makes its own problem from a [`Failure`].

#[cfg(feature = "failpoints")]
mod active;
#[cfg(feature = "failpoints")]
mod scene;

use std::time::Duration;

#[cfg(feature = "failpoints")]
pub use scene::{Happens, Interruption, passage, play};

/// Whether this build has failpoints.
pub const ENABLED: bool = cfg!(feature = "failpoints");

/// Every checkpoint, in processing order; tests go through all of them.
pub const CHECKPOINTS: [&str; 15] = [
    "fetched", "spooled", "received", "unzipped", "unpacked", "checked", "planned", "effect", "applied", "archived", "moved", "rendered",
    "staged", "renamed", "noted",
];

/// External systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// A partner's drop.
    Drop,
    /// The journal.
    Journal,
    /// Our storage folder.
    Storage,
    /// Odoo.
    Odoo,
}

/// What a test has planned for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The connection is lost.
    Cut,
    /// An error without a reason.
    Fail,
    /// A refusal.
    Denied,
    /// No space left.
    Full,
}

/// A fault in the pipeline that a test plants, to check that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Nothing is written down before an effect.
    IntentIgnored,
    /// A source is informed that messages are safe before they are in the journal.
    AcceptedEarly,
    /// A source is informed that messages are done before they are.
    SettledEarly,
    /// The result of a check at the target is ignored.
    ProbeIgnored,
    /// The target is checked while the effect may still take place.
    ProbedEarly,
    /// A person's action turns an effect that may have taken place into one that has yet to happen.
    Reopened,
}

/// Whether a test has planted this fault here.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables, reason = "only tests plant any"))]
pub fn planted(fault: Planted) -> bool {
    #[cfg(feature = "failpoints")]
    return scene::planted(fault);
    #[cfg(not(feature = "failpoints"))]
    false
}

/// How far a test has set the clock ahead (`CONSIGN_AHEAD=200`, in seconds), so that waiting messages no longer wait.
pub fn ahead() -> Duration {
    #[cfg(feature = "failpoints")]
    return active::ahead();
    #[cfg(not(feature = "failpoints"))]
    Duration::ZERO
}

/// How often to record that something is still running, if a test sets it (`CONSIGN_ALIVE=1`, in seconds).
pub fn alive() -> Option<Duration> {
    #[cfg(feature = "failpoints")]
    return active::alive();
    #[cfg(not(feature = "failpoints"))]
    None
}

/// How long a command waits for a running consign, unless a test sets it (`CONSIGN_PATIENCE=0`, in seconds).
pub fn patience(usual: Duration) -> Duration {
    #[cfg(feature = "failpoints")]
    return active::patience().unwrap_or(usual);
    #[cfg(not(feature = "failpoints"))]
    usual
}

/// The text for a planned failure.
pub fn sentence(what: &str) -> String {
    format!("a test made this go wrong: {what}")
}

/// Passes a step; `what` names it, with `before` or `after`.
///
/// # Errors
/// The failure that a test has planned.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables, reason = "only tests listen"))]
pub fn step(outside: Outside, what: &str) -> Result<(), Failure> {
    #[cfg(feature = "failpoints")]
    active::step(outside, what)?;
    Ok(())
}

/// Passes a checkpoint.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables, reason = "only tests listen"))]
pub async fn checkpoint(name: &'static str) {
    #[cfg(feature = "failpoints")]
    {
        active::checkpoint(name).await;
        scene::checkpoint(name).await;
    }
}
