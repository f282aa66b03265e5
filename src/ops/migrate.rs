//! Workspaces of earlier versions: keys that have a new name are renamed in their files. Nothing else of a file changes.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, fchown},
    path::Path,
};

use super::diff;
use crate::{
    config::Workspace,
    model::{Code, Place, Problem, Problems, problem::reason, renamed_keys, toml_reader},
};

/// A file whose keys are renamed.
#[derive(Debug)]
pub struct MigratedFile {
    /// Its path in the workspace.
    pub file: String,
    /// How many keys of it are renamed.
    pub keys: usize,
    before: String,
    after: String,
}

impl MigratedFile {
    /// The lines that change, as `diff -u` shows them.
    pub fn difference(&self) -> String {
        diff::lines(&self.before, &self.after)
    }
}

/// The files of a workspace as they would be with the new names. Nothing is written.
///
/// # Errors
/// A file cannot be read, or has changed since the workspace was loaded.
pub fn plan(workspace: &Workspace) -> Result<Vec<MigratedFile>, Problem> {
    let mut places: BTreeMap<String, Vec<(usize, usize, String, String)>> = BTreeMap::new();
    for found in workspace.old_names() {
        if let (Some((old, new)), Place { file: Some(file), line: Some(line), column: Some(column), .. }) =
            (renamed_keys::names(&found), &found.place)
        {
            places.entry(file.clone()).or_default().push((*line as usize, *column as usize, old.to_string(), new.to_string()));
        }
    }
    places.into_iter().map(|(file, keys)| migrated(&workspace.root, file, keys)).collect()
}

fn migrated(root: &Path, file: String, mut keys: Vec<(usize, usize, String, String)>) -> Result<MigratedFile, Problem> {
    let before = fs::read_to_string(root.join(&file)).map_err(|error| unreadable(&file, &error))?;
    // From the end on, so that the places before stay true.
    keys.sort();
    keys.reverse();
    let mut lines: Vec<String> = before.split('\n').map(str::to_string).collect();
    for (line, column, old, new) in &keys {
        if rename(&mut lines, line - 1, column - 1, old, new).is_none() {
            let text = format!("`{old}` is no longer where it was when the workspace was loaded");
            return Err(Problem::new(Code::ConfigUnreadable, text).at(Place::at(&file, narrow(*line), narrow(*column))));
        }
    }
    let after = lines.join("\n");
    toml_reader::parse(&after, &file)?;
    Ok(MigratedFile { keys: keys.len(), file, before, after })
}

/// Renames the key at a place, and where TOML lets a key be written more than once, all of them: `[[then]]` for each table of a list,
/// `then.call = …` for each key of a table.
fn rename(lines: &mut [String], line: usize, column: usize, old: &str, new: &str) -> Option<()> {
    let text = lines.get(line)?;
    let at = text.char_indices().nth(column).map(|(at, _)| at)?;
    // A key may be quoted.
    let at = at + usize::from(text[at..].starts_with(['"', '\'']));
    let before = text.get(..at)?.to_string();
    let is_header = before.trim_start().starts_with('[');
    // Where the same key is on another line: behind the same words of a header, or behind any blanks.
    let place = |text: &str| {
        let at = if is_header { text.strip_prefix(before.as_str()).map(|_| at)? } else { text.len() - text.trim_start().len() };
        let behind = text[at..].strip_prefix(old)?;
        (!behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'))).then_some((at, behind.starts_with('.')))
    };
    text[at..].starts_with(old).then_some(())?;
    let is_dotted = !is_header && before.trim().is_empty() && place(text)?.1;
    for (number, text) in lines.iter_mut().enumerate().skip(line) {
        if is_dotted && text.trim_start().starts_with('[') {
            break;
        }
        let found = if number == line { Some(at) } else { place(text).filter(|(_, dotted)| is_header || *dotted).map(|(at, _)| at) };
        if let Some(at) = found.filter(|_| number == line || is_header || is_dotted) {
            text.replace_range(at..at + old.len(), new);
        }
    }
    Some(())
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn unreadable(file: &str, error: &std::io::Error) -> Problem {
    Problem::new(Code::ConfigUnreadable, format!("`{file}` cannot be read or written ({})", reason(error))).at(Place::file(file))
}

/// Writes the files, and loads the workspace again to see that it is whole and has no old name left. Otherwise every file is as it was.
///
/// # Errors
/// A file cannot be written; the workspace would not load.
pub fn write(root: &Path, files: &[MigratedFile], load: impl Fn() -> Result<Workspace, Problems>) -> Result<(), Problems> {
    let written = || -> Result<(), Problems> {
        for one in files {
            replace(root, &one.file, &one.after)?;
        }
        Problems::check(load()?.old_names())
    };
    written().map_err(|problems| {
        let back = files.iter().filter_map(|one| replace(root, &one.file, &one.before).err());
        problems.and(back)
    })
}

/// Replaces a file as a whole; owner and permissions stay.
fn replace(root: &Path, file: &str, text: &str) -> Result<(), Problem> {
    let path = root.join(file);
    let replaced = || -> std::io::Result<()> {
        // A link leads to the file that is meant.
        let path = path.canonicalize()?;
        let mut temporary = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(root))?;
        temporary.write_all(text.as_bytes())?;
        let was = fs::metadata(&path)?;
        temporary.as_file().set_permissions(was.permissions())?;
        // Whoever migrates as root leaves the file to its owner.
        fchown(temporary.as_file(), Some(was.uid()), Some(was.gid()))?;
        temporary.as_file().sync_all()?;
        temporary.persist(&path)?;
        Ok(())
    };
    replaced().map_err(|error| unreadable(file, &error))
}
