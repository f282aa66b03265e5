//! A drop that lives in memory: for tests of flows, and the simplest reading of what a drop is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{Drop, Entry, contained, join, missing, taken, whole};
use crate::model::{BoxFuture, Problem};

/// Bytes and time of each file, by path.
type Files = BTreeMap<String, (Vec<u8>, DateTime<Utc>)>;

/// Files by path. Folders need not be made: a file's path makes them.
#[derive(Debug, Default)]
pub struct MemoryDrop {
    files: Mutex<Files>,
}

impl MemoryDrop {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MemoryDrop {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<Entry>, Problem>> {
        Box::pin(async move {
            contained(folder)?;
            let prefix = join(folder, "");
            let files = self.files();
            let inside = files.iter().filter_map(|(path, (bytes, at))| {
                let name = path.strip_prefix(&prefix).filter(|name| !name.contains('/'))?;
                Some(Entry { name: name.to_string(), size: bytes.len() as u64, modified: Some(*at), unreachable: false })
            });
            Ok(inside.collect())
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<Entry>, Problem>> {
        Box::pin(async move {
            let files = self.files();
            Ok(files.get(contained(path)?).map(|(bytes, at)| Entry {
                name: path.rsplit('/').next().unwrap_or(path).to_string(),
                size: bytes.len() as u64,
                modified: Some(*at),
                unreachable: false,
            }))
        })
    }

    fn read<'a>(&'a self, path: &'a str, expected: u64, limit: u64) -> BoxFuture<'a, Result<Vec<u8>, Problem>> {
        Box::pin(async move {
            let bytes = self.files().get(contained(path)?).map(|(bytes, _)| bytes.clone()).ok_or_else(|| missing(path))?;
            whole(path, bytes, expected, limit)
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

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.files().remove(contained(path)?);
            Ok(())
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { contained(path).map(|_| ()) })
    }

    fn name(&self) -> String {
        "memory".to_string()
    }
}
