//! Days of the archive compressed into zips: `archive/FLOW/2026-01-02/` becomes `archive/FLOW/2026-01-02.zip`. The zip's directory is
//! the index for a message's original. The archive is deleted by whole days.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    ops::Deref,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use tempfile::TempPath;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::digest::digest_of;
use crate::model::{Code, Message, Problem, problem::reason};

/// A message's original as a file; one from a zip exists as long as this value.
#[derive(Debug)]
pub struct Original {
    path: PathBuf,
    _unrolled: Option<TempPath>,
}

impl Deref for Original {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl From<PathBuf> for Original {
    fn from(path: PathBuf) -> Self {
        Self { path, _unrolled: None }
    }
}

/// What was added to a day's zip.
#[derive(Debug, Default, Clone, Copy)]
pub struct Compacted {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the zip.
    pub zip: u64,
}

/// A day of the archive, as a folder, a zip or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveDay {
    /// Folder of the flow below the archive.
    pub flow: String,
    /// Day on which its messages were received, in UTC.
    pub day: NaiveDate,
    /// Whether there are files that are not in a zip.
    pub is_open: bool,
}

/// The zip and the name in it, for a path such as `archive/orders-in/2026-01-02/order.1a2b3c4d.xml`.
fn rolled(stored: &str) -> Option<(String, &str)> {
    let (folder, name) = stored.rsplit_once('/')?;
    folder.starts_with("archive/").then(|| (format!("{folder}.zip"), name))
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Problem::new(Code::OriginalLost, format!("the zip `{name}` of the archive cannot be read ({error})"))
        .hint("restore it from a backup; messages of other days are not affected")
}

/// Writes an original from the zip of its day to `out`; `false` if there is none.
pub(super) fn open_compacted(root: &Path, stored: &str, out: &mut dyn Write) -> Result<bool, Problem> {
    let Some((zip, name)) = rolled(stored) else { return Ok(false) };
    let path = root.join(zip);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(broken(&path, &reason(&error))),
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&path, &error))?;
    let mut entry = match archive.by_name(name) {
        Ok(entry) => entry,
        Err(zip::result::ZipError::FileNotFound) => return Ok(false),
        Err(error) => return Err(broken(&path, &error)),
    };
    io::copy(&mut entry, out).map_err(|error| broken(&path, &reason(&error)))?;
    Ok(true)
}

/// Whether a message's original is in the zip of its day, unchanged.
pub(super) fn is_compacted(root: &Path, message: &Message) -> bool {
    compacted_original(root, message).ok().flatten().is_some_and(|original| digest_of(&original).is_ok_and(|found| found == message.sha256))
}

/// The original of a message as a temporary file, if it is in the zip of its day.
pub(super) fn compacted_original(root: &Path, message: &Message) -> Result<Option<Original>, Problem> {
    let unable = |error: io::Error| Problem::new(Code::DropIo, format!("the storage cannot be used: {}", reason(&error)));
    let mut file = tempfile::Builder::new().prefix(".unrolled-").tempfile_in(root.join("spool")).map_err(unable)?;
    if !open_compacted(root, &message.stored, &mut file)? {
        return Ok(None);
    }
    file.flush().map_err(unable)?;
    let kept = file.into_temp_path();
    Ok(Some(Original { path: kept.to_path_buf(), _unrolled: Some(kept) }))
}

/// The days of the archive, oldest first.
pub(super) fn days(root: &Path) -> Vec<ArchiveDay> {
    let mut days: Vec<ArchiveDay> = Vec::new();
    let names = |path: &Path| -> Vec<(String, bool)> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?.is_dir()))).collect()
    };
    let archive = root.join("archive");
    for (flow, _) in names(&archive).into_iter().filter(|(_, is_folder)| *is_folder) {
        for (name, is_folder) in names(&archive.join(&flow)) {
            let Ok(day) = name.trim_end_matches(".zip").parse::<NaiveDate>() else { continue };
            match days.iter_mut().find(|known| known.flow == flow && known.day == day) {
                Some(known) => known.is_open |= is_folder,
                None => days.push(ArchiveDay { flow: flow.clone(), day, is_open: is_folder }),
            }
        }
    }
    days.sort_by(|a, b| (a.day, &a.flow).cmp(&(b.day, &b.flow)));
    days
}

