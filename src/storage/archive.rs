//! The storage folders, for a thread that may block: the spool for messages in progress, archive and error for messages at rest.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    digest::{digest, digest_of},
    fault::{problem, step},
    names::{is_ours, name_with_id, safe_name},
    rollup::{Original, compacted_original, is_compacted, open_compacted},
};
use crate::model::{Code, Message, MessageId, Problem, Stage, problem::shown};

/// Prefix of the names of edited copies in the spool. Commands write them beside the process that has the lock.
pub(super) const EDITED: &str = "edited-";

/// How long a command may take between writing bytes and writing their message to the journal.
const BY_A_COMMAND: Duration = Duration::from_secs(3600);

/// The refused part of a document whose rest was written to Odoo.
#[derive(Debug)]
pub struct RefusedParts {
    /// Path of the smaller file, relative to the storage.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Why.
    pub problems: Vec<Problem>,
}

/// Folders below the workspace's storage.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    root: PathBuf,
    reads: Arc<AtomicU64>,
}

impl Folders {
    /// The storage at `root`; its folders are created, readable only by their owner.
    ///
    /// # Errors
    /// A folder cannot be created.
    pub(super) fn open(root: &Path) -> Result<Self, Problem> {
        let storage = Self::as_it_is(root);
        private_folder(root)
            .and_then(|()| ["spool", "archive", "error"].iter().try_for_each(|folder| fs::create_dir_all(root.join(folder))))
            .map_err(|error| problem(root, &error))?;
        Ok(storage)
    }

