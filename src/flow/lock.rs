//! One process writes a workspace at a time.

use std::fs::{File, TryLockError};

use crate::{
    config::Workspace,
    model::{Code, Problem},
};

/// Held while this process carries messages; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the workspace's lock.
    ///
    /// # Errors
    /// Another process has it.
    pub fn take(workspace: &Workspace) -> Result<Self, Problem> {
        let path = workspace.storage.join("lock");
        let unusable = |error: std::io::Error| {
            Problem::new(
                Code::Journal,
                format!("the storage folder {} cannot be used ({})", workspace.storage.display(), crate::model::problem::reason(&error)),
            )
        };
        super::private_folder(&workspace.storage).map_err(unusable)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Problem::new(Code::Locked, "another consign is at work on this workspace").hint("stop it first, or let it do the work"))
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}
