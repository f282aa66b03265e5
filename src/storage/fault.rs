//! Errors of our own disk in our words, and the steps at which a test may make it fail.

use std::{io, path::Path};

use crate::{
    failpoints::{self, Failure, Outside},
    model::{Code, Problem, problem::reason},
};

/// Comes to a step at our storage that a test may make go wrong.
pub(super) fn step(what: &str) -> Result<(), Problem> {
    failpoints::step(Outside::Storage, what).map_err(|failure| {
        let code = if failure == Failure::Full { Code::DiskFull } else { Code::DropIo };
        Problem::new(code, failpoints::sentence(what))
    })
}

/// What an error of our disk means.
pub(super) fn problem(path: &Path, error: &io::Error) -> Problem {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let problem = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("no space left in our storage for `{name}`"))
                .hint("make room; the file stays where it is and is taken by itself afterwards")
        }
        _ => Problem::new(Code::DropIo, format!("our storage cannot be used at `{name}`: {}", reason(error))),
    };
    problem.because_of(error)
}
