//! A backup brought back to a workspace that has no journal. What the journal of then does not know is not done a second time.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _, Write as _},
    path::{Component, Path, PathBuf},
};

use chrono::{DateTime, Utc};
use zip::ZipArchive;

use super::backup::{ABOUT, Backup, BackupContents, JOURNAL, LAYOUT, read_whole, saves, unable};
use crate::{
    config::{Flow, Workspace},
    endpoint,
    journal::{AuditEntry, Before, Filter, Journal},
    model::{
        Problem, Problems, Stage,
        problem::{cut, reason, shown},
        toml_reader::{self, TomlItem},
    },
    pipeline::{self, Lock},
    storage::{Storage, private_folder},
    transport::contained,
};

/// Reads a backup as a whole, with every check sum, and writes nothing.
///
/// # Errors
/// The file is no backup, or damaged.
pub fn check(from: &Path) -> Result<BackupContents, Problem> {
    let (mut zip, about) = opened(from)?;
    // Without the page that says what it is.
    let files = zip.len().saturating_sub(1);
    tokio::task::block_in_place(|| read_whole(&mut zip)).map_err(|error| no_backup(from, &error))?;
    Ok(BackupContents { about, files, bytes: 0, kept: Vec::new(), lost: Vec::new(), broken: Vec::new() })
}

fn no_backup(from: &Path, error: &dyn std::fmt::Display) -> Problem {
    unable("is no whole backup", from, error).hint("name a file that `consign backup` wrote")
}

fn opened(from: &Path) -> Result<(ZipArchive<BufReader<File>>, Backup), Problem> {
    let file = File::open(from).map_err(|error| unable("cannot be read", from, &reason(&error)))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| no_backup(from, &error))?;
    let about = about(&mut zip).map_err(|error| no_backup(from, &error))?;
    if about.layout != LAYOUT {
        let why = format!("layout {}, and this consign reads {LAYOUT}", about.layout);
        return Err(no_backup(from, &why).hint(format!("use consign {}", about.consign)));
    }
    // Before anything is written: what somebody has put into it, or taken out, makes it another thing than a backup.
    for name in zip.file_names() {
        let name = name.map_err(|error| no_backup(from, &error))?;
        if !saves(&name) {
            return Err(no_backup(from, &format!("it has `{}`, which no backup has", shown(&cut(&name)))));
        }
    }
    if zip.index_for_name(JOURNAL).is_none() {
        return Err(no_backup(from, &"it has no journal"));
    }
    Ok((zip, about))
}

