//! Answers: what a document that we sent is to have, and what a document that we took is given.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::files::Files;
use crate::{
    mapping::Template,
    model::{Problem, table::Reader},
    transport,
};

/// The answer that a document of an outbound flow is to have: a file that the partner makes or moves, or a document that another flow
/// reads.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// How long the partner has.
    pub within: Duration,
    /// Files that accept it, as paths on the drop with `{name}` or `{stem}` and `*` in the last part.
    pub accepted: Vec<String>,
    /// Files that refuse it.
    pub refused: Vec<String>,
    /// A file whose text says why.
    pub reason: Option<String>,
}

/// The answer that a document of an inbound flow is given, once it is done or refused.
#[derive(Debug)]
pub struct Returned {
    /// Folder on the drop.
    pub folder: String,
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

/// `[answer]` of an outbound flow.
pub(super) fn awaited(reader: &Reader<'_>) -> Option<Awaited> {
    let table = reader.table("answer")?;
    let within = table.duration("within");
    if table.node("within").is_none() {
        table.missing("within");
    }
    let paths = |key: &str| {
        let paths = table.texts(key).unwrap_or_default();
        if let (Some(wrong), Some(node)) = (paths.iter().find(|path| !is_clear(path)), table.node(key)) {
            table.bad(node, unclear(key, wrong));
        }
        paths
    };
    let (accepted, refused) = (paths("accepted"), paths("refused"));
    let reason = table.text("reason");
    if let (Some(reason), Some(node)) = (&reason, table.node("reason"))
        && !is_clear(reason)
    {
        table.bad(node, unclear("reason", reason));
    }
    table.finish();
    Some(Awaited { within: within?, accepted, refused, reason })
}

fn unclear(key: &str, path: &str) -> String {
    format!("`{path}` is no `{key}`: a path on the drop, with {{name}} or {{stem}} in its last part, as in `in/done/{{name}}`")
}

/// A path that stays on the drop and names one document's file.
fn is_clear(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let once = name.matches("{name}").count() + name.matches("{stem}").count() == 1;
    once && !folder.contains(['{', '*']) && (folder.is_empty() || transport::contained(folder).is_ok())
}

/// `[answer]` of an inbound flow.
pub(super) fn returned(reader: &Reader<'_>, files: &dyn Files, values: Map<String, Json>) -> Option<Returned> {
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
        table.bad(node, format!("`{wrong}` is not when a document is answered: done, failed"));
    }
    let has = |what: &str| on.iter().any(|on| on == what);
    let returned =
        Returned { folder: table.need_text("folder"), name: name?, template, schema, done: has("done"), failed: has("failed"), values };
    table.finish();
    Some(returned)
}

impl Awaited {
    /// Patterns of the files that would answer a document: folder, pattern of the name, and whether it accepts.
    pub fn patterns<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, String, bool)> {
        let all = self.accepted.iter().map(|path| (path, true)).chain(self.refused.iter().map(|path| (path, false)));
        all.map(move |(path, accepts)| {
            let (folder, pattern) = filled(path, name);
            (folder, pattern, accepts)
        })
    }

    /// Where the text lies that says why: folder and pattern of the name.
    pub fn reason<'a>(&'a self, name: &str) -> Option<(&'a str, String)> {
        self.reason.as_deref().map(|path| filled(path, name))
    }
}

fn filled<'p>(path: &'p str, name: &str) -> (&'p str, String) {
    let (folder, pattern) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    (folder, pattern.replace("{name}", name).replace("{stem}", stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_the_file_of_one_document_and_stays_on_the_drop() {
        for good in ["in/done/{name}", "{name}.ack", "acks/{stem}_*.ok"] {
            assert!(is_clear(good), "{good}");
        }
        for bad in ["in/done", "../{name}", "in/{name}/x.ack", "*/{name}", "{name}{stem}", ""] {
            assert!(!is_clear(bad), "{bad}");
        }
        let awaited = Awaited {
            within: Duration::ZERO,
            accepted: vec!["in/done/{name}".into()],
            refused: vec!["acks/{stem}_*.err".into()],
            reason: None,
        };
        let patterns: Vec<_> = awaited.patterns("despatch-7.xml").collect();
        assert_eq!(patterns, [("in/done", "despatch-7.xml".into(), true), ("acks", "despatch-7_*.err".into(), false)]);
    }
}
