//! Our own shelves: the spool for what is under way, archive and error for what is at rest. Nothing here is named by the partner
//! without being made safe.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::rolled::Original;
use crate::{
    journal::Message,
    model::{
        Code, MessageId, Problem, Stage, names,
        problem::{reason, shown},
        step::{Outside, step},
    },
    transport::Sink,
};

/// Bytes gathered before they are written.
const PART: usize = 128 << 10;
/// Files synced at once.
const SYNCING: usize = 64;

/// A file on its way into the spool. Discarded before it is finished, it leaves nothing behind.
pub(super) struct Spooling {
    file: Option<BufWriter<File>>,
    path: PathBuf,
    hash: Sha256,
}

impl Sink for Spooling {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.hash.update(bytes);
        match &mut self.file {
            Some(file) => file.write_all(bytes).map_err(|error| problem(&self.path, &error)),
            None => Ok(()),
        }
    }
}

impl Spooling {
    /// Ends the file: its path for the journal, and the digest of its bytes. It is on disk after [`Storage::settle`].
    pub(super) fn finish(mut self) -> Result<(String, String), Problem> {
        if let Some(file) = self.file.as_mut() {
            file.flush().map_err(|error| problem(&self.path, &error))?;
        }
        self.file = None;
        step(Outside::Storage, "after spool")?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let digest = std::mem::take(&mut self.hash).finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((format!("spool/{name}"), digest))
    }
}

impl std::ops::Drop for Spooling {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed now is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Folders below the workspace's storage.
#[derive(Debug, Clone)]
pub struct Storage {
    root: PathBuf,
}

/// SHA-256 of bytes, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of a file, hexadecimal, whatever its size.
pub(super) fn digest_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut chunk) = (File::open(path)?, Sha256::new(), vec![0; PART]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => hash.update(&chunk[..count]),
        }
    }
}

/// Bytes of a name on our shelves; with an id and `.problem.json` it stays below the 255 that file systems allow.
const LONGEST: usize = 150;

/// A partner's file name made safe: no separators, no control characters, no leading dot or dash; one that is too long is cut before
/// its ending.
pub fn safe_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_control() || names::byte(c).is_some() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                '-'
            } else {
                c
            }
        })
        .collect();
    let clean = clean.trim_start_matches(['.', '-', ' ']).trim_end_matches([' ', '.']);
    let (stem, ending) = match clean.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (clean, String::new()),
    };
    let mut cut = stem.len().min(LONGEST - ending.len());
    while !stem.is_char_boundary(cut) {
        cut -= 1;
    }
    let name = format!("{}{ending}", &stem[..cut]);
    if name.trim_start_matches('.').is_empty() { "unnamed".to_string() } else { name }
}

/// The name with the message's short id before its ending: `order-778.1a2b3c4d.xml`.
pub fn name_with_id(name: &str, id: MessageId) -> String {
    let name = safe_name(name);
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}.{}.{ending}", id.short()),
        _ => format!("{name}.{}", id.short()),
    }
}

