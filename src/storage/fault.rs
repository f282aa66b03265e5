//! Problems for errors of the storage disk, and the steps at which a test can make it fail.

use std::{io, path::Path};

use crate::{
    failpoints::{self, Failure, Outside},
    model::{Code, Problem, problem::reason},
};

/// A step of the storage that a test can make fail.
pub(super) fn step(what: &str) -> Result<(), Problem> {
    failpoints::step(Outside::Storage, what).map_err(|failure| {
        let code = if failure == Failure::Full { Code::DiskFull } else { Code::DropIo };
        Problem::new(code, failpoints::sentence(what))
    })
}

/// The problem for an error of the storage disk.
pub(super) fn problem(path: &Path, error: &io::Error) -> Problem {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let problem = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("no space left in the storage for `{name}`"))
                .hint("free disk space; the file stays where it is and is received automatically afterwards")
        }
        _ => Problem::new(Code::DropIo, format!("the storage cannot be used at `{name}`: {}", reason(error))),
    };
    problem.because_of(error)
}
