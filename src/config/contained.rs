//! Folders of a drop stay inside the drop.

use crate::model::{Code, Problem, toml_reader::TomlReader};

/// Reports a folder of a drop that leaves the drop.
pub(super) fn check(reader: &TomlReader<'_>, key: &str) {
    let Some(path) = reader.text(key) else { return };
    if crate::transport::contained(&path).is_err() {
        let problem = Problem::new(Code::PathEscapes, format!("`{key}` is a folder inside the drop, not `{path}`"));
        reader.report(problem.at(reader.place_of(key)).hint("write it relative to the drop, without `..`"));
    }
}
