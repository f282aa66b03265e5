//! The acknowledgement that we send for a document we received.

use serde_json::{Map, Value as Json};

use super::{
    endpoints::{FilesTarget, OnNameConflict},
    workspace_files::WorkspaceFiles,
};
use crate::{
    mapping::Template,
    model::{Problem, toml_reader::TomlReader},
};

/// The acknowledgement of a document of an inbound flow, sent once it is done or refused.
#[derive(Debug)]
pub struct SentAck {
    /// Folder on the drop.
    pub target: FilesTarget,
    /// Name of the file.
    pub name: Template,
    /// The template; `None`: an empty file.
    pub template: Option<Template>,
    /// Its schema.
    pub schema: Option<String>,
    /// Whether a done document is acknowledged.
    pub done: bool,
    /// Whether a refused document is acknowledged.
    pub failed: bool,
    /// More fixed values for the template.
    pub values: Map<String, Json>,
}

/// Names for the template of an acknowledgement and its file name, in addition to the flow's own values.
pub const NAMES: [&str; 9] = ["accepted", "file", "stem", "message", "now", "numbers", "partner", "problems", "received"];

/// `[answer]` of an inbound flow.
pub(super) fn returned(reader: &TomlReader<'_>, files: &dyn WorkspaceFiles, values: Map<String, Json>) -> Option<SentAck> {
    let table = reader.table("answer")?;
    super::contained::check(&table, "folder");
    let parsed = |result: Result<Template, Problem>| result.map_err(|problem| table.report(problem)).ok();
    let name_text = table.need_text("name");
    let place = table.place_of("name");
    let name = parsed(Template::parse(&name_text, "name", false).map_err(|problem| problem.at(place)));
    let template = table.text("template").and_then(|file| {
        let text = files.text(&file).map_err(|problem| table.report(problem.at(table.place_of("template")))).ok()?;
        parsed(Template::parse(&text, &file, true))
    });
    let schema = table.text("schema");
    let on = table.texts("on").unwrap_or_else(|| vec!["done".into(), "failed".into()]);
    if let (Some(wrong), Some(node)) = (on.iter().find(|on| !["done", "failed"].contains(&on.as_str())), table.node("on")) {
        table.bad(node, format!("`{wrong}` is not an outcome to acknowledge: write done or failed"));
    }
    let has = |what: &str| on.iter().any(|on| on == what);
    // Sent again, it is the same file.
    let target = FilesTarget {
        folder: table.need_text("folder"),
        temporary: (".".into(), ".part".into()),
        exists: OnNameConflict::Replace,
        pickup: None,
        answer: None,
    };
    table.finish();
    Some(SentAck { target, name: name?, template, schema, done: has("done"), failed: has("failed"), values })
}