impl Storage {
    /// The storage at `root`; its folders are made, readable by their owner only.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn open(root: &Path) -> Result<Self, Problem> {
        let storage = Self { root: root.to_path_buf() };
        super::private_folder(root)
            .and_then(|()| ["spool", "archive", "error"].iter().try_for_each(|folder| fs::create_dir_all(root.join(folder))))
            .map_err(|error| problem(root, &error))?;
        Ok(storage)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a message's bytes to the spool; when this returns they are on disk. Gives the path for the journal.
    ///
    /// # Errors
    /// No space, no permission; then nothing is left behind.
    pub fn spool(&self, id: MessageId, bytes: &[u8]) -> Result<String, Problem> {
        step(Outside::Storage, "before spool")?;
        let name = format!("spool/{id}");
        let path = self.root.join(&name);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            File::open(self.root.join("spool"))?.sync_all()
        });
        match written {
            Ok(()) => step(Outside::Storage, "after spool").map(|()| name),
            Err(error) => {
                // What was written is useless; that it cannot be removed either is no news beside the first error.
                let _ = fs::remove_file(&path);
                Err(problem(&path, &error))
            }
        }
    }

    /// Opens a message's place in the spool for bytes that come piece by piece.
    ///
    /// # Errors
    /// No space, no permission.
    pub(super) fn spooling(&self, id: MessageId) -> Result<Spooling, Problem> {
        step(Outside::Storage, "before spool")?;
        let path = self.root.join("spool").join(id.to_string());
        match File::create(&path) {
            Ok(file) => Ok(Spooling { file: Some(BufWriter::with_capacity(PART, file)), path, hash: Sha256::new() }),
            Err(error) => Err(problem(&path, &error)),
        }
    }

    /// Waits until the spooled bytes of these messages are on disk: side by side, so that the disk's own journal can take them
    /// together, and then the folder once.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) async fn settle(&self, ids: Vec<MessageId>) -> Result<(), Problem> {
        if ids.is_empty() {
            return Ok(());
        }
        let spool = self.root.join("spool");
        let sync = |path: PathBuf| move || File::open(&path).and_then(|file| file.sync_all()).map_err(|error| problem(&path, &error));
        let paths: Vec<PathBuf> = ids.into_iter().map(|id| spool.join(id.to_string())).collect();
        let mut syncing = stream::iter(paths).map(|path| tokio::task::spawn_blocking(sync(path))).buffer_unordered(SYNCING);
        let failed = || Problem::new(Code::DropIo, "our storage could not be synced");
        while let Some(done) = syncing.next().await {
            done.map_err(|_| failed())??;
        }
        tokio::task::spawn_blocking(sync(spool)).await.map_err(|_| failed())??;
        step(Outside::Storage, "after sync")
    }

    /// The bytes of a file that was just spooled.
    pub(super) fn spooled_bytes(&self, id: MessageId) -> Result<Vec<u8>, Problem> {
        let path = self.root.join("spool").join(id.to_string());
        fs::read(&path).map_err(|error| problem(&path, &error))
    }

    /// Names in the spool.
    pub(super) fn spooled(&self) -> Vec<String> {
        fs::read_dir(self.root.join("spool"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }

    /// Removes a name from the spool.
    pub(super) fn discard(&self, name: &str) {
        // What cannot be removed now is tried again at the next start.
        let _ = fs::remove_file(self.root.join("spool").join(name));
    }

    /// The original bytes of a message, checked against the digest the journal has.
    ///
    /// # Errors
    /// They are gone or were changed.
    pub fn read(&self, message: &Message) -> Result<Vec<u8>, Problem> {
        let lost = |why: &str| Problem::new(Code::OriginalLost, format!("the original of message {} {why}", message.id.short()));
        if message.stored.is_empty() {
            return Err(lost("was never taken"));
        }
        for place in std::iter::once(message.stored.clone()).chain(self.places(message)) {
            match fs::read(self.root.join(&place)) {
                Ok(bytes) if digest(&bytes) == message.sha256 => return Ok(bytes),
                Ok(_) if place == message.stored => return Err(lost("was changed by someone")),
                // A disk that fails today may read tomorrow.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(problem(&self.root.join(&place), &error)),
                _ => {}
            }
        }
        let mut bytes = Vec::new();
        match self.unroll(&message.stored, &mut bytes)? {
            true if digest(&bytes) == message.sha256 => Ok(bytes),
            true => Err(lost("was changed by someone")),
            false => Err(lost("is not where it was put")),
        }
    }

    /// A message's bytes as a file, once they are seen to be those that came.
    ///
    /// # Errors
    /// They are gone or were changed.
    pub fn place(&self, message: &Message) -> Result<Original, Problem> {
        let lost = |why: &str| Problem::new(Code::OriginalLost, format!("the original of message {} {why}", message.id.short()));
        for place in std::iter::once(message.stored.clone()).chain(self.places(message)).filter(|place| !place.is_empty()) {
            let path = self.root.join(&place);
            match digest_of(&path) {
                Ok(found) if found == message.sha256 => return Ok(path.into()),
                Ok(_) if place == message.stored => return Err(lost("was changed by someone")),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(problem(&path, &error)),
                _ => {}
            }
        }
        let unrolled = self.unrolled(message)?.ok_or_else(|| lost("is not where it was put"))?;
        match digest_of(&unrolled) {
            Ok(found) if found == message.sha256 => Ok(unrolled),
            Ok(_) => Err(lost("was changed by someone")),
            Err(error) => Err(problem(&unrolled, &error)),
        }
    }

    /// The same for a message that is worked on: its file is there for as long as the work takes, over restarts too.
    ///
    /// # Errors
    /// As [`Storage::place`].
    pub(super) fn work_place(&self, message: &Message) -> Result<PathBuf, Problem> {
        let original = self.place(message)?;
        if !original.starts_with(self.root.join("spool")) || original.ends_with(message.id.to_string()) {
            return Ok(original.to_path_buf());
        }
        let path = self.root.join("spool").join(message.id.to_string());
        // The way from one name of the spool to another: the guard finds nothing to remove.
        fs::rename(&*original, &path).map_err(|error| problem(&path, &error))?;
        Ok(path)
    }

    /// Writes what was refused of a message beside the files that were refused whole, with its report; gives its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn leave(&self, message: &Message, bytes: &[u8], problems: &[Problem]) -> Result<String, Problem> {
        let name = safe_name(&message.name);
        let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(stem, ending)| (stem, format!(".{ending}")));
        let place = format!("error/{}/{stem}.refused.{}{ending}", safe_name(&message.flow), message.id.short());
        let to = self.root.join(&place);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| problem(folder, &error))?;
        }
        let mut text = format!(
            "These records of {} (flow {}, message {}) were refused; the others went in.\nCorrect them in this file and drop it again.\n\n",
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

    /// Everywhere a message's bytes can be, whatever is moved meanwhile: relative to the storage.
    pub fn all_places(&self, message: &Message) -> Vec<String> {
        let mut all = vec![message.stored.clone()];
        all.extend(self.places(message));
        all.push(format!("archive/{}/{}.zip", safe_name(&message.flow), message.received.format("%Y-%m-%d")));
        all
    }

    /// Everywhere a message's bytes can be, should the process have died between a rename and the journal.
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

    /// Puts a message's bytes on the shelf of its stage and gives the new path. A failed one keeps its own name where that is free,
    /// and has its problems beside it.
    ///
    /// # Errors
    /// The file cannot be moved.
    pub fn shelve(&self, message: &Message, problems: &[Problem]) -> Result<String, Problem> {
        step(Outside::Storage, "before shelve")?;
        let is_here =
            |place: &str| !message.sha256.is_empty() && digest_of(&self.root.join(place)).is_ok_and(|found| found == message.sha256);
        let target = match message.stage {
            Stage::Failed => {
                let plain = self.error_place(message, false);
                let is_there = |name: &str| self.root.join(name).exists();
                // Free, or taken by this very file at an earlier try. A message without bytes leaves only its report there.
                let free = is_here(&plain) || !(is_there(&plain) || is_there(&format!("{plain}.problem.txt")));
                if free { plain } else { self.error_place(message, true) }
            }
            _ => self.archive_place(message),
        };
        self.clear_reports(message);
        let to = self.root.join(&target);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| problem(folder, &error))?;
        }
        // What is done again as it was done before may stay in the zip of its day.
        let stays = message.stage != Stage::Failed && message.stored == target && self.is_rolled(message);
        if stays {
            self.discard(&message.id.to_string());
        }
        if !message.stored.is_empty() && !is_here(&target) && !stays {
            // After a crash between a rename and the journal the bytes lie where an earlier try put them.
            let places = std::iter::once(message.stored.clone()).chain(self.places(message));
            let source = match places.into_iter().find(|place| is_here(place)) {
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
        step(Outside::Storage, "after shelve")?;
        Ok(if message.stored.is_empty() { String::new() } else { target })
    }

    /// Removes what an outbound message left on a shelf before it was rendered anew.
    pub(super) fn forget(&self, message: &Message) {
        if message.stored.starts_with("error/") {
            self.clear_reports(message);
            // Gone already is as good.
            let _ = fs::remove_file(self.root.join(&message.stored));
        }
    }

    fn clear_reports(&self, message: &Message) {
        for ending in ["txt", "json"] {
            // There is none unless the message failed before.
            let _ = fs::remove_file(self.root.join(format!("{}.problem.{ending}", message.stored)));
        }
    }

    /// The report beside a failed message, as it was written.
    pub fn report_path(&self, message: &Message) -> PathBuf {
        self.root.join(format!("{}.problem.txt", message.stored))
    }
}

/// The problem report for ops: every problem, and how to go on.
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
    text.push_str(&format!("When it is mended, run\n    consign reprocess {}\n", message.id.short()));
    text
}

fn problem(path: &Path, error: &io::Error) -> Problem {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("no space left in our storage for `{name}`"))
                .hint("make room; the file stays where it is and is taken by itself afterwards")
        }
        _ => Problem::new(Code::DropIo, format!("our storage cannot be used at `{name}`: {}", reason(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_partner_leaves_its_folder() {
        for name in ["../../etc/passwd", "/abs", "a\0b", "..", "", "-rf", ".hidden", "C:\\x", "x\n.xml"] {
            let safe = safe_name(name);
            assert!(!safe.contains(['/', '\\', '\0', '\n']) && !safe.starts_with(['.', '-']) && !safe.is_empty(), "{name:?} -> {safe:?}");
        }
        let long = format!("{}.xml", "\u{20ac}".repeat(100));
        assert!(safe_name(&long).len() <= LONGEST && safe_name(&long).ends_with("\u{20ac}.xml"));
        let id = MessageId::new();
        assert_eq!(name_with_id("order-778.xml", id), format!("order-778.{}.xml", id.short()));
    }
}
