//! Signals that end a process that stays.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::model::{Code, Problem, Problems};

/// The system lets nobody listen for signals.
pub(super) fn unable(_: std::io::Error) -> Problems {
    Problems::from(Problem::new(Code::Usage, "signals cannot be received"))
}

/// `true` once the process is asked to stop.
pub(super) fn stopped_by_signals(tell: watch::Sender<bool>) -> Result<(), Problems> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(unable)?, signal(SignalKind::interrupt()).map_err(unable)?);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        // Nobody listens any more when what was to be stopped has ended by itself.
        let _ = tell.send(true);
    });
    Ok(())
}
