//! Signals that stop a long-running process.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::model::{Code, Problem, Problems};

/// The problem if the system does not allow signal handlers.
pub(super) fn unable(_: std::io::Error) -> Problems {
    Problems::from(Problem::new(Code::Usage, "cannot listen for signals"))
}

/// Sends `true` when the process is asked to stop.
pub(super) fn stopped_by_signals(tell: watch::Sender<bool>) -> Result<(), Problems> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(unable)?, signal(SignalKind::interrupt()).map_err(unable)?);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        // Nobody listens any more if the work has already ended.
        let _ = tell.send(true);
    });
    Ok(())
}
