//! A folder on this machine or a mounted share.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
};

use super::{
    DirEntry, RemoteFs,
    beneath::{Beneath, Found, is_link},
    contained, leaf, missing, named, other_length, taken, too_large,
};
use crate::model::{BoxFuture, Code, Problem, Sink, names, problem::reason};

/// Bytes read at a time.
const PART: usize = 256 << 10;
/// Maximum number of threads that work on one drop at once.
const THREADS: usize = 32;

/// A drop below one folder.
#[derive(Debug, Clone)]
pub struct LocalStore {
    beneath: Beneath,
    /// Bytes written so far.
    moved: Arc<AtomicU64>,
    /// Limits the threads that may wait for the folder: a hanging one, such as a share without its server, must not take all of them.
    threads: Arc<Semaphore>,
}

impl LocalStore {
    /// The drop below `root`, which must exist when it is used.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::with(Beneath { root: root.into(), step_by_step: false })
    }

    /// The same, but it opens folder by folder, as on a kernel without `openat2`.
    pub fn step_by_step(root: impl Into<PathBuf>) -> Self {
        Self::with(Beneath { root: root.into(), step_by_step: true })
    }

    fn with(beneath: Beneath) -> Self {
        Self { beneath, moved: Arc::default(), threads: Arc::new(Semaphore::new(THREADS)) }
    }

    /// Runs file operations on a thread that may block; `shown` is the path for errors.
    async fn run<T: Send + 'static>(
        &self,
        path: &str,
        shown: String,
        work: impl FnOnce(&Beneath, &[u8]) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let (beneath, bytes) = (self.beneath.clone(), names::bytes(contained(path)?));
        // The thread itself releases it, even if nobody waits any more.
        let turn = Arc::clone(&self.threads).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&beneath, &bytes).map_err(|error| problem(&shown, &error))
        });
        done.await.unwrap_or_else(|_| Err(Problem::new(Code::DropIo, format!("the work on `{path}` was interrupted"))))
    }
}

fn entry(name: String, found: &Found) -> DirEntry {
    DirEntry { name, size: found.size, modified: found.modified, unreachable: false }
}

impl RemoteFs for LocalStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        Box::pin(async move {
            let files = self.run(folder, named(folder, &self.name()), |beneath, folder| beneath.list(folder)).await?;
            Ok(files.into_iter().map(|(name, found)| entry(names::text(&name), &found)).collect())
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        Box::pin(async move {
            let found = self.run(path, path.to_string(), |beneath, path| match beneath.find(path) {
                // The folder that could hold it does not exist.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                found => found,
            });
            Ok(found.await?.map(|found| entry(leaf(path).to_string(), &found)))
        })
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            // Checks the open handle, not the name: whoever may write here could replace it by a link or a pipe meanwhile.
            let opened = self.run(path, path.to_string(), |beneath, path| {
                let file = beneath.read(path)?;
                let meta = file.metadata()?;
                if meta.is_file() { Ok((file, meta.len())) } else { Err(io::ErrorKind::NotFound.into()) }
            });
            let (file, length) = opened.await?;
            if length.max(expected) > limit {
                return Err(too_large(path, length.max(expected), limit));
            }
            // One byte more than expected shows a file that has grown, without reading an endless one.
            let mut file = tokio::fs::File::from_std(file).take(expected.saturating_add(1));
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
            // A link with this name is not followed, and a file with several names is not overwritten: it could be anybody's.
            let file = self.run(path, path.to_string(), |beneath, path| beneath.create(path)).await?;
            let written = async {
                let mut file = tokio::fs::File::from_std(file);
                for part in bytes.chunks(PART) {
                    file.write_all(part).await?;
                    self.moved.fetch_add(part.len() as u64, Ordering::Relaxed);
                }
                file.sync_all().await
            }
            .await;
            if let Err(error) = written {
                // Half a file is useless; if it cannot be removed either, the first error matters more.
                let _ = self.remove(path).await;
                return Err(problem(path, &error));
            }
            Ok(())
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let target = names::bytes(contained(to)?);
            let renamed = self.run(from, format!("{from} -> {to}"), move |beneath, from| match beneath.rename(from, &target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                done => done.map(|()| true),
            });
            if renamed.await? { Ok(()) } else { Err(taken(to)) }
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let target = names::bytes(contained(to)?);
            self.run(from, format!("{from} -> {to}"), move |beneath, from| beneath.replace(from, &target)).await
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let removed = self.run(path, path.to_string(), |beneath, path| match beneath.remove(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            });
            removed.await
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { self.run(path, path.to_string(), |beneath, path| beneath.make_folder(path)).await })
    }

    fn name(&self) -> String {
        self.beneath.root.display().to_string()
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    fn at_once(&self) -> usize {
        16
    }
}

/// Errors of the file system as problems; all problems of this transport are made here.
fn problem(path: &str, error: &io::Error) -> Problem {
    let problem = match error.kind() {
        _ if is_link(error) => Problem::new(Code::PathEscapes, format!("`{path}` leads over a link; links inside a drop are not followed"))
            .hint("name the folder itself, or make the drop's `path` the folder that the link leads to"),
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::PermissionDenied => Problem::new(Code::DropDenied, format!("no permission for `{path}`")),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("no space left to write `{path}`")).hint("free some space; consign retries automatically")
        }
        _ => Problem::new(Code::DropIo, format!("`{path}`: {}", reason(error))),
    };
    problem.because_of(error)
}
