//! Faults of one task of a test, while other tasks run undisturbed: what happens at each point, and which fault is planted.

use std::sync::Arc;

use super::{Failure, Planted};

/// What happens at a point that a task passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happens {
    /// Nothing.
    Nothing,
    /// The request fails.
    Fails,
    /// The process dies: the task stops here, to be dropped.
    Dies,
}

/// What happens to a task.
#[derive(Clone)]
pub struct Interruption {
    /// What happens at a point, by its name. Called each time the task passes it.
    pub at: Arc<dyn Fn(&str) -> Happens + Send + Sync>,
    /// The planted fault.
    pub planted: Option<Planted>,
}

tokio::task_local! {
    static SCENE: Interruption;
}

/// Runs work in a scene.
pub async fn play<W: Future>(scene: Interruption, work: W) -> W::Output {
    SCENE.scope(scene, work).await
}

fn happens(name: &str) -> Happens {
    SCENE.try_with(|scene| (scene.at)(name)).unwrap_or(Happens::Nothing)
}

pub(super) fn planted(fault: Planted) -> bool {
    SCENE.try_with(|scene| scene.planted == Some(fault)).unwrap_or(false)
}

pub(super) async fn checkpoint(name: &str) {
    if happens(name) == Happens::Dies {
        std::future::pending::<()>().await;
    }
}

/// Passes a point at which a request can fail.
///
/// # Errors
/// The scene makes it fail.
pub async fn passage(name: &str) -> Result<(), Failure> {
    match happens(name) {
        Happens::Nothing => Ok(()),
        Happens::Fails => Err(Failure::Cut),
        Happens::Dies => std::future::pending().await,
    }
}
