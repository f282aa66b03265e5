//! A backup is one zip: the journal as it was at one moment, the originals and reports in our storage, and the files that a consultant
//! wrote. Secrets are not in it. It is made while consign runs, and brought back to a workspace that has no journal.

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

/// What a backup is, as its first entry says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Backup {
    /// Kind of file, for people who open it.
    pub what: String,
    /// Layout of the file; this consign reads [`LAYOUT`].
    pub layout: u32,
    /// Version of consign that wrote it.
    pub consign: String,
    /// The moment of its journal; what came later is not in it.
    pub made: DateTime<Utc>,
}

/// The layout written and read.
pub const LAYOUT: u32 = 1;

pub(super) const ABOUT: &str = "backup.json";
pub(super) const JOURNAL: &str = "storage/journal.sqlite";
/// Files of a workspace that are saved: what a consultant writes and what doctor and trust keep. Keys and secrets lie elsewhere.
const FILES: [&str; 2] = ["consign.toml", "known_hosts"];
/// Its folders, each with the only ending saved of it, where others could be keys.
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
const SHELVES: [&str; 4] = ["spool", "error", "archive", "plans"];

/// Whether a backup has an entry of this name. What else is in a zip was put there by others.
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
        ["storage", folder, _, ..] => SHELVES.contains(folder),
        _ => name == JOURNAL,
    }
}

/// What was saved or brought back.
#[derive(Debug, Clone, Serialize)]
pub struct BackupContents {
    /// Of the backup.
    pub about: Backup,
    /// Files in it, the journal included.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files of the workspace that were there already and say something else; they were left as they are.
    pub kept: Vec<String>,
    /// Messages whose originals are not in our storage any more, the first of them, so that they are not in the backup either.
    pub lost: Vec<String>,
    /// What is wrong with flows that came back and do not work.
    pub broken: Vec<Problem>,
}

/// Files of a folder and those below it, as paths relative to `root` with `/`; names with a leading dot are ours for a moment only.
fn walk(root: &Path, folder: &str, ending: Option<&str>, above: &mut Vec<PathBuf>, out: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    for entry in entries {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = match fs::metadata(root.join(&path)) {
            // It went elsewhere meanwhile, or is a link to nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            kind => kind?,
        };
        // A backslash in a name is a separator elsewhere: no backup has one.
        if name.starts_with('.') || name.contains('\\') {
            continue;
        }
        if kind.is_dir() {
            // A link that leads back to a folder above it would lead on for ever.
            let whole = match fs::canonicalize(root.join(&path)) {
                // A day that was rolled into its zip in this moment.
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

/// What lies in our storage: what is under way first, since files leave the spool for the others and not the other way, and days in
/// zips last, since files go into them.
fn archives(storage: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in SHELVES {
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
    /// Adds a file, once; one that went elsewhere meanwhile is met there.
    fn add(&mut self, name: &str, path: &Path) -> io::Result<()> {
        if self.names.contains(name) {
            return Ok(());
        }
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let method = if name.ends_with(".zip") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        // One that grows while it is read must fit as well.
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

/// Writes a backup to a file that is not there yet. Others may work on the workspace meanwhile.
///
/// # Errors
/// The file is there, or something cannot be read or written; then no file is left.
pub async fn backup(workspace: &Workspace, to: &Path, now: DateTime<Utc>) -> Result<BackupContents, Problem> {
    if to.exists() {
        return Err(unable("is there already", to, &"nothing is overwritten").hint("name another file"));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let reported = |error: io::Error| unable("cannot be written", to, &reason(&error));
    let beside = || tempfile::Builder::new().prefix(".consign-backup-").tempfile_in(folder).map_err(reported);
    let (snapshot, part) = (beside()?, beside()?);
    // The journal first: every file that it names was there before it, and is found where it lies now. One that is not there is not
    // made: it may be the wrong folder.
    let here = workspace.storage.join(pipeline::JOURNAL);
    if !here.exists() {
        return Err(unable("is no journal", &here, &"it is not there")
            .hint("nothing has run in this workspace yet, or `--workspace` names another"));
    }
    // Nor is one that is empty taken for a journal, or one that does not belong here: good backups would be rolled away for it.
    pipeline::belongs(workspace).await?;
    let journal = Journal::open(&here).await?;
    let copied = journal.copy_to(snapshot.path()).await;
    journal.close().await;
    // It is the disk of the backup that is full.
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

/// What was written.
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
    // Twice: what moved from folder to folder while the first round read is met in the second.
    for _ in 0..2 {
        for name in archives(&workspace.storage)? {
            writer.add(&format!("storage/{name}"), &workspace.storage.join(&name))?;
        }
    }
    // Last, so that a restore that is broken off leaves none, and is done again.
    writer.add(JOURNAL, snapshot)?;
    let (files, bytes, names) = (writer.files, writer.bytes, writer.names);
    let file = writer.zip.finish().map_err(io::Error::from)?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    // Read again as a whole, with every check sum, before it may be relied on.
    read_whole(&mut ZipArchive::new(BufReader::new(File::open(part)?)).map_err(io::Error::from)?)?;
    Ok(Written { files, bytes, names })
}

pub(super) fn read_whole(zip: &mut ZipArchive<BufReader<File>>) -> io::Result<()> {
    (0..zip.len()).try_for_each(|at| io::copy(&mut zip.by_index(at).map_err(io::Error::from)?, &mut io::sink()).map(|_| ()))
}

/// Messages read at once when it is looked whether all originals are there.
const MESSAGES: u32 = 1000;
/// Messages named whose originals are not.
const NAMED: usize = 20;

/// Messages of the copied journal whose originals are not in the backup: none but those that are not in our storage either.
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
                let text = format!("the original of message {} is in our storage and came into no round of the backup", message.id.short());
                return Err(Problem::new(Code::Backup, text).hint("make it again; where it happens again, stop consign first"));
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
