//! The answer that we give to a document we received.

use serde_json::{Map, Value as Json};

use super::{
    endpoints::{FilesTarget, OnNameConflict},
    workspace_files::WorkspaceFiles,
};
use crate::{
    mapping::Template,
    model::{Problem, toml_reader::TomlReader},
};

/// The answer that a document of an inbound flow is given, once it is done or refused.
#[derive(Debug)]
pub struct SentAck {
    /// Where it is put.
    pub target: FilesTarget,
    /// Name of the file.
    pub name: Template,
    /// The document; none: an empty file.
    pub template: Option<Template>,
    /// Its schema.
    pub schema: Option<String>,
    /// Whether a document that is done is answered.
    pub done: bool,
    /// Whether one that is refused is.
    pub failed: bool,
    /// Fixed values the template may use besides.
    pub values: Map<String, Json>,
}

/// Names that the template of an answer, and the name of its file, may use besides the flow's own values.
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
    // Given again, it is the same file.
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
