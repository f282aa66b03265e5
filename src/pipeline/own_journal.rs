//! The journal of a workspace: opened if it belongs there, and watched while it is open.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::lock::Lock;
use crate::{
    config::Workspace,
    journal::{Before, Journal},
    model::{Code, Mark, Problem},
    storage::Storage,
};

/// The journal's file in the storage folder.
pub const JOURNAL: &str = "journal.sqlite";

/// An open journal, and its file.
pub(super) struct OwnJournal {
    pub(super) journal: Journal,
    path: PathBuf,
    /// The folder that its file really lies in.
    folder: Option<PathBuf>,
    /// Device and number of the file that is open.
    file: Option<(u64, u64)>,
    /// The journal's position according to the marker.
    marked: AtomicU64,
    /// The log says that the file is gone.
    logged: AtomicBool,
}

impl OwnJournal {
    /// Opens the journal of a workspace. A process that is alone with an earlier version upgrades it. A new journal is started only if
    /// there is no sign of an earlier one.
    pub(super) async fn open(workspace: &Workspace, storage: &Storage) -> Result<Self, Problem> {
        let path = workspace.storage.join(JOURNAL);
        // Before the journal: the marker is never ahead of it.
        let marker = storage.marked().await?;
        missing(&path, storage, marker.as_ref()).await?;
        let (journal, is_carried_over) = opened(workspace, &path).await?;
        // An upgraded journal has its name from now on: it may be the copy from before the upgrade, which somebody has restored.
        let marker = marker.filter(|_| !is_carried_over);
        other(&path, &journal.mark().await?, marker.as_ref())?;
        let marked = AtomicU64::new(marker.map_or(u64::MAX, |marker| marker.number));
        let folder = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_path_buf));
        let own = Self { file: inode(&path), journal, path, folder, marked, logged: AtomicBool::new(false) };
        own.mark(storage).await;
        Ok(own)
    }

    /// Records the journal's position beside it.
    pub(super) async fn mark(&self, storage: &Storage) {
        let Ok(mark) = self.journal.mark().await else { return };
        let number = mark.number;
        if self.marked.load(Ordering::Relaxed) == number {
            return;
        }
        // If it cannot be written now, the next run writes it: until then it shows an earlier position.
        if storage.mark(mark).await.is_ok() {
            self.marked.store(number, Ordering::Relaxed);
        }
    }

    /// Why the journal is of no use any more: its file was removed or replaced while open. Whatever is written to it is lost with this
    /// process.
    pub(super) fn gone(&self) -> Option<Problem> {
        if self.file.is_none() || inode(&self.path) == self.file {
            return None;
        }
        let text =
            format!("the journal {} was removed or replaced while consign was running: nothing is received or sent", self.path.display());
        Some(Problem::new(Code::JournalLost, text).hint("stop consign, restore the storage (`consign restore`), then start it again"))
    }

    /// The folder that its file really lies in.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether this is the first call: one line in the log is enough.
    pub(super) fn is_news(&self) -> bool {
        !self.logged.swap(true, Ordering::Relaxed)
    }
}

/// Refuses to start a new journal if there was one.
async fn missing(path: &Path, storage: &Storage, marker: Option<&Mark>) -> Result<(), Problem> {
    if Journal::is_there(path) {
        return Ok(());
    }
    let there_was = match (storage.files().await?, marker) {
        (0, None) => return Ok(()),
        (0, Some(_)) => "`journal.mark` says that there was one".to_string(),
        (files, _) => format!("the storage holds {files} files"),
    };
    let hint = "restore it (`consign restore BACKUP`); only if it is lost for good, start a new one: `consign init --new-journal`";
    Err(lost(format!("there is no journal at {}, and {there_was}", path.display()), hint))
}

/// Refuses a journal that does not belong there, or is an earlier copy.
fn other(path: &Path, mark: &Mark, marker: Option<&Mark>) -> Result<(), Problem> {
    let (path, Mark { journal, number }) = (path.display(), mark);
    let hint = "restore the right one; to accept this one: `consign init --accept-journal`, which holds what may have been sent already";
    match marker {
        Some(marker) if marker.journal != *journal => Err(lost(format!("{path} is not the journal that belongs to this storage"), hint)),
        Some(marker) if marker.number > *number => {
            let text = format!("{path} is an earlier copy: it ends at {number}, but the journal had reached {}", marker.number);
            Err(lost(text, hint))
        }
        _ => Ok(()),
    }
}

/// Checks that the journal of a workspace belongs there, or that none was started yet; returns whether there is one. Creates nothing.
///
/// # Errors
/// It does not belong there, or cannot be read.
pub async fn belongs(workspace: &Workspace) -> Result<bool, Problem> {
    let (path, storage) = (workspace.storage.join(JOURNAL), Storage::as_it_is(&workspace.storage));
    let marker = storage.marked().await?;
    missing(&path, &storage, marker.as_ref()).await?;
    if !Journal::is_there(&path) {
        return Ok(false);
    }
    let journal = Journal::open(&path).await?;
    let mark = journal.mark().await;
    journal.close().await;
    other(&path, &mark?, marker.as_ref())?;
    Ok(true)
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn lost(text: String, hint: &str) -> Problem {
    Problem::new(Code::JournalLost, text).hint(hint)
}

/// Opens the journal; returns whether it was upgraded from an earlier version.
async fn opened(workspace: &Workspace, path: &Path) -> Result<(Journal, bool), Problem> {
    match Journal::open(path).await {
        Err(problem) if problem.code == Code::EarlierJournal => {}
        opened => return Ok((opened?, false)),
    }
    let lock = if Lock::is_held(workspace) { None } else { Some(Lock::take(workspace)) };
    let _alone = lock.transpose().map_err(|problem| match problem.code {
        Code::Locked => Problem::new(Code::Locked, "the journal must be upgraded, and another consign is using it")
            .hint("stop the other consign, then start this one: it copies the old journal and upgrades it"),
        _ => problem,
    })?;
    Ok((Journal::open_as(path, Before::CopyAside).await?, true))
}
