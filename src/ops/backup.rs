//! A backup is one zip: the journal as it was at one moment, the originals and reports on our shelves, and the files that a consultant
//! wrote. Secrets are not in it. It is made while consign runs, and brought back to a workspace that has no journal.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    config::Workspace,
    flow::{self, Lock, private_folder},
    journal::Journal,
    model::{Problem, Problems, codes, problem::reason},
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

const ABOUT: &str = "backup.json";
const JOURNAL: &str = "storage/journal.sqlite";
/// Files of a workspace that are saved: what a consultant writes and what doctor and trust keep. Keys and secrets lie elsewhere.
const FILES: [&str; 3] = ["consign.toml", "odoo-fields.json", "known_hosts"];
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

/// What was saved or brought back.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// Of the backup.
    pub about: Backup,
    /// Files in it, the journal included.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files of the workspace that were there already and say something else; they were left as they are.
    pub kept: Vec<String>,
}

/// Files of a folder and those below it, as paths relative to `root` with `/`; names with a leading dot are ours for a moment only.
fn walk(root: &Path, folder: &str, ending: Option<&str>, out: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        match entry.file_type() {
            _ if name.starts_with('.') => {}
            Ok(kind) if kind.is_dir() => walk(root, &path, ending, out),
            Ok(kind) if kind.is_file() && ending.is_none_or(|ending| Path::new(&name).extension().is_some_and(|is| is == ending)) => {
                out.push(path);
            }
            _ => {}
        }
    }
}

/// What lies on our shelves: what is under way first, since files leave the spool for the others and not the other way.
fn shelves(storage: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["spool", "error", "archive", "plans"] {
        walk(storage, folder, None, &mut files);
    }
    files.retain(|name| !name.ends_with(".part"));
    files
}

struct Writer {
    zip: ZipWriter<BufWriter<File>>,
    files: usize,
    bytes: u64,
}

impl Writer {
    /// Adds a file; one that went elsewhere meanwhile is not missed here.
    fn add(&mut self, name: &str, path: &Path) -> io::Result<()> {
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
        Ok(())
    }
}

fn unable(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(codes::BACKUP, format!("{} {what} ({error})", path.display()))
}

/// Writes a backup to a file that is not there yet. Others may work on the workspace meanwhile.
///
/// # Errors
/// The file is there, or something cannot be read or written; then no file is left.
pub async fn backup(workspace: &Workspace, to: &Path, now: DateTime<Utc>) -> Result<Done, Problem> {
    if to.exists() {
        return Err(unable("is there already", to, &"nothing is overwritten").hint("name another file"));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told = |error: io::Error| unable("cannot be written", to, &reason(&error));
    let beside = || tempfile::Builder::new().prefix(".consign-backup-").tempfile_in(folder).map_err(told);
    let (snapshot, part) = (beside()?, beside()?);
    // The journal first: every file that it names was there before it, and is found where it lies now.
    let journal = Journal::open(&workspace.storage.join(flow::JOURNAL)).await?;
    let copied = journal.copy_to(snapshot.path()).await;
    journal.close().await;
    copied?;
    let about = Backup {
        what: "backup of a consign workspace; `consign restore` brings it back".into(),
        layout: LAYOUT,
        consign: env!("CARGO_PKG_VERSION").into(),
        made: now,
    };
    let (files, bytes) = tokio::task::block_in_place(|| write(workspace, &about, snapshot.path(), part.path())).map_err(told)?;
    part.persist_noclobber(to).map_err(|error| told(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    Ok(Done { about, files, bytes, kept: Vec::new() })
}

fn write(workspace: &Workspace, about: &Backup, snapshot: &Path, part: &Path) -> io::Result<(usize, u64)> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(part)?));
    zip.start_file(ABOUT, SimpleFileOptions::default()).map_err(io::Error::from)?;
    zip.write_all(&serde_json::to_vec_pretty(about)?)?;
    let mut writer = Writer { zip, files: 0, bytes: 0 };
    for name in FILES {
        writer.add(&format!("workspace/{name}"), &workspace.root.join(name))?;
    }
    for (folder, ending) in FOLDERS {
        let mut files = Vec::new();
        walk(&workspace.root, folder, ending, &mut files);
        for name in files {
            writer.add(&format!("workspace/{name}"), &workspace.root.join(&name))?;
        }
    }
    // Twice: what moved from shelf to shelf while the first round read is met in the second.
    let mut seen = HashSet::new();
    for _ in 0..2 {
        for name in shelves(&workspace.storage) {
            if seen.insert(name.clone()) {
                writer.add(&format!("storage/{name}"), &workspace.storage.join(&name))?;
            }
        }
    }
    // Last, so that a restore that is broken off leaves none, and is done again.
    writer.add(JOURNAL, snapshot)?;
    let (files, bytes) = (writer.files, writer.bytes);
    let file = writer.zip.finish().map_err(io::Error::from)?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    // Read again as a whole, with every check sum, before it may be relied on.
    let mut again = ZipArchive::new(BufReader::new(File::open(part)?)).map_err(io::Error::from)?;
    for at in 0..again.len() {
        io::copy(&mut again.by_index(at).map_err(io::Error::from)?, &mut io::sink())?;
    }
    Ok((files, bytes))
}

