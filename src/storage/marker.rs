//! A file beside the journal that says which journal belongs there, so that a missing journal or an earlier copy is noticed.

use std::{fs, io, path::Path};

use super::fault::problem;
use crate::model::{Mark, Problem};

/// Its file name.
const FILE: &str = "journal.mark";

/// Reads it; none if it does not exist or cannot be parsed: a full disk may have cut it off.
pub(super) fn read(root: &Path) -> Result<Option<Mark>, Problem> {
    let path = root.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(&path, &error)),
    }
}

/// Writes it, whole or not at all.
pub(super) fn write(root: &Path, mark: &Mark) -> Result<(), Problem> {
    let (path, part) = (root.join(FILE), root.join(format!("{FILE}.part")));
    let text = serde_json::to_vec(mark).unwrap_or_default();
    fs::write(&part, text).and_then(|()| fs::rename(&part, &path)).map_err(|error| {
        // A partial file is useless.
        let _ = fs::remove_file(&part);
        problem(&path, &error)
    })
}

/// Files in the storage, counted up to `most`: a new journal would not know them.
pub(super) fn files(root: &Path, most: usize) -> usize {
    fn count(folder: &Path, most: usize) -> usize {
        let mut sum = 0;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if sum >= most {
                break;
            }
            sum += match entry.file_type() {
                Ok(kind) if kind.is_dir() => count(&entry.path(), most - sum),
                Ok(kind) if kind.is_file() => 1,
                _ => 0,
            };
        }
        sum
    }
    ["spool", "archive", "error", "plans"].iter().fold(0, |sum, folder| sum + count(&root.join(folder), most.saturating_sub(sum)))
}
