//! The failpoints of a build with the feature, as environment variables configure them.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{CHECKPOINTS, Failure, Outside};

/// How often a waiting process checks whether it may continue.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Planned {
    /// Which step, and what happens there.
    fault: Option<(u64, String)>,
    /// The file for the list of steps.
    list: Option<PathBuf>,
    /// The file that lets a waiting process continue.
    go_on: Option<PathBuf>,
    pause_at: Option<String>,
    ahead: Duration,
    alive: Option<Duration>,
    patience: Option<Duration>,
}

static COUNT: AtomicU64 = AtomicU64::new(0);
static PLANNED: OnceLock<Planned> = OnceLock::new();

fn seconds(name: &str) -> Option<Duration> {
    std::env::var(name).ok()?.parse().ok().map(Duration::from_secs)
}

fn planned() -> &'static Planned {
    PLANNED.get_or_init(|| {
        let fault = std::env::var("CONSIGN_FAULT").ok().and_then(|text| {
            let (at, kind) = text.split_once(':')?;
            Some((at.parse().ok()?, kind.to_string()))
        });
        Planned {
            fault,
            list: std::env::var_os("CONSIGN_STEPS").map(PathBuf::from),
            go_on: std::env::var_os("CONSIGN_GO_ON").map(PathBuf::from),
            pause_at: std::env::var("CONSIGN_PAUSE_AT").ok(),
            ahead: seconds("CONSIGN_AHEAD").unwrap_or_default(),
            alive: seconds("CONSIGN_ALIVE"),
            patience: seconds("CONSIGN_PATIENCE"),
        }
    })
}

pub(super) fn ahead() -> Duration {
    planned().ahead
}

pub(super) fn alive() -> Option<Duration> {
    planned().alive
}

pub(super) fn patience() -> Option<Duration> {
    planned().patience
}

pub(super) fn step(outside: Outside, what: &str) -> Result<(), Failure> {
    let planned = planned();
    let number = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(mut file) = planned.list.as_ref().and_then(|path| File::options().append(true).create(true).open(path).ok()) {
        // A list that cannot be written fails the test that asked for it.
        let _ = writeln!(file, "{outside:?} {what}");
    }
    let Some((_, kind)) = planned.fault.as_ref().filter(|(at, _)| *at == number) else { return Ok(()) };
    match kind.as_str() {
        "kill" | "wait" => {
            eprintln!("paused at step {number}");
            while kind == "kill" || !planned.go_on.as_ref().is_some_and(|file| file.exists()) {
                std::thread::sleep(LOOK);
            }
            Ok(())
        }
        "cut" => Err(Failure::Cut),
        "denied" => Err(Failure::Denied),
        "full" => Err(Failure::Full),
        _ => Err(Failure::Fail),
    }
}

pub(super) async fn checkpoint(name: &'static str) {
    debug_assert!(CHECKPOINTS.contains(&name));
    if planned().pause_at.as_deref() == Some(name) {
        eprintln!("paused at {name}");
        // A process without a file to wait for is killed there.
        while !planned().go_on.as_ref().is_some_and(|file| file.exists()) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