/// Brings a backup back to a workspace that has no journal; its folder may be empty, or hold the files of the workspace already. One that
/// was broken off is done again.
///
/// # Errors
/// The file is no backup or damaged, the workspace has a journal, or something cannot be written.
pub async fn restore(from: &Path, root: &Path) -> Result<Done, Problems> {
    let one = |problem: Problem| vec![problem];
    let no_backup =
        |error: &dyn std::fmt::Display| unable("is no whole backup", from, error).hint("name a file that `consign backup` wrote");
    let file = File::open(from).map_err(|error| one(unable("cannot be read", from, &reason(&error))))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| one(no_backup(&error)))?;
    let about = about(&mut zip).map_err(|error| one(no_backup(&error)))?;
    if about.layout != LAYOUT {
        let why = format!("layout {}, and this consign reads {LAYOUT}", about.layout);
        return Err(one(no_backup(&why).hint(format!("use consign {}", about.consign))));
    }
    let mut done = Done { about, files: 0, bytes: 0, kept: Vec::new() };
    let told = |error: io::Error| one(unable("cannot be brought back", from, &reason(&error)));
    tokio::task::block_in_place(|| take(&mut zip, "workspace", root, &mut done)).map_err(told)?;
    let (workspace, _) = Workspace::load_whole_flows(root)?;
    let journal = workspace.storage.join(flow::JOURNAL);
    if journal.exists() {
        let taken = unable("has a journal already", root, &"nothing is overwritten");
        return Err(one(taken.hint("restore to a new folder, or move the storage of this one away first")));
    }
    private_folder(&workspace.storage).map_err(told)?;
    let _lock = Lock::take(&workspace).map_err(one)?;
    tokio::task::block_in_place(|| take(&mut zip, "storage", &workspace.storage, &mut done)).map_err(told)?;
    let restored = Journal::open(&journal).await.map_err(one)?;
    let whole = restored.is_whole().await;
    restored.close().await;
    whole.map_err(one)?;
    Ok(done)
}

fn about(zip: &mut ZipArchive<BufReader<File>>) -> io::Result<Backup> {
    let mut text = String::new();
    zip.by_name(ABOUT).map_err(io::Error::from)?.take(64 << 10).read_to_string(&mut text)?;
    serde_json::from_str(&text).map_err(io::Error::from)
}

/// The path of an entry below `part`, where it names nothing but folders and a file.
fn below(part: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    let inner = path.strip_prefix(part).ok().filter(|inner| is_plain && !inner.as_os_str().is_empty() && !name.contains('\\'))?;
    Some(inner.to_path_buf())
}

/// Takes the entries of one part out of a backup, in their order. Files of the workspace that are there stay; those of our shelves are
/// written anew, each under another name first.
fn take(zip: &mut ZipArchive<BufReader<File>>, part: &str, to: &Path, done: &mut Done) -> io::Result<()> {
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(io::Error::from)?;
        let name = entry.name().map_err(io::Error::from)?.into_owned();
        let Some(inner) = below(part, &name) else { continue };
        let path = to.join(&inner);
        let folder = path.parent().unwrap_or(to);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".restored-").tempfile_in(folder)?;
        done.bytes += io::copy(&mut entry, &mut file)?;
        file.flush()?;
        file.as_file().sync_all()?;
        done.files += 1;
        if part == "workspace" {
            if path.exists() {
                if fs::read(&path)? != fs::read(file.path())? {
                    done.kept.push(inner.to_string_lossy().into_owned());
                }
                continue;
            }
            readable(file.path())?;
        }
        file.persist(&path).map_err(|error| error.error)?;
    }
    Ok(())
}

/// What a consultant wrote is for others to read too, where the file mask lets them; our shelves are private.
fn readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_leaves_its_folder() {
        assert_eq!(below("storage", "storage/error/a.xml"), Some("error/a.xml".into()));
        for name in ["storage/../../etc/passwd", "/storage/a", "storage/./../a", "storage", "storage/", "workspace/a", "storage\\..\\a"] {
            assert_eq!(below("storage", name), None, "{name}");
        }
        assert_eq!(below("storage", "storage/a/../../b"), None);
    }
}