fn day_folder(root: &Path, day: &ArchiveDay) -> PathBuf {
    root.join("archive").join(&day.flow).join(day.day.to_string())
}

/// Compresses a day's folder into its zip, with the files that the zip already has. The files are removed after the zip is complete
/// and on disk: a crash in between leaves both, and the next run repeats the work.
///
/// # Errors
/// The disk is full or fails; then the folder is unchanged.
pub(super) fn compact_day(root: &Path, day: &ArchiveDay) -> Result<Compacted, Problem> {
    let folder = day_folder(root, day);
    let zip = folder.with_extension("zip");
    let part = folder.with_extension("zip.part");
    let rolled = roll(&folder, &zip, &part).map_err(|error| {
        // The partial zip is useless; all files are still there.
        let _ = fs::remove_file(&part);
        Problem::new(
            Code::DropIo,
            format!("the archive of {} for {} cannot be compressed into a zip ({})", day.flow, day.day, reason(&error)),
        )
        .hint("free space on the disk of the storage; the originals are unchanged")
    })?;
    // A file that cannot be removed now is compressed and removed the next time.
    let _ = fs::remove_dir_all(&folder);
    Ok(rolled)
}

/// Deletes a day of the archive, and the plans stored for its messages.
pub(super) fn delete(root: &Path, day: &ArchiveDay) {
    let folder = day_folder(root, day);
    // A missing file is fine; one that remains is tried again the next time.
    let _ = fs::remove_file(folder.with_extension("zip"));
    let _ = fs::remove_dir_all(&folder);
}

/// Deletes the plans stored for messages of days before this one.
pub(super) fn delete_plans(root: &Path, before: NaiveDate) {
    for entry in fs::read_dir(root.join("plans")).into_iter().flatten().flatten() {
        let day = entry.file_name().to_str().and_then(|name| name.parse::<NaiveDate>().ok());
        if day.is_some_and(|day| day < before) {
            // As above.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn roll(folder: &Path, zip: &Path, part: &Path) -> io::Result<Compacted> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    let names: HashSet<String> = files.iter().map(|path| name_of(path)).collect();
    let mut writer = ZipWriter::new(BufWriter::new(File::create(part)?));
    if let Ok(before) = File::open(zip) {
        let mut before = ZipArchive::new(BufReader::new(before)).map_err(io::Error::from)?;
        for at in 0..before.len() {
            let entry = before.by_index_raw(at).map_err(io::Error::from)?;
            // A file that is back in its folder is the same, or was edited since.
            let name = entry.name().map_err(io::Error::from)?.into_owned();
            if !names.contains(&name) {
                writer.raw_copy_file(entry).map_err(io::Error::from)?;
            }
        }
    }
    let mut rolled = Compacted { files: files.len(), ..Compacted::default() };
    for path in &files {
        let length = fs::metadata(path)?.len();
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(length > u64::from(u32::MAX) / 2);
        writer.start_file(name_of(path), options).map_err(io::Error::from)?;
        rolled.bytes += io::copy(&mut File::open(path)?, &mut writer)?;
    }
    let file = writer.finish().map_err(io::Error::from)?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    whole(&mut BufReader::new(File::open(part)?), &files)?;
    fs::rename(part, zip)?;
    if let Some(parent) = zip.parent() {
        File::open(parent)?.sync_all()?;
    }
    rolled.zip = fs::metadata(zip)?.len();
    Ok(rolled)
}

/// Reads a zip again, with the checksum of each file, before any file that it contains is removed elsewhere.
fn whole(zip: &mut (impl Read + Seek), files: &[PathBuf]) -> io::Result<()> {
    let mut archive = ZipArchive::new(zip).map_err(io::Error::from)?;
    for path in files {
        let mut entry = archive.by_name(&name_of(path)).map_err(io::Error::from)?;
        let length = io::copy(&mut entry, &mut io::sink())?;
        if length != fs::metadata(path)?.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the zip does not hold what was put into it"));
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
