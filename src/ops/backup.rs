//! A backup is one zip: a snapshot of the journal, the originals and reports in our storage, and the consultant's files. It contains no
//! secrets. Consign may run while it is made; it can be restored to a workspace that has no journal.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    config::Workspace,
    journal::Journal,
    model::{Code, Problem, problem::reason},
    pipeline,
    storage::Storage,
};

/// Description of a backup, from its first entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Backup {
    /// Kind of file, for people who open it.
    pub what: String,
    /// Layout of the file; this consign reads [`LAYOUT`].
    pub layout: u32,
    /// Version of consign that wrote it.
    pub consign: String,
    /// Time of the journal's snapshot; later messages are not in the backup.
    pub made: DateTime<Utc>,
}

/// The layout written and read.
pub const LAYOUT: u32 = 1;

pub(super) const ABOUT: &str = "backup.json";
pub(super) const JOURNAL: &str = "storage/journal.sqlite";
/// Files of a workspace that are saved: written by a consultant, or by doctor and trust. Keys and secrets are elsewhere.
const FILES: [&str; 2] = ["consign.toml", "known_hosts"];
/// Folders that are saved. With an extension, only such files are, as others could be keys.
const FOLDERS: [(&str, Option<&str>); 7] = [
    ("partners", Some("toml")),
    ("flows", Some("toml")),
    ("mappings", Some("toml")),
    ("tables", Some("csv")),
    ("templates", None),
    ("schemas", None),
    ("samples", None),
];

/// The folders of the storage that are saved.
const ARCHIVES: [&str; 4] = ["spool", "error", "archive", "plans"];

/// Whether a backup can have an entry of this name.
pub(super) fn saves(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    if name.contains(['\\', '\0']) || parts.iter().any(|part| part.is_empty() || part.starts_with('.')) {
        return false;
    }
    match parts.as_slice() {
        [_] => name == ABOUT,
        ["workspace", file] => FILES.contains(file) || Workspace::is_catalog_file(file),
        ["workspace", folder, .., file] => FOLDERS.iter().any(|(saved, ending)| {
            saved == folder && ending.is_none_or(|ending| Path::new(file).extension().is_some_and(|is| is == ending))
        }),
        ["storage", folder, _, ..] => ARCHIVES.contains(folder),
        _ => name == JOURNAL,
    }
}

/// Files that were saved or restored.
#[derive(Debug, Clone, Serialize)]
pub struct BackupContents {
    /// Description of the backup.
    pub about: Backup,
    /// Number of files, including the journal.
    pub files: usize,
    /// Size of the files in bytes.
    pub bytes: u64,
    /// Existing files of the workspace with different content; they were left unchanged.
    pub kept: Vec<String>,
    /// The first messages whose originals are missing from our storage, and therefore from the backup.
    pub lost: Vec<String>,
    /// Problems of restored flows that do not load.
    pub broken: Vec<Problem>,
}

/// Files below a folder, as paths relative to `root` with `/`. Names with a leading dot are our temporary files and left out.
fn walk(root: &Path, folder: &str, ending: Option<&str>, above: &mut Vec<PathBuf>, out: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    for entry in entries {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = match fs::metadata(root.join(&path)) {
            // It has moved meanwhile, or is a broken link.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            kind => kind?,
        };
        // A backslash is a path separator on other systems, so no backup contains one.
        if name.starts_with('.') || name.contains('\\') {
            continue;
        }
        if kind.is_dir() {
            // A link to a folder above itself would never end.
            let whole = match fs::canonicalize(root.join(&path)) {
                // A day that was compressed into its zip at this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                whole => whole?,
            };
            if !above.contains(&whole) {
                above.push(whole);
                walk(root, &path, ending, above, out)?;
                above.pop();
            }
        } else if kind.is_file() && ending.is_none_or(|ending| Path::new(&name).extension().is_some_and(|is| is == ending)) {
            out.push(path);
        }
    }
    Ok(())
}

/// Files in our storage, in the order in which they move: the spool first, the zips of whole days last.
fn archives(storage: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in ARCHIVES {
        walk(storage, folder, None, &mut Vec::new(), &mut files)?;
    }
    files.retain(|name| !name.ends_with(".zip.part"));
    files.sort_by_key(|name| name.starts_with("archive/") && name.ends_with(".zip"));
    Ok(files)
}

struct Writer {
    zip: ZipWriter<BufWriter<File>>,
    files: usize,
    bytes: u64,
    names: HashSet<String>,
}

impl Writer {
    /// Adds a file once. A file that has moved meanwhile is found in its new place.
    fn add(&mut self, name: &str, path: &Path) -> io::Result<()> {
        if self.names.contains(name) {
            return Ok(());
        }
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let method = if name.ends_with(".zip") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        // A file that grows while it is read must fit too.
        let is_large = file.metadata()?.len() > u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default().compression_method(method).large_file(is_large).unix_permissions(0o600);
        self.zip.start_file(name, options).map_err(io::Error::from)?;
        self.bytes += io::copy(&mut file, &mut self.zip)?;
        self.files += 1;
        self.names.insert(name.to_string());
        Ok(())
    }
}

pub(super) fn unable(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::Backup, format!("{} {what} ({error})", path.display()))
}

