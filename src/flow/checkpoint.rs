//! Named places between two steps, at which a test can kill the process. In release builds they are nothing.
//!
//! With `CONSIGN_PAUSE_AT=applied` a debug build says `paused at applied` on standard error when it comes there and stands still,
//! so that the test's SIGKILL falls exactly between two steps.

/// Every checkpoint, in the order of a message's way; tests walk through all of them.
pub const ALL: [&str; 15] = [
    "fetched", "spooled", "received", "unzipped", "unpacked", "checked", "planned", "effect", "applied", "shelved", "moved", "rendered",
    "staged", "renamed", "noted",
];

/// Comes to a checkpoint.
pub(super) async fn reach(name: &'static str) {
    debug_assert!(ALL.contains(&name));
    if cfg!(debug_assertions) && std::env::var("CONSIGN_PAUSE_AT").is_ok_and(|wanted| wanted == name) {
        eprintln!("paused at {name}");
        std::future::pending::<()>().await;
    }
}
