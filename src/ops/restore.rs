//! Restores a backup into a workspace that has no journal. Effects after the backup, which its journal does not know, are not repeated.

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

/// Verifies a backup: reads it completely, with every checksum, and writes nothing.
///
/// # Errors
/// The file is not a backup, or damaged.
pub fn check(from: &Path) -> Result<BackupContents, Problem> {
    let (mut zip, about) = opened(from)?;
    // Without the description.
    let files = zip.len().saturating_sub(1);
    tokio::task::block_in_place(|| read_whole(&mut zip)).map_err(|error| no_backup(from, &error))?;
    Ok(BackupContents { about, files, bytes: 0, kept: Vec::new(), lost: Vec::new(), broken: Vec::new() })
}

fn no_backup(from: &Path, error: &dyn std::fmt::Display) -> Problem {
    unable("is not an intact backup", from, error).hint("name a file from `consign backup`")
}

fn opened(from: &Path) -> Result<(ZipArchive<BufReader<File>>, Backup), Problem> {
    let file = File::open(from).map_err(|error| unable("cannot be read", from, &reason(&error)))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| no_backup(from, &error))?;
    let about = about(&mut zip).map_err(|error| no_backup(from, &error))?;
    if about.layout != LAYOUT {
        let why = format!("layout {}, but this consign reads {LAYOUT}", about.layout);
        return Err(no_backup(from, &why).hint(format!("use consign {}", about.consign)));
    }
    // Before anything is written: with added or missing entries it is not a backup.
    for name in zip.file_names() {
        let name = name.map_err(|error| no_backup(from, &error))?;
        if !saves(&name) {
            return Err(no_backup(from, &format!("it contains `{}`, which is not part of a backup", shown(&cut(&name)))));
        }
    }
    if zip.index_for_name(JOURNAL).is_none() {
        return Err(no_backup(from, &"it contains no journal"));
    }
    Ok((zip, about))
}

/// Refuses a backup with a storage outside of the workspace, unless the workspace's own consign.toml says so.
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
            let problem = unable("has its storage outside of the workspace", from, &shown(&cut(&storage)));
            Err(problem.hint(format!(
                "first put a consign.toml with the correct storage into {}; the backup's own is workspace/consign.toml in the zip",
                root.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Maximum size of a consign.toml, in bytes.
const LARGEST: u64 = 1 << 20;

/// Restores a backup into a workspace that has no journal. The folder may be empty, or already contain the workspace's files. An
/// interrupted restore can be repeated.
///
/// # Errors
/// The file is not a backup or damaged, the workspace has a journal, or something cannot be written.
pub async fn restore(from: &Path, root: &Path) -> Result<BackupContents, Problems> {
    let (mut zip, about) = opened(from)?;
    stays_inside(&mut zip, from, root)?;
    // Before anything is written: removed files must not come back to a workspace that is in use.
    if root.join("consign.toml").exists() {
        let (workspace, _) = endpoint::load_whole_flows(root)?;
        is_free(root, &workspace.storage)?;
    }
    is_free(root, &root.join("var"))?;
    let made = about.made;
    let mut done = BackupContents { about, files: 0, bytes: 0, kept: Vec::new(), lost: Vec::new(), broken: Vec::new() };
    let reported = |error: io::Error| Problems::from(unable("cannot be restored", from, &reason(&error)));
    tokio::task::block_in_place(|| take(&mut zip, "workspace", root, &mut done)).map_err(reported)?;
    let (workspace, broken) = endpoint::load_whole_flows(root)?;
    is_free(root, &workspace.storage)?;
    private_folder(&workspace.storage).map_err(reported)?;
    let _lock = Lock::take(&workspace)?;
    // Under another name until it is complete: an interruption leaves no journal, and the restore can be repeated.
    let unsettled = workspace.storage.join(UNSETTLED);
    for ending in ["", "-wal", "-shm"] {
        // Left by an interrupted restore; usually there is none.
        let _ = fs::remove_file(workspace.storage.join(format!("{UNSETTLED}{ending}")));
    }
    tokio::task::block_in_place(|| take(&mut zip, "storage", &workspace.storage, &mut done)).map_err(reported)?;
    let restored = Journal::open_as(&unsettled, Before::IsACopy).await?;
    let settled = settle(&restored, &workspace, made).await;
    let mark = restored.mark().await;
    restored.close().await;
    settled?;
    let mark = mark?;
    // From now on this is the journal that belongs here. Before the rename, so that an interruption leaves no journal.
    Storage::open(&workspace.storage)?.mark(mark).await?;
    fs::rename(&unsettled, workspace.storage.join(pipeline::JOURNAL)).map_err(reported)?;
    File::open(&workspace.storage).and_then(|folder| folder.sync_all()).map_err(reported)?;
    done.broken = broken;
    Ok(done)
}

/// Name of the journal until the restore is complete.
const UNSETTLED: &str = ".restored.sqlite";

/// Refuses a storage that has a journal or its remains, which would be mixed with the restored one.
fn is_free(root: &Path, storage: &Path) -> Result<(), Problem> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        if storage.join(format!("{}{ending}", pipeline::JOURNAL)).exists() {
            let taken = unable("already has a journal", root, &"nothing is overwritten");
            return Err(taken.hint("restore to a new folder, or first move away the whole storage of this one"));
        }
    }
    Ok(())
}

/// Effects that the restored journal does not know must not be repeated: the next records that outbound flows find are held, and so are
/// the messages that they were sending when the journal was copied.
pub(super) async fn settle(journal: &Journal, workspace: &Workspace, made: DateTime<Utc>) -> Result<(), Problem> {
    journal.is_whole().await?;
    let sends = |flow: &&Flow| flow.sends();
    let mut flows: Vec<String> = workspace.flows.values().filter(sends).map(|flow| flow.id.clone()).collect();
    // Flows that do not load now, and are fixed later, have sent documents too.
    flows.extend(journal.sending_flows().await?);
    flows.sort();
    flows.dedup();
    journal.forget_run_requests().await?;
    journal.mark_restored(&flows, made).await?;
    let stages = Stage::UNDER_WAY.into_iter().chain([Stage::Waiting]).collect();
    let filter = Filter { flows, stages, limit: u32::MAX, ..Filter::default() };
    if filter.flows.is_empty() {
        return Ok(());
    }
    let entry =
        AuditEntry { reason: Some("may have been sent after the backup was made".into()), ..AuditEntry::new("consign restore", "hold") };
    let now = Utc::now();
    for mut message in journal.list(&filter).await? {
        // Documents sent before the backup lack only their note in Odoo.
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

/// The path of an entry below `part`, if it consists of plain names only.
fn below(part: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    let inner = path.strip_prefix(part).ok().filter(|inner| is_plain && !inner.as_os_str().is_empty() && !name.contains('\\'))?;
    Some(inner.to_path_buf())
}

/// Extracts the entries of one part, in their order. Existing files of the workspace stay; those of our storage are replaced, each
/// written under a temporary name first.
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

/// Permissions: a consultant's files may be read by others if the umask allows it; our storage is private.
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
