//! Every step outside the process (a request to a drop, a write to the journal or to our storage, a call to Odoo) counted, so that a
//! test can make each of them, before it and after it, the one that goes wrong. In release builds there is nothing of it.
//!
//! `CONSIGN_STEPS=FILE` writes their names down; `CONSIGN_FAULT=17:kill` stands still at the 17th for a SIGKILL; `17:cut`, `17:fail`,
//! `17:denied` and `17:full` make it fail with a lost connection, an error, a refusal or a full disk.

use std::{
    io::Write,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Code, Problem};

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

struct Planned {
    at: u64,
    kind: String,
}

static COUNT: AtomicU64 = AtomicU64::new(0);
static PLANNED: OnceLock<Option<Planned>> = OnceLock::new();

fn planned() -> Option<&'static Planned> {
    let read = || {
        let text = std::env::var("CONSIGN_FAULT").ok()?;
        let (at, kind) = text.split_once(':')?;
        Some(Planned { at: at.parse().ok()?, kind: kind.to_string() })
    };
    PLANNED.get_or_init(read).as_ref()
}

/// Comes to a step; `what` names it, with `before` or `after`.
///
/// # Errors
/// The one that a test has planned.
pub fn step(outside: Outside, what: &str) -> Result<(), Problem> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let number = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(mut file) =
        std::env::var_os("CONSIGN_STEPS").and_then(|path| std::fs::File::options().append(true).create(true).open(path).ok())
    {
        // A list that cannot be written is missed by the test that asked for it.
        let _ = writeln!(file, "{outside:?} {what}");
    }
    match planned().filter(|planned| planned.at == number) {
        None => Ok(()),
        Some(planned) if planned.kind == "kill" => {
            eprintln!("paused at step {number}");
            loop {
                std::thread::park();
            }
        }
        Some(planned) => Err(failure(outside, what, &planned.kind)),
    }
}

fn failure(outside: Outside, what: &str, kind: &str) -> Problem {
    let code = match (kind, outside) {
        ("full", _) => Code::DiskFull,
        (_, Outside::Journal) => Code::Journal,
        (_, Outside::Odoo) => Code::OdooUnreachable,
        ("cut", Outside::Drop) => Code::DropUnreachable,
        ("denied", _) => Code::DropDenied,
        _ => Code::DropIo,
    };
    Problem::new(code, format!("a test made this go wrong: {outside:?} {what}"))
}
