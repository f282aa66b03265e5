//! A drop in memory: for tests of flows, and as the simplest example of a drop.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{DirEntry, RemoteFs, contained, join, leaf, missing, other_length, taken, too_large};
use crate::model::{BoxFuture, Problem, Sink};

/// Bytes and time of each file, by path.
type Files = BTreeMap<String, (Vec<u8>, DateTime<Utc>)>;

/// Files by path. Folders need not exist before a file is stored: its path creates them.
#[derive(Debug, Default)]
pub struct MemoryStore {
    files: Mutex<Files>,
    folders: Mutex<BTreeSet<String>>,
}

impl MemoryStore {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RemoteFs for MemoryStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        Box::pin(async move {
            contained(folder)?;
            let prefix = join(folder, "");
            let files = self.files();
            let is_there = self.folders.lock().unwrap_or_else(PoisonError::into_inner).contains(folder.trim_matches('/'));
            if !(is_there || folder.is_empty() || files.keys().any(|path| path.starts_with(&prefix))) {
                return Err(missing(folder));
            }
            let inside = files.iter().filter_map(|(path, (bytes, at))| {
                let name = path.strip_prefix(&prefix).filter(|name| !name.contains('/'))?;
                Some(DirEntry { name: name.to_string(), size: bytes.len() as u64, modified: Some(*at), unreachable: false })
            });
            Ok(inside.collect())
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        Box::pin(async move {
            let files = self.files();
            Ok(files.get(contained(path)?).map(|(bytes, at)| DirEntry {
                name: leaf(path).to_string(),
                size: bytes.len() as u64,
                modified: Some(*at),
                unreachable: false,
            }))
        })
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let bytes = self.files().get(contained(path)?).map(|(bytes, _)| bytes.clone()).ok_or_else(|| missing(path))?;
            let length = bytes.len() as u64;
            if length.max(expected) > limit {
                return Err(too_large(path, length.max(expected), limit));
            }
            if length != expected {
                return Err(other_length(path, length, expected));
            }
            sink.put(&bytes)
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.files().insert(contained(path)?.to_string(), (bytes.to_vec(), Utc::now()));
            Ok(())
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut files = self.files();
            if files.contains_key(contained(to)?) {
                return Err(taken(to));
            }
            let file = files.remove(contained(from)?).ok_or_else(|| missing(from))?;
            files.insert(to.to_string(), file);
            Ok(())
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut files = self.files();
            let file = files.remove(contained(from)?).ok_or_else(|| missing(from))?;
            files.insert(contained(to)?.to_string(), file);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.files().remove(contained(path)?);
            Ok(())
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(contained(path)?.trim_matches('/').to_string());
            Ok(())
        })
    }

    fn name(&self) -> String {
        "memory".to_string()
    }
}