/// Writes a backup to a new file. Other processes may work on the workspace meanwhile.
///
/// # Errors
/// The file exists, or something cannot be read or written. In both cases no file is left behind.
pub async fn backup(workspace: &Workspace, to: &Path, now: DateTime<Utc>) -> Result<BackupContents, Problem> {
    if to.exists() {
        return Err(unable("already exists", to, &"nothing is overwritten").hint("name another file"));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let reported = |error: io::Error| unable("cannot be written", to, &reason(&error));
    let beside = || tempfile::Builder::new().prefix(".consign-backup-").tempfile_in(folder).map_err(reported);
    let (snapshot, part) = (beside()?, beside()?);
    // The journal first: every file that it names was there before it, and is found in its current place. A missing journal is not
    // created, as this may be the wrong folder.
    let here = workspace.storage.join(pipeline::JOURNAL);
    if !here.exists() {
        return Err(unable("is no journal", &here, &"it is not there")
            .hint("nothing has run in this workspace yet, or `--workspace` names the wrong one"));
    }
    // An empty journal, or one that does not belong here, is refused too: its backup would replace good ones in a rotation.
    pipeline::belongs(workspace).await?;
    let journal = Journal::open(&here).await?;
    let copied = journal.copy_to(snapshot.path()).await;
    journal.close().await;
    // The full disk is that of the backup.
    copied.map_err(|problem| if problem.code == Code::DiskFull { unable("cannot be written", to, &"no space left") } else { problem })?;
    let about = Backup {
        what: "backup of a consign workspace; `consign restore` brings it back".into(),
        layout: LAYOUT,
        consign: env!("CARGO_PKG_VERSION").into(),
        made: now,
    };
    let written = tokio::task::block_in_place(|| write(workspace, &about, snapshot.path(), part.path())).map_err(reported)?;
    let lost = lost(workspace, snapshot.path(), &written.names).await?;
    part.persist_noclobber(to).map_err(|error| reported(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(reported)?;
    Ok(BackupContents { about, files: written.files, bytes: written.bytes, kept: Vec::new(), lost, broken: Vec::new() })
}

/// The written files.
struct Written {
    files: usize,
    bytes: u64,
    names: HashSet<String>,
}

fn write(workspace: &Workspace, about: &Backup, snapshot: &Path, part: &Path) -> io::Result<Written> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(part)?));
    zip.start_file(ABOUT, SimpleFileOptions::default()).map_err(io::Error::from)?;
    zip.write_all(&serde_json::to_vec_pretty(about)?)?;
    let mut writer = Writer { zip, files: 0, bytes: 0, names: HashSet::new() };
    let mut files: Vec<String> = FILES.map(str::to_string).to_vec();
    files.extend(workspace.every_odoo().map(|(name, _)| Workspace::catalog_file(name)));
    for (folder, ending) in FOLDERS {
        walk(&workspace.root, folder, ending, &mut Vec::new(), &mut files)?;
    }
    for name in files {
        writer.add(&format!("workspace/{name}"), &workspace.root.join(&name))?;
    }
    // Twice: the second round finds files that moved between folders during the first.
    for _ in 0..2 {
        for name in archives(&workspace.storage)? {
            writer.add(&format!("storage/{name}"), &workspace.storage.join(&name))?;
        }
    }
    // The journal last: an interrupted restore leaves none, and can be repeated.
    writer.add(JOURNAL, snapshot)?;
    let (files, bytes, names) = (writer.files, writer.bytes, writer.names);
    let file = writer.zip.finish().map_err(io::Error::from)?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    // Verified before use: read completely, with every checksum.
    read_whole(&mut ZipArchive::new(BufReader::new(File::open(part)?)).map_err(io::Error::from)?)?;
    Ok(Written { files, bytes, names })
}

pub(super) fn read_whole(zip: &mut ZipArchive<BufReader<File>>) -> io::Result<()> {
    (0..zip.len()).try_for_each(|at| io::copy(&mut zip.by_index(at).map_err(io::Error::from)?, &mut io::sink()).map(|_| ()))
}

/// Messages read at once while checking that all originals are there.
const MESSAGES: u32 = 1000;
/// Maximum number of messages named whose originals are missing.
const NAMED: usize = 20;

/// Messages of the copied journal whose originals are missing from the backup, because they are missing from our storage.
async fn lost(workspace: &Workspace, snapshot: &Path, names: &HashSet<String>) -> Result<Vec<String>, Problem> {
    let (storage, journal) = (Storage::open(&workspace.storage)?, Journal::open(snapshot).await?);
    let (mut lost, mut number) = (Vec::new(), 0);
    loop {
        let (messages, last) = match journal.stored_after(number, MESSAGES).await {
            Ok((messages, _)) if messages.is_empty() => break,
            Ok(read) => read,
            Err(problem) => {
                journal.close().await;
                return Err(problem);
            }
        };
        number = last;
        for message in messages {
            let places = storage.all_places(&message);
            if places.iter().any(|place| names.contains(&format!("storage/{place}"))) {
                continue;
            }
            if storage.place(&message).await.is_ok() {
                journal.close().await;
                let text = format!("the original of message {} is in our storage, but the backup did not find it", message.id.short());
                return Err(Problem::new(Code::Backup, text).hint("repeat the backup; if it fails again, stop consign first"));
            }
            if lost.len() < NAMED {
                lost.push(message.id.short());
            }
        }
    }
    journal.close().await;
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_has_no_other_names_than_those_it_gives() {
        for name in [
            "backup.json",
            "storage/journal.sqlite",
            "storage/archive/orders/2026-01-02/a.xml",
            "workspace/consign.toml",
            "workspace/flows/a.toml",
            "workspace/schemas/x/y.xsd",
        ] {
            assert!(saves(name), "{name}");
        }
        for name in [
            "workspace/keys/id_ed25519",
            "workspace/.bashrc",
            "workspace/flows/a.sh",
            "storage/journal.sqlite-wal",
            "storage/.restored.sqlite",
            "storage/other/a",
            "other.json",
            "workspace/flows/../keys/a.toml",
            "storage/error/.ssh/a",
            "storage//error/a",
            "/etc/passwd",
            "",
        ] {
            assert!(!saves(name), "{name}");
        }
    }
}