/// Refuses a backup that would bring its storage to a folder outside of the workspace, unless the workspace says so itself.
fn stays_inside(zip: &mut ZipArchive<BufReader<File>>, from: &Path, root: &Path) -> Result<(), Problem> {
    if root.join("consign.toml").exists() {
        return Ok(());
    }
    let mut text = String::new();
    let read =
        zip.by_name("workspace/consign.toml").map_err(io::Error::from).and_then(|entry| entry.take(LARGEST).read_to_string(&mut text));
    read.map_err(|error| no_backup(from, &reason(&error)))?;
    let storage = toml_reader::parse(&text, "consign.toml").ok().and_then(|node| match node.item {
        TomlItem::Table(entries) => entries.into_iter().find(|entry| entry.key == "storage").map(|entry| entry.node.item),
        _ => None,
    });
    match storage {
        Some(TomlItem::Text(storage)) if contained(&storage).is_err() => {
            let problem = unable("keeps its storage outside of the workspace", from, &shown(&cut(&storage)));
            Err(problem.hint(format!(
                "put a consign.toml that names the storage which you mean into {} first: it is kept. That of the backup is workspace/consign.toml in the zip",
                root.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Bytes of a consign.toml.
const LARGEST: u64 = 1 << 20;

/// Brings a backup back to a workspace that has no journal; its folder may be empty, or hold the files of the workspace already. One that
/// was broken off is done again.
///
/// # Errors
/// The file is no backup or damaged, the workspace has a journal, or something cannot be written.
pub async fn restore(from: &Path, root: &Path) -> Result<BackupContents, Problems> {
    let (mut zip, about) = opened(from)?;
    stays_inside(&mut zip, from, root)?;
    // Before anything is written: a workspace that is in use must not get files back that were removed from it.
    if root.join("consign.toml").exists() {
        let (workspace, _) = endpoint::load_whole_flows(root)?;
        is_free(root, &workspace.storage)?;
    }
    is_free(root, &root.join("var"))?;
    let made = about.made;
    let mut done = BackupContents { about, files: 0, bytes: 0, kept: Vec::new(), lost: Vec::new(), broken: Vec::new() };
    let reported = |error: io::Error| Problems::from(unable("cannot be brought back", from, &reason(&error)));
    tokio::task::block_in_place(|| take(&mut zip, "workspace", root, &mut done)).map_err(reported)?;
    let (workspace, broken) = endpoint::load_whole_flows(root)?;
    is_free(root, &workspace.storage)?;
    private_folder(&workspace.storage).map_err(reported)?;
    let _lock = Lock::take(&workspace)?;
    // Under another name until it may be run: whatever breaks this off leaves no journal, and it is done again.
    let unsettled = workspace.storage.join(UNSETTLED);
    for ending in ["", "-wal", "-shm"] {
        // Left by one that was broken off; mostly there is none.
        let _ = fs::remove_file(workspace.storage.join(format!("{UNSETTLED}{ending}")));
    }
    tokio::task::block_in_place(|| take(&mut zip, "storage", &workspace.storage, &mut done)).map_err(reported)?;
    let restored = Journal::open_as(&unsettled, Before::IsACopy).await?;
    let settled = settle(&restored, &workspace, made).await;
    let mark = restored.mark().await;
    restored.close().await;
    settled?;
    let mark = mark?;
    // From now on this is the journal that belongs here. Before it has its name: whatever breaks this off leaves no journal.
    Storage::open(&workspace.storage)?.mark(mark).await?;
    fs::rename(&unsettled, workspace.storage.join(pipeline::JOURNAL)).map_err(reported)?;
    File::open(&workspace.storage).and_then(|folder| folder.sync_all()).map_err(reported)?;
    done.broken = broken;
    Ok(done)
}

/// The journal while it is not known yet what must be held.
const UNSETTLED: &str = ".restored.sqlite";

/// Refuses a storage that has a journal, or what one leaves behind: a copy laid beside it would be mixed with it.
fn is_free(root: &Path, storage: &Path) -> Result<(), Problem> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        if storage.join(format!("{}{ending}", pipeline::JOURNAL)).exists() {
            let taken = unable("has a journal already", root, &"nothing is overwritten");
            return Err(taken.hint("restore to a new folder, or move the storage of this one away first, as a whole"));
        }
    }
    Ok(())
}

/// What the restored journal does not know must not be done a second time: what outbound flows find next is held, and so is what they
/// were sending when it was copied.
pub(super) async fn settle(journal: &Journal, workspace: &Workspace, made: DateTime<Utc>) -> Result<(), Problem> {
    journal.is_whole().await?;
    let sends = |flow: &&Flow| flow.sends();
    let mut flows: Vec<String> = workspace.flows.values().filter(sends).map(|flow| flow.id.clone()).collect();
    // Those that do not load now, and are mended later, have sent all the same.
    flows.extend(journal.sending_flows().await?);
    flows.sort();
    flows.dedup();
    journal.mark_restored(&flows, made).await?;
    let stages = Stage::UNDER_WAY.into_iter().chain([Stage::Waiting]).collect();
    let filter = Filter { flows, stages, limit: u32::MAX, ..Filter::default() };
    if filter.flows.is_empty() {
        return Ok(());
    }
    let entry =
        AuditEntry { reason: Some("it may have been sent after the backup was made".into()), ..AuditEntry::new("consign restore", "hold") };
    let now = Utc::now();
    for mut message in journal.list(&filter).await? {
        // What had been sent when the backup was made lacks its note in Odoo only.
        if message.stage != Stage::Applied && message.resume != Some(Stage::Applied) {
            journal.hold_unknown(&mut message, &entry, now).await?;
        }
    }
    Ok(())
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

/// Takes the entries of one part out of a backup, in their order. Files of the workspace that are there stay; those of our storage are
/// written anew, each under another name first.
fn take(zip: &mut ZipArchive<BufReader<File>>, part: &str, to: &Path, done: &mut BackupContents) -> io::Result<()> {
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(io::Error::from)?;
        let name = entry.name().map_err(io::Error::from)?.into_owned();
        let Some(inner) = below(part, &name) else { continue };
        let path = if name == JOURNAL { to.join(UNSETTLED) } else { to.join(&inner) };
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

/// What a consultant wrote is for others to read too, where the file mask lets them; our storage are private.
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
