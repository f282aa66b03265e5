//! Workspaces of earlier versions: keys that have a new name are renamed in their files. Nothing else of a file changes.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use super::diff;
use crate::{
    config::Workspace,
    model::{Code, Place, Problem, problem::reason, renamed_keys, toml_reader},
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
        let changed = lines.get_mut(line - 1).and_then(|text| {
            let at = text.char_indices().nth(column - 1).map(|(at, _)| at)?;
            // A key may be quoted.
            let at = at + usize::from(text[at..].starts_with(['"', '\'']));
            text[at..].starts_with(old.as_str()).then(|| text.replace_range(at..at + old.len(), new))
        });
        if changed.is_none() {
            let text = format!("`{old}` is no longer where it was when the workspace was loaded");
            return Err(Problem::new(Code::ConfigUnreadable, text).at(Place::at(&file, narrow(*line), narrow(*column))));
        }
    }
    let after = lines.join("\n");
    toml_reader::parse(&after, &file)?;
    Ok(MigratedFile { keys: keys.len(), file, before, after })
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn unreadable(file: &str, error: &std::io::Error) -> Problem {
    Problem::new(Code::ConfigUnreadable, format!("`{file}` cannot be read or written ({})", reason(error))).at(Place::file(file))
}

/// Writes a file. It is replaced as a whole, and keeps its permissions.
///
/// # Errors
/// It cannot be written; the file is as it was.
pub fn write(root: &Path, migrated: &MigratedFile) -> Result<(), Problem> {
    let path = root.join(&migrated.file);
    let replace = || -> std::io::Result<()> {
        // A link leads to the file that is meant.
        let path = path.canonicalize()?;
        let mut temporary = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(root))?;
        temporary.write_all(migrated.after.as_bytes())?;
        temporary.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
        temporary.as_file().sync_all()?;
        temporary.persist(&path)?;
        Ok(())
    };
    replace().map_err(|error| unreadable(&migrated.file, &error))
}
