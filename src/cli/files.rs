//! Files named on the command line: themselves, folders with all that is below, patterns.

use std::path::{Path, PathBuf};

use crate::model::{Code, Place, Problem, Problems, pattern::fits, problem::reason};

/// Most files of one command, so that a folder named by mistake does not take the machine.
const MOST: usize = 1_000_000;
/// Folders below one another.
const DEEP: usize = 64;

/// Every file that is meant, those of a folder by name. What is not there stays in the list, so that it is told in its place: a file, a
/// folder in which there is none, a pattern that nothing fits.
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
            // A folder that nothing can be found in is told, not passed over.
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
            return Err(Problems::from(Problem::new(Code::Usage, format!("more than {MOST} files")).hint("name fewer at a time")));
        }
    }
    Ok(found)
}

/// Files below a folder, links not followed. Names that begin with a dot are left out, as a shell would.
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

/// Files that fit a pattern, folder by folder.
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

/// Why a path in the list is no file to be judged, if it is none.
pub(super) fn nothing(path: &Path) -> Option<Problem> {
    let text = path.to_string_lossy();
    let reported = |message: String| Some(Problem::new(Code::DropIo, message).at(Place::file(text.clone().into_owned())));
    if path.is_dir() {
        return match std::fs::read_dir(path) {
            Ok(_) => reported("there is no file in this folder".into()),
            Err(error) => reported(format!("the folder cannot be read ({})", reason(&error))),
        };
    }
    if !path.exists() && text.contains(['*', '?']) {
        return reported("no file fits this pattern".into());
    }
    None
}
