//! Floor 2: the storage: the spool for messages in progress, archive and error for messages at rest, days of the archive in zips.
//!
//! **Invariant:** no thread of the runtime waits for the disk: each call does its work on a thread that may block.

mod archive;
mod digest;
mod fault;
mod marker;
mod names;
mod rollup;
mod spooling;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use futures_util::{StreamExt, stream};

use self::{
    archive::{EDITED, Folders},
    fault::{problem, step},
};
pub use self::{
    archive::{RefusedParts, private_folder, report},
    digest::digest,
    names::{name_with_id, safe_name},
    rollup::{ArchiveDay, Compacted, Original},
    spooling::{Spooled, Spooling, Unclaimed},
};
use crate::model::{Code, Mark, Message, MessageId, Problem};

/// Files synced at once.
const SYNCING: usize = 64;

/// Free bytes on the disk of a folder; none if the system does not report them.
pub fn free(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Folders below the workspace's storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage(Folders);

impl Storage {
    /// The storage at `root`; its folders are created, readable only by their owner.
    ///
    /// # Errors
    /// A folder cannot be created.
    pub fn open(root: &Path) -> Result<Self, Problem> {
        Folders::open(root).map(Self)
    }

    /// The storage at `root` as it is; nothing is created.
    pub fn as_it_is(root: &Path) -> Self {
        Self(Folders::as_it_is(root))
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.0.root()
    }

    /// Which journal belongs here, if that was written.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn marked(&self) -> Result<Option<Mark>, Problem> {
        self.run(|folders| marker::read(folders.root())).await
    }

    /// Writes which journal belongs here.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn mark(&self, mark: Mark) -> Result<(), Problem> {
        self.run(move |folders| marker::write(folders.root(), &mark)).await
    }

    /// How many files are in the storage, counted up to a limit.
    ///
    /// # Errors
    /// The work was interrupted.
    pub async fn files(&self) -> Result<usize, Problem> {
        const MOST: usize = 10_000;
        self.run(|folders| Ok(marker::files(folders.root(), MOST))).await
    }

    /// Free bytes on the disk of the storage; none if the system does not report them.
    pub fn free(&self) -> Option<u64> {
        free(self.root())
    }

    /// Does work with the storage on a thread that may block.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Folders) -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
        let folders = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&folders)).await;
        done.unwrap_or_else(|error| Err(Problem::new(Code::DropIo, "work on the storage was interrupted").because(error)))
    }

    /// Does work that concerns one message.
    async fn with<T: Send + 'static>(
        &self,
        message: &Message,
        work: impl FnOnce(&Folders, &Message) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let message = message.clone();
        self.run(move |folders| work(folders, &message)).await
    }

    /// Writes a message's bytes to the spool; when this returns they are on disk. Returns the path for the journal.
    ///
    /// # Errors
    /// No space, no permission; then nothing is left behind.
    pub async fn spool(&self, id: MessageId, bytes: Vec<u8>) -> Result<String, Problem> {
        self.run(move |folders| folders.spool(&id.to_string(), &bytes)).await
    }

    /// The same for an edited copy, which a command writes beside the process that has the lock and sweeps the spool.
    ///
    /// # Errors
    /// As [`Storage::spool`].
    pub async fn spool_edited(&self, id: MessageId, bytes: Vec<u8>) -> Result<String, Problem> {
        self.run(move |folders| folders.spool(&format!("{EDITED}{id}"), &bytes)).await
    }

    /// Removes the spooled bytes of an edited copy that was refused.
    pub async fn discard_edited(&self, id: MessageId) {
        self.discard([format!("{EDITED}{id}")]).await;
    }

    /// Opens a message's place in the spool for bytes that arrive in pieces.
    ///
    /// # Errors
    /// No space, no permission.
    pub fn spooling(&self, id: MessageId) -> Result<Spooling, Problem> {
        Spooling::begin(self.root().join("spool").join(id.to_string()))
    }

    /// Waits until the spooled bytes of these messages are on disk: side by side, so that the disk's own journal can take them
    /// together, and then the folder once.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn sync_spooled(&self, ids: Vec<MessageId>) -> Result<(), Problem> {
        if ids.is_empty() {
            return Ok(());
        }
        let spool = self.root().join("spool");
        let sync =
            |path: PathBuf| self.run(move |_| File::open(&path).and_then(|file| file.sync_all()).map_err(|error| problem(&path, &error)));
        let paths: Vec<PathBuf> = ids.into_iter().map(|id| spool.join(id.to_string())).collect();
        let mut syncing = stream::iter(paths).map(sync).buffer_unordered(SYNCING);
        while let Some(done) = syncing.next().await {
            done?;
        }
        sync(spool).await?;
        step("after sync")
    }

    /// The bytes of a file that was just spooled.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn spooled_bytes(&self, id: MessageId) -> Result<Vec<u8>, Problem> {
        self.run(move |folders| folders.spooled_bytes(id)).await
    }

    /// How often a whole file was read since this storage was opened: each time costs the disk and a digest.
    pub fn reads(&self) -> u64 {
        self.0.reads()
    }

    /// Names in the spool, each with its message. Files that a person's command has written within the last hour are left out.
    pub async fn spooled(&self) -> Vec<(String, String)> {
        self.run(|folders| Ok(folders.spooled())).await.unwrap_or_default()
    }

    /// Removes names from the spool. A file that cannot be removed now is swept at the next start.
    pub async fn discard<N: ToString>(&self, names: impl IntoIterator<Item = N>) {
        let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        if names.is_empty() {
            return;
        }
        let removed = self.run(move |folders| {
            names.iter().for_each(|name| folders.discard(name));
            Ok(())
        });
        if let Err(problem) = removed.await {
            tracing::warn!(code = problem.code.as_str(), cause = problem.causes(), "{}", problem.message);
        }
    }

    /// The original bytes of a message, checked against the digest in the journal.
    ///
    /// # Errors
    /// They are missing or were changed.
    pub async fn read(&self, message: &Message) -> Result<Vec<u8>, Problem> {
        self.with(message, Folders::read).await
    }

    /// The first bytes of a message's original, up to a limit; the digest is not checked.
    ///
    /// # Errors
    /// They are missing, or the disk fails.
    pub async fn head(&self, message: &Message, most: u64) -> Result<Vec<u8>, Problem> {
        self.with(message, move |folders, message| folders.head(message, most)).await
    }

    /// A message's bytes as a file, checked against the digest in the journal.
    ///
    /// # Errors
    /// They are missing or were changed.
    pub async fn place(&self, message: &Message) -> Result<Original, Problem> {
        self.with(message, Folders::place).await
    }

    /// The same for a message that is being processed: its file exists as long as the work takes, also after restarts.
    ///
    /// # Errors
    /// As [`Storage::place`].
    pub async fn work_place(&self, message: &Message) -> Result<PathBuf, Problem> {
        self.with(message, Folders::work_place).await
    }

    /// The refused part of a message, as it was written; none if somebody has removed it.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn left(&self, message: &Message) -> Result<Option<RefusedParts>, Problem> {
        self.with(message, |folders, message| folders.left(message)).await
    }

    /// Writes the refused part of a message beside the files that were refused completely, with its report; returns its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn leave(&self, message: &Message, bytes: Vec<u8>, problems: Vec<Problem>) -> Result<String, Problem> {
        self.with(message, move |folders, message| folders.leave(message, &bytes, &problems)).await
    }

    /// All places where a message's bytes can be, even if they are moved meanwhile: relative to the storage.
    pub fn all_places(&self, message: &Message) -> Vec<String> {
        self.0.all_places(message)
    }

    /// Moves a message's bytes to the folder of its stage and returns the new path. A failed one keeps its own name if that is free, and
    /// gets a report beside it.
    ///
    /// # Errors
    /// The file cannot be moved.
    pub async fn archive(&self, message: &Message, problems: &[Problem]) -> Result<String, Problem> {
        let problems = problems.to_vec();
        self.with(message, move |folders, message| folders.archive(message, &problems)).await
    }

    /// Removes an outbound message's earlier file from the archive before it is rendered again.
    ///
    /// # Errors
    /// The work was interrupted.
    pub async fn forget(&self, message: &Message) -> Result<(), Problem> {
        self.with(message, |folders, message| {
            folders.forget(message);
            Ok(())
        })
        .await
    }

    /// The report beside a failed message, as it was written.
    pub fn report_path(&self, message: &Message) -> PathBuf {
        self.0.report_path(message)
    }

    /// The days of the archive, oldest first.
    ///
    /// # Errors
    /// The work was interrupted.
    pub async fn days(&self) -> Result<Vec<ArchiveDay>, Problem> {
        self.run(|folders| Ok(rollup::days(folders.root()))).await
    }

    /// Compresses a day's folder into its zip, with the files that the zip already has. The files are removed after the zip is complete
    /// and on disk: a crash in between leaves both, and the next run repeats the work.
    ///
    /// # Errors
    /// The disk is full or fails; then the folder is unchanged.
    pub async fn roll(&self, day: &ArchiveDay) -> Result<Compacted, Problem> {
        let day = day.clone();
        self.run(move |folders| rollup::compact_day(folders.root(), &day)).await
    }

    /// Deletes a day of the archive.
    ///
    /// # Errors
    /// The work was interrupted.
    pub async fn delete(&self, day: &ArchiveDay) -> Result<(), Problem> {
        let day = day.clone();
        self.run(move |folders| {
            rollup::delete(folders.root(), &day);
            Ok(())
        })
        .await
    }

    /// Deletes the plans stored for messages of days before this one.
    ///
    /// # Errors
    /// The work was interrupted.
    pub async fn delete_plans(&self, before: NaiveDate) -> Result<(), Problem> {
        self.run(move |folders| {
            rollup::delete_plans(folders.root(), before);
            Ok(())
        })
        .await
    }

    /// The archive folder of a flow.
    pub fn archive_name(flow: &str) -> String {
        safe_name(flow)
    }
}
