//! Floor 0: named points at which a test makes consign go wrong. The cargo feature `failpoints` turns them on; all tests are built
//! with it, the program that ships is built without, and there they are nothing.
//!
//! Two kinds:
//!
//! * A **step** ([`step`]) is anything outside the process: a request to a drop, a write to the journal or to our storage, a call to
//!   Odoo. Steps are counted, so that a test can make each of them, before it and after it, the one that goes wrong.
//!   `CONSIGN_STEPS=FILE` writes their names down; `CONSIGN_FAULT=17:kill` stands still at the 17th for a SIGKILL, `17:wait` until the
//!   file that `CONSIGN_GO_ON` names is there; `17:cut`, `17:fail`, `17:denied` and `17:full` make it fail with a lost connection, an
//!   error, a refusal or a full disk.
//! * A **checkpoint** ([`checkpoint`]) is a named place between two steps: with `CONSIGN_PAUSE_AT=applied` consign says `paused at
//!   applied` on standard error when it comes there, and stands still for a SIGKILL.
//!
//! **Invariant:** this room knows no other; each room makes its own problem of a [`Failure`].

#[cfg(feature = "failpoints")]
mod active;
#[cfg(feature = "failpoints")]
mod scene;

use std::time::Duration;

#[cfg(feature = "failpoints")]
pub use scene::{Happens, Interruption, passage, play};

/// Whether this build has failpoints.
pub const ENABLED: bool = cfg!(feature = "failpoints");

/// Every checkpoint, in the order of a message's way; tests walk through all of them.
pub const CHECKPOINTS: [&str; 15] = [
    "fetched", "spooled", "received", "unzipped", "unpacked", "checked", "planned", "effect", "applied", "archived", "moved", "rendered",
    "staged", "renamed", "noted",
];

/// What is outside.
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

/// A fault in the pipeline that a test plants, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Nothing is written down before an effect.
    IntentIgnored,
    /// A source hears that messages are safe before they are in the journal.
    AcceptedEarly,
    /// A source hears that messages are done before they are.
    SettledEarly,
    /// What a look at the target tells is not believed.
    ProbeIgnored,
    /// The target is looked at while the effect may still take place.
    ProbedEarly,
    /// A person's deed makes an effect that may have taken place one that is to be had.
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

/// How far a test has set the clock ahead (`CONSIGN_AHEAD=200`, in seconds), so that what waits does so no longer.
pub fn ahead() -> Duration {
    #[cfg(feature = "failpoints")]
    return active::ahead();
    #[cfg(not(feature = "failpoints"))]
    Duration::ZERO
}

/// How often it is written down that something is still under way, where a test says so (`CONSIGN_ALIVE=1`, in seconds).
pub fn alive() -> Option<Duration> {
    #[cfg(feature = "failpoints")]
    return active::alive();
    #[cfg(not(feature = "failpoints"))]
    None
}

/// How long a command is to wait for the consign that runs, where a test does not say otherwise (`CONSIGN_PATIENCE=0`, in seconds).
pub fn patience(usual: Duration) -> Duration {
    #[cfg(feature = "failpoints")]
    return active::patience().unwrap_or(usual);
    #[cfg(not(feature = "failpoints"))]
    usual
}

/// What is said of a failure that a test has planned.
pub fn sentence(what: &str) -> String {
    format!("a test made this go wrong: {what}")
}

/// Comes to a step; `what` names it, with `before` or `after`.
///
/// # Errors
/// The failure that a test has planned.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables, reason = "only tests listen"))]
pub fn step(outside: Outside, what: &str) -> Result<(), Failure> {
    #[cfg(feature = "failpoints")]
    active::step(outside, what)?;
    Ok(())
}

/// Comes to a checkpoint.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables, reason = "only tests listen"))]
pub async fn checkpoint(name: &'static str) {
    #[cfg(feature = "failpoints")]
    {
        active::checkpoint(name).await;
        scene::checkpoint(name).await;
    }
}
