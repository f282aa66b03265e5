//! Floor 2: where files come from and go to. One file for each transport; each knows names, bytes and renames, but not documents.
//!
//! A drop is a folder tree with relative paths separated by `/`. Adding a transport is one file here and two lines below.

mod beneath;
pub mod ftp;
pub mod local;
pub mod memory;
pub mod mounts;
pub mod sftp;

use chrono::{DateTime, Utc};

use crate::model::{BoxFuture, Code, Problem, Sink};

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// Name without its folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Time of the last change as the server reports it: whole seconds, never the only criterion.
    pub modified: Option<DateTime<Utc>>,
    /// The transport cannot handle the name; `name` only displays it, and the file cannot be accessed. Names that are not UTF-8 work if
    /// the protocol has bytes ([`crate::model::names`]).
    pub unreachable: bool,
}

/// A place to read files from and write files to.
///
/// Every error is a [`Problem`] whose `retry` says whether a retry can help. Paths never leave the drop's root.
pub trait RemoteFs: Send + Sync {
    /// The regular files of a folder, in no particular order. Links and folders are left out.
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>>;

    /// The entry of one file, or `None` when there is no such file.
    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>>;

    /// Streams a file into `sink`. It is an error if there are more than `limit` bytes, or another number than `expected` (an interrupted
    /// transfer, a growing file). After an error the sink's bytes are worthless.
    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>>;

    /// The bytes of a file, as from [`RemoteFs::fetch`].
    fn read<'a>(&'a self, path: &'a str, expected: u64, limit: u64) -> BoxFuture<'a, Result<Vec<u8>, Problem>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            self.fetch(path, expected, limit, &mut bytes).await?;
            Ok(bytes)
        })
    }

    /// Writes a whole file, replacing one of that name. Called only with temporary names and reports, so a reader cannot get half a
    /// document.
    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>>;

    /// Renames a file. An existing target is never replaced.
    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>>;

    /// Renames a file, replacing an existing one. If the server can do it, there is always one of them under the name.
    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>>;

    /// Removes a file; a missing one is not an error.
    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>>;

    /// Creates a folder if it is missing.
    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>>;

    /// Name of the drop for people: `sftp://user@host:port/base` or a folder. Never contains a secret.
    fn name(&self) -> String;

    /// Bytes written to the drop so far, including those of unfinished files. It shows whether a large file makes progress.
    fn moved(&self) -> u64 {
        0
    }

    /// How many operations are useful at once.
    fn at_once(&self) -> usize {
        1
    }
}

/// Joins folder and name; an empty folder means the root.
pub fn join(folder: &str, name: &str) -> String {
    match folder.trim_matches('/') {
        "" => name.to_string(),
        folder => format!("{folder}/{name}"),
    }
}

/// Refuses a path that could leave the drop's root.
pub fn contained(path: &str) -> Result<&str, Problem> {
    let escapes = path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..");
    if escapes {
        return Err(Problem::new(Code::PathEscapes, format!("`{path}` leaves the drop")));
    }
    Ok(path)
}

/// The problem for a required file that does not exist.
pub(crate) fn missing(path: &str) -> Problem {
    Problem::new(Code::DropMissing, format!("there is no `{path}`"))
}

/// A path as people know it: the drop itself if the path is empty.
pub(crate) fn named(path: &str, drop: &str) -> String {
    if path.is_empty() { drop.to_string() } else { path.to_string() }
}

/// The problem for a name that is taken.
pub(crate) fn taken(path: &str) -> Problem {
    Problem::new(Code::NameTaken, format!("`{path}` exists already and is not replaced"))
}

/// Whether a rename was refused because its target exists.
pub fn is_taken(problem: &Problem) -> bool {
    problem.code == Code::NameTaken
}

/// The last part of a path.
pub fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The problem for a file whose length differs from its listing.
pub(crate) fn other_length(path: &str, got: u64, expected: u64) -> Problem {
    let got = if got > expected { format!("more than {expected} bytes") } else { format!("{got} bytes") };
    Problem::new(Code::DropIo, format!("`{path}` gave {got} where {expected} were expected"))
        .hint("it is being written, or the transfer was cut; consign retries at the next poll")
}

/// The problem for a file above the flow's limit.
pub(crate) fn too_large(path: &str, length: u64, limit: u64) -> Problem {
    Problem::new(Code::DocLimit, format!("`{path}` has {length} bytes; the limit is {limit}"))
}
