//! A folder on this machine or a mounted share.

use std::{
    ffi::OsString,
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use chrono::DateTime;
use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
};

use super::{Entry, RemoteFs, contained, leaf, missing, named, other_length, taken, too_large};
use crate::model::{BoxFuture, Code, Problem, Sink, names};

/// Bytes read at a time.
const PART: usize = 256 << 10;

/// A drop below one folder.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// The drop below `root`, which must exist by the time it is used.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder that holds the drop.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The full path. Links that lead out of the drop are no way in: whoever may write here could make one.
    fn path(&self, path: &str) -> Result<PathBuf, Problem> {
        let full = self.root.join(OsString::from_vec(names::bytes(contained(path)?)));
        if let Ok(root) = std::fs::canonicalize(&self.root) {
            let folders = [full.parent(), Some(full.as_path()).filter(|full| full.is_dir())];
            let leaves = |folder: &Path| std::fs::canonicalize(folder).is_ok_and(|real| !real.starts_with(&root));
            if folders.into_iter().flatten().any(|folder| folder.starts_with(&self.root) && leaves(folder)) {
                return Err(Problem::new(Code::PathEscapes, format!("`{path}` leads out of the drop by a link")));
            }
        }
        Ok(full)
    }
}

impl RemoteFs for LocalStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<Entry>, Problem>> {
        Box::pin(async move {
            let path = self.path(folder)?;
            let mut reader = fs::read_dir(&path).await.map_err(|error| problem(&named(folder, &self.name()), &error))?;
            let mut entries = Vec::new();
            while let Some(entry) = reader.next_entry().await.map_err(|error| problem(folder, &error))? {
                // A file may vanish between listing and looking; it is simply not there then.
                let Ok(meta) = fs::symlink_metadata(entry.path()).await else { continue };
                if !meta.is_file() {
                    continue;
                }
                let name = names::text(entry.file_name().as_bytes());
                entries.push(Entry { name, size: meta.len(), modified: meta.modified().ok().map(DateTime::from), unreachable: false });
            }
            Ok(entries)
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<Entry>, Problem>> {
        Box::pin(async move {
            match fs::symlink_metadata(self.path(path)?).await {
                Ok(meta) if meta.is_file() => {
                    let name = leaf(path).to_string();
                    Ok(Some(Entry { name, size: meta.len(), modified: meta.modified().ok().map(DateTime::from), unreachable: false }))
                }
                Ok(_) => Ok(None),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(problem(path, &error)),
            }
        })
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let full = self.path(path)?;
            // What is opened is looked at, not its name: whoever may write here could put a link or a pipe in its place meanwhile.
            let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
            let opened = fs::OpenOptions::new().read(true).custom_flags(flags).open(&full).await;
            let file = match opened {
                Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => return Err(missing(path)),
                other => other.map_err(|error| problem(path, &error))?,
            };
            let meta = file.metadata().await.map_err(|error| problem(path, &error))?;
            if !meta.is_file() {
                return Err(missing(path));
            }
            if meta.len().max(expected) > limit {
                return Err(too_large(path, meta.len().max(expected), limit));
            }
            // One byte more than expected shows a file that has grown, without reading an endless one.
            let mut file = file.take(expected.saturating_add(1));
            let mut part = vec![0; PART.min(usize::try_from(expected).unwrap_or(PART) + 1)];
            let mut got = 0;
            loop {
                match file.read(&mut part).await.map_err(|error| problem(path, &error))? {
                    0 => break,
                    length => {
                        got += length as u64;
                        if got > expected {
                            break;
                        }
                        sink.put(&part[..length])?;
                    }
                }
            }
            if got == expected { Ok(()) } else { Err(other_length(path, got, expected)) }
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let full = self.path(path)?;
            let written = async {
                // A link under this name is not followed: it could lead anywhere.
                let flags = OFlags::NOFOLLOW.bits().cast_signed();
                let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(&full).await?;
                file.write_all(bytes).await?;
                file.sync_all().await
            }
            .await;
            if let Err(error) = written {
                // Half a file helps nobody; that it cannot be removed either is no news beside the first error.
                let _ = fs::remove_file(&full).await;
                return Err(problem(path, &error));
            }
            Ok(())
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (source, target) = (self.path(from)?, self.path(to)?);
            let (from, to) = (from.to_string(), to.to_string());
            let done = tokio::task::spawn_blocking(move || {
                rename_new(&source, &target).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => taken(&to),
                    _ => problem(&format!("{from} -> {to}"), &error),
                })
            });
            done.await.unwrap_or_else(|_| Err(Problem::new(Code::DropIo, "the rename could not be carried out")))
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (source, target) = (self.path(from)?, self.path(to)?);
            fs::rename(&source, &target).await.map_err(|error| problem(&format!("{from} -> {to}"), &error))
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            match fs::remove_file(self.path(path)?).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(problem(path, &error)),
                _ => Ok(()),
            }
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { fs::create_dir_all(self.path(path)?).await.map_err(|error| problem(path, &error)) })
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn at_once(&self) -> usize {
        16
    }
}

/// A rename in one step that never replaces, on disk when this returns. File systems that cannot do that get a link and an unlink,
/// undone where the second is refused.
fn rename_new(source: &Path, target: &Path) -> io::Result<()> {
    match renameat_with(CWD, source, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            match std::fs::hard_link(source, target) {
                Ok(()) => {
                    if let Err(error) = std::fs::remove_file(source) {
                        std::fs::remove_file(target)?;
                        return Err(error);
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => return Err(error),
                // No links either (FAT, some shares): nothing is left but to look first.
                Err(_) if target.try_exists().unwrap_or(true) => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => std::fs::rename(source, target)?,
            }
        }
        Err(error) => return Err(error.into()),
    }
    // A folder that cannot be synced (some shares) has done what it can.
    if let Some(folder) = target.parent() {
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// Errors of the file system in our words; the one place of this transport that does it.
fn problem(path: &str, error: &io::Error) -> Problem {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::PermissionDenied => Problem::new(Code::DropDenied, format!("no permission for `{path}`")),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("no space left to write `{path}`")).hint("make room; it is tried again by itself")
        }
        kind => Problem::new(Code::DropIo, format!("`{path}`: {kind}")),
    };
    problem.because_of(error)
}