    /// The storage at `root`; nothing is created.
    pub(super) fn as_it_is(root: &Path) -> Self {
        Self { root: root.to_path_buf(), reads: Arc::default() }
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a message's bytes to the spool; when this returns they are on disk. Returns the path for the journal.
    ///
    /// # Errors
    /// No space, no permission; then nothing is left behind.
    pub(super) fn spool(&self, name: &str, bytes: &[u8]) -> Result<String, Problem> {
        step("before spool")?;
        let name = format!("spool/{name}");
        let path = self.root.join(&name);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            File::open(self.root.join("spool"))?.sync_all()
        });
        match written {
            Ok(()) => step("after spool").map(|()| name),
            Err(error) => {
                // The partial file is useless; a failure to remove it adds nothing to the first error.
                let _ = fs::remove_file(&path);
                Err(problem(&path, &error))
            }
        }
    }

    /// How often a whole file was read.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn whole(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = fs::read(path)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(bytes)
    }

    fn digest_of(&self, path: &Path) -> io::Result<String> {
        let digest = digest_of(path)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(digest)
    }

    /// The bytes of a file that was just spooled.
    pub(super) fn spooled_bytes(&self, id: MessageId) -> Result<Vec<u8>, Problem> {
        let path = self.root.join("spool").join(id.to_string());
        self.whole(&path).map_err(|error| problem(&path, &error))
    }

    /// Names in the spool, each with its message. Files that a person's command has written within the last hour are left out: the
    /// command may be about to write its message to the journal.
    pub(super) fn spooled(&self) -> Vec<(String, String)> {
        let is_settled = |entry: &fs::DirEntry| {
            let age = entry.metadata().and_then(|file| file.modified()).ok().and_then(|at| at.elapsed().ok());
            age.is_some_and(|age| age > BY_A_COMMAND)
        };
        let named = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            match name.strip_prefix(EDITED) {
                Some(id) => is_settled(&entry).then(|| (name.clone(), id.to_string())),
                None => Some((name.clone(), name)),
            }
        };
        fs::read_dir(self.root.join("spool")).into_iter().flatten().flatten().filter_map(named).collect()
    }

    /// Removes a name from the spool.
    pub(super) fn discard(&self, name: &str) {
        // A file that cannot be removed now is tried again at the next start.
        let _ = fs::remove_file(self.root.join("spool").join(name));
    }

    /// The original bytes of a message, checked against the digest in the journal.
    ///
    /// # Errors
    /// They are missing or were changed.
    pub(super) fn read(&self, message: &Message) -> Result<Vec<u8>, Problem> {
        let lost = |why: &str| Problem::new(Code::OriginalLost, format!("the original of message {} {why}", message.id.short()));
        if message.stored.is_empty() {
            return Err(lost("was never stored"));
        }
        for place in std::iter::once(message.stored.clone()).chain(self.places(message)) {
            match self.whole(&self.root.join(&place)) {
                Ok(bytes) if digest(&bytes) == message.sha256 => return Ok(bytes),
                Ok(_) if place == message.stored => return Err(lost("was changed after it was stored")),
                // A disk error may be temporary.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(problem(&self.root.join(&place), &error)),
                _ => {}
            }
        }
        let mut bytes = Vec::new();
        match open_compacted(&self.root, &message.stored, &mut bytes)? {
            true if digest(&bytes) == message.sha256 => Ok(bytes),
            true => Err(lost("was changed after it was stored")),
            false => Err(lost("is missing from the storage")),
        }
    }

    /// The first bytes of a message's original.
    pub(super) fn head(&self, message: &Message, most: u64) -> Result<Vec<u8>, Problem> {
        let first = |path: &Path| {
            let mut first = Vec::new();
            File::open(path).and_then(|file| file.take(most).read_to_end(&mut first)).map(|_| first)
        };
        match first(&self.root.join(&message.stored)) {
            Ok(bytes) => Ok(bytes),
            Err(_) => {
                let place = self.place(message)?;
                first(&place).map_err(|error| problem(&place, &error))
            }
        }
    }

    /// A message's bytes as a file, checked against the digest in the journal.
    ///
    /// # Errors
    /// They are missing or were changed.
    pub(super) fn place(&self, message: &Message) -> Result<Original, Problem> {
        let lost = |why: &str| Problem::new(Code::OriginalLost, format!("the original of message {} {why}", message.id.short()));
        for place in std::iter::once(message.stored.clone()).chain(self.places(message)).filter(|place| !place.is_empty()) {
            let path = self.root.join(&place);
            match self.digest_of(&path) {
                Ok(found) if found == message.sha256 => return Ok(path.into()),
                Ok(_) if place == message.stored => return Err(lost("was changed after it was stored")),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(problem(&path, &error)),
                _ => {}
            }
        }
        let compacted_original = compacted_original(&self.root, message)?.ok_or_else(|| lost("is missing from the storage"))?;
        match self.digest_of(&compacted_original) {
            Ok(found) if found == message.sha256 => Ok(compacted_original),
            Ok(_) => Err(lost("was changed after it was stored")),
            Err(error) => Err(problem(&compacted_original, &error)),
        }
    }

    /// The same for a message that is being processed: its file exists as long as the work takes, also after restarts.
    ///
    /// # Errors
    /// As [`Storage::place`].
    pub(super) fn work_place(&self, message: &Message) -> Result<PathBuf, Problem> {
        let original = self.place(message)?;
        if !original.starts_with(self.root.join("spool")) || original.ends_with(message.id.to_string()) {
            return Ok(original.to_path_buf());
        }
        let path = self.root.join("spool").join(message.id.to_string());
        // Renamed within the spool: the guard finds nothing to remove.
        fs::rename(&*original, &path).map_err(|error| problem(&path, &error))?;
        Ok(path)
    }

    /// Writes the refused part of a message beside the files that were refused completely, with its report; returns its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn leave(&self, message: &Message, bytes: &[u8], problems: &[Problem]) -> Result<String, Problem> {
        let place = left_place(message);
        let to = self.root.join(&place);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| problem(folder, &error))?;
        }
        let mut text = format!(
            "These records of {} (flow {}, message {}) were refused; the others are in Odoo.\n\
             Correct them in this file and put it into the drop again.\n\n",
            shown(&message.name),
            message.flow,
            message.id
        );
        problems.iter().for_each(|problem| text.push_str(&format!("{problem}\n\n")));
        let data = serde_json::to_string_pretty(problems).unwrap_or_default();
        fs::write(&to, bytes).map_err(|error| problem(&to, &error))?;
        for (ending, content) in [("txt", text), ("json", data)] {
            let beside = format!("{}.problem.{ending}", to.display());
            fs::write(&beside, content).map_err(|error| problem(Path::new(&beside), &error))?;
        }
        Ok(place)
    }

    /// The refused part of a message, as it was written; none if somebody has removed it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn left(&self, message: &Message) -> Result<Option<RefusedParts>, Problem> {
        let place = left_place(message);
        let path = self.root.join(&place);
        let bytes = match self.whole(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| problem(&path, &error))?,
        };
        let beside = PathBuf::from(format!("{}.problem.json", path.display()));
        let reported = fs::read(&beside).map_err(|error| problem(&beside, &error))?;
        let problems = serde_json::from_slice(&reported).map_err(|error| {
            Problem::new(Code::OriginalLost, format!("`{place}.problem.json` is damaged"))
                .hint(format!("repair it, then the partner gets `{place}`; if the partner must not get it, remove both files"))
                .because(error)
        })?;
        Ok(Some(RefusedParts { name: place, bytes, problems }))
    }

    /// All places where a message's bytes can be, even if they are moved meanwhile: relative to the storage.
    pub(super) fn all_places(&self, message: &Message) -> Vec<String> {
        let mut all = vec![message.stored.clone()];
        all.extend(self.places(message));
        all.push(format!("archive/{}/{}.zip", safe_name(&message.flow), message.received.format("%Y-%m-%d")));
        all
    }

    /// All places where a message's bytes can be if the process died between a rename and the journal.
    fn places(&self, message: &Message) -> Vec<String> {
        vec![
            format!("spool/{}", message.id),
            self.archive_place(message),
            self.error_place(message, true),
            self.error_place(message, false),
        ]
    }

    fn archive_place(&self, message: &Message) -> String {
        format!("archive/{}/{}/{}", safe_name(&message.flow), message.received.format("%Y-%m-%d"), name_with_id(&message.name, message.id))
    }

    fn error_place(&self, message: &Message, with_id: bool) -> String {
        let name = if with_id { name_with_id(&message.name, message.id) } else { safe_name(&message.name) };
        format!("error/{}/{name}", safe_name(&message.flow))
    }

    /// Moves a message's bytes to the folder of its stage and returns the new path. A failed one keeps its own name if that is free, and
    /// gets a report beside it.
    ///
    /// # Errors
    /// The file cannot be moved.
    pub(super) fn archive(&self, message: &Message, problems: &[Problem]) -> Result<String, Problem> {
        step("before archive")?;
        let is_here =
            |place: &str| !message.sha256.is_empty() && self.digest_of(&self.root.join(place)).is_ok_and(|found| found == message.sha256);
        // A file in the spool with the message's id and size is the one that was read and validated: nobody else writes there, and a
        // change shows in the digest when it is read again.
        let own = format!("spool/{}", message.id);
        let is_whole = message.stored == own && message.code != Some(Code::OriginalLost);
        let is_own =
            |place: &str| is_whole && place == own && fs::metadata(self.root.join(place)).is_ok_and(|file| file.len() == message.size);
        let target = match message.stage {
            Stage::Failed => {
                let plain = self.error_place(message, false);
                let is_there = |name: &str| self.root.join(name).exists();
                // Free, or this file's own since an earlier try: then the journal names it, or the old place is empty. Another message may
                // have the same name and the same bytes. A message without bytes leaves only its report there.
                let is_mine = message.stored == plain || is_here(&plain) && !is_there(&message.stored);
                let free = is_mine || !(is_there(&plain) || is_there(&format!("{plain}.problem.txt")));
                if free && !is_ours(&safe_name(&message.name)) { plain } else { self.error_place(message, true) }
            }
            _ => self.archive_place(message),
        };
        self.clear_reports(message);
        let to = self.root.join(&target);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| problem(folder, &error))?;
        }
        // A reprocessed message with the same result may stay in the zip of its day.
        let stays = message.stage != Stage::Failed && message.stored == target && is_compacted(&self.root, message);
        if stays {
            self.discard(&message.id.to_string());
        }
        if !message.stored.is_empty() && !is_here(&target) && !stays {
            // After a crash between a rename and the journal, the bytes are where an earlier try put them.
            let places = std::iter::once(message.stored.clone()).chain(self.places(message));
            let source = match places.into_iter().find(|place| is_own(place) || is_here(place)) {
                Some(place) => self.root.join(place),
                None => self.work_place(message)?,
            };
            fs::rename(source, &to).map_err(|error| problem(&to, &error))?;
        }
        if message.stage == Stage::Failed {
            let text = report(message, problems);
            let data = serde_json::to_string_pretty(problems).unwrap_or_default();
            for (ending, content) in [("txt", text), ("json", data)] {
                let beside = format!("{}.problem.{ending}", to.display());
                fs::write(&beside, content).map_err(|error| problem(Path::new(&beside), &error))?;
            }
        }
        step("after archive")?;
        Ok(if message.stored.is_empty() { String::new() } else { target })
    }

    /// Removes an outbound message's earlier file from the archive before it is rendered again.
    pub(super) fn forget(&self, message: &Message) {
        if message.stored.starts_with("error/") {
            self.clear_reports(message);
            // A missing file is fine.
            let _ = fs::remove_file(self.root.join(&message.stored));
        }
    }

    fn clear_reports(&self, message: &Message) {
        for ending in ["txt", "json"] {
            // It exists only if the message failed before.
            let _ = fs::remove_file(self.root.join(format!("{}.problem.{ending}", message.stored)));
        }
    }

    /// The report beside a failed message, as it was written.
    pub(super) fn report_path(&self, message: &Message) -> PathBuf {
        self.root.join(format!("{}.problem.txt", message.stored))
    }
}

/// Path of the refused part of a message, relative to the storage.
fn left_place(message: &Message) -> String {
    let name = safe_name(&message.name);
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    format!("error/{}/{stem}.refused.{}{ending}", safe_name(&message.flow), message.id.short())
}

/// The problem report for ops: every problem, and what to do next.
pub fn report(message: &Message, problems: &[Problem]) -> String {
    let mut text = format!(
        "{} was refused at {}\nflow {}   message {}\n\n",
        shown(&message.name),
        message.updated.format("%Y-%m-%d %H:%M:%S UTC"),
        message.flow,
        message.id
    );
    for problem in problems {
        text.push_str(&format!("{problem}\n\n"));
    }
    text.push_str(&format!("When it is fixed, run\n    consign reprocess {}\n", message.id.short()));
    text
}

/// Creates a storage folder that only its owner can read: partners' documents are confidential.
///
/// # Errors
/// The system refuses it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
