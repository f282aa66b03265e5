//! The context for reading the tables of a flow.

use serde_json::Value as Json;

use super::{endpoints::Documents, workspace_files::WorkspaceFiles};
use crate::model::{
    Problem,
    toml_reader::{TomlNode, TomlReader},
};

/// The context from which a kind reads its settings.
pub struct Reading<'r> {
    /// The flow's file.
    pub flow: &'r TomlReader<'r>,
    /// The table of the source or target; the flow's file itself in the short form.
    pub table: &'r TomlReader<'r>,
    /// Whether it is the short form, with `direction` instead of both tables.
    pub is_short: bool,
    /// Other files of the workspace.
    pub files: &'r dyn WorkspaceFiles,
    /// Id of the flow's partner.
    pub partner: &'r str,
    /// How to read the documents of the flow's source, if it gives documents.
    pub documents: Option<&'r Documents>,
}

/// Fixed values for mappings and templates.
pub(super) fn values(reader: &TomlReader<'_>) -> serde_json::Map<String, Json> {
    match reader.node("values").map(TomlNode::json) {
        Some(Json::Object(values)) => values,
        _ => serde_json::Map::new(),
    }
}

pub(super) fn text(reader: &TomlReader<'_>, files: &dyn WorkspaceFiles, key: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    match files.text(path) {
        Ok(text) => Some(text),
        Err(problem) => {
            reader.report(problem.at(reader.place_of(key)));
            None
        }
    }
}

pub(super) fn report<T>(reader: &TomlReader<'_>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|problem| reader.report(problem)).ok()
}
/// A whole number, not below `least`.
pub(super) fn whole(table: &TomlReader<'_>, key: &str, least: i64) -> Option<i64> {
    let number = table.integer(key)?;
    if number >= least {
        return Some(number);
    }
    if let Some(node) = table.node(key) {
        table.bad(node, format!("`{key}` is a number from {least}"));
    }
    None
}
