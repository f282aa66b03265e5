//! What the tables of a flow are read with.

use serde_json::Value as Json;

use super::{endpoints::Documents, workspace_files::Files};
use crate::model::{
    Problem,
    table::{Node, Reader},
};

/// What a kind reads its settings from.
pub struct Reading<'r> {
    /// The flow's file.
    pub flow: &'r Reader<'r>,
    /// The table of the source or target; the flow's file itself in the short form.
    pub table: &'r Reader<'r>,
    /// Whether it is the short form, in which `direction` stands for both tables.
    pub is_short: bool,
    /// Other files of the workspace.
    pub files: &'r dyn Files,
    /// Id of the flow's partner.
    pub partner: &'r str,
    /// How the documents of the flow's source are read, where it gives documents and says how.
    pub documents: Option<&'r Documents>,
}

/// Fixed values for mappings and templates.
pub(super) fn values(reader: &Reader<'_>) -> serde_json::Map<String, Json> {
    match reader.node("values").map(Node::json) {
        Some(Json::Object(values)) => values,
        _ => serde_json::Map::new(),
    }
}

pub(super) fn text(reader: &Reader<'_>, files: &dyn Files, key: &str, path: &str) -> Option<String> {
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

pub(super) fn report<T>(reader: &Reader<'_>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|problem| reader.report(problem)).ok()
}
/// A whole number, not below `least`.
pub(super) fn whole(table: &Reader<'_>, key: &str, least: i64) -> Option<i64> {
    let number = table.integer(key)?;
    if number >= least {
        return Some(number);
    }
    if let Some(node) = table.node(key) {
        table.bad(node, format!("`{key}` is a number from {least}"));
    }
    None
}
