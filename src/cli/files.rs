//! Files named on the command line: files, folders with everything below them, and patterns.

use std::path::{Path, PathBuf};

use crate::model::{Code, Place, Problem, Problems, pattern::fits, problem::reason};

/// Maximum number of files for one command, so that a folder named by mistake does not exhaust the machine.
const MOST: usize = 1_000_000;
/// Maximum depth of nested folders.
const DEEP: usize = 64;

/// All named files, those of a folder sorted by name. A missing file, a folder without files and a pattern without matches stay in the
/// list, so that each is reported in its place.
///
/// # Errors
/// Too many files.
pub(super) fn find(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problems> {
    let mut found = Vec::new();
    for path in named {
        let text = path.to_string_lossy();
        if path.is_dir() {
            let before = found.len();
            below(path, 0, &mut found);
            // A folder without files is reported, not skipped.
            if found.len() == before {
                found.push(path.clone());
            }
        } else if !path.exists() && text.contains(['*', '?']) {
            let before = found.len();
            pattern(path, &mut found);
            if found.len() == before {
                found.push(path.clone());
            }
        } else {
            found.push(path.clone());
        }
        if found.len() > MOST {
            return Err(Problems::from(Problem::new(Code::Usage, format!("more than {MOST} files")).hint("name fewer files at a time")));
        }
    }
    Ok(found)
}

/// Files below a folder. Links are not followed, and names that begin with a dot are left out, as in a shell.
fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let Ok(kind) = path.symlink_metadata() else { continue };
        if hidden || found.len() > MOST {
            continue;
        }
        if kind.is_dir() && depth < DEEP {
            below(&path, depth + 1, found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

/// Files that match a pattern, folder by folder.
fn pattern(pattern: &Path, found: &mut Vec<PathBuf>) {
    let mut at = vec![PathBuf::new()];
    let parts: Vec<_> = pattern.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        if !part.contains(['*', '?']) {
            at = at.into_iter().map(|folder| folder.join(part)).filter(|path| path.exists()).collect();
            continue;
        }
        let fits_part = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            fits(part, &name) && (part.starts_with('.') || !name.starts_with('.'))
        };
        let fitting = |folder: &PathBuf| {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let names = entries(here).into_iter().filter_map(|path| path.file_name().map(|name| folder.join(name)));
            names.filter(fits_part).filter(|path| if last { path.is_file() } else { path.is_dir() }).collect::<Vec<_>>()
        };
        at = at.iter().flat_map(fitting).collect();
    }
    found.extend(at);
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The problem of a path in the list that is not a file.
pub(super) fn nothing(path: &Path) -> Option<Problem> {
    let text = path.to_string_lossy();
    let reported = |message: String| Some(Problem::new(Code::DropIo, message).at(Place::file(text.clone().into_owned())));
    if path.is_dir() {
        return match std::fs::read_dir(path) {
            Ok(_) => reported("the folder contains no files".into()),
            Err(error) => reported(format!("cannot read the folder ({})", reason(&error))),
        };
    }
    if !path.exists() && text.contains(['*', '?']) {
        return reported("no file matches this pattern".into());
    }
    None
}
