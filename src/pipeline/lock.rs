//! One process writes a workspace at a time.

use std::{
    collections::BTreeSet,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    config::Workspace,
    model::{Code, Problem},
};

/// Held while this process carries messages; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    path: PathBuf,
}

/// Locks that this process holds: the system does not distinguish two locks of one process from locks of two processes.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(storage: &Path) -> PathBuf {
    storage.join("lock")
}

impl Drop for Lock {
    fn drop(&mut self) {
        held().remove(&self.path);
    }
}

impl Lock {
    /// Takes the workspace's lock.
    ///
    /// # Errors
    /// Another process has it.
    pub fn take(workspace: &Workspace) -> Result<Self, Problem> {
        let path = place(&workspace.storage);
        let unusable = |error: std::io::Error| {
            Problem::new(
                Code::Journal,
                format!("the storage folder {} cannot be used ({})", workspace.storage.display(), crate::model::problem::reason(&error)),
            )
        };
        crate::storage::private_folder(&workspace.storage).map_err(unusable)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {
                held().insert(path.clone());
                Ok(Self { _file: file, path })
            }
            Err(TryLockError::WouldBlock) => {
                Err(Problem::new(Code::Locked, "another consign is running on this workspace").hint("stop it first, or let it do the work"))
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Whether this process holds the workspace's lock.
    pub(super) fn is_held(workspace: &Workspace) -> bool {
        held().contains(&place(&workspace.storage))
    }
}
