//! The acknowledgement that we expect for a document we sent.

use std::time::Duration;

use crate::{model::toml_reader::TomlReader, transport};

/// The acknowledgement that a document of an outbound flow expects: a file that the partner creates or moves, or a document that another
/// flow reads.
#[derive(Debug, Clone)]
pub struct ExpectedAck {
    /// Time that the partner has.
    pub within: Duration,
    /// Files that accept it, as paths on the drop with `{name}` or `{stem}` and `*` in the last part.
    pub accepted: Vec<String>,
    /// Files that refuse it.
    pub refused: Vec<String>,
    /// A file whose text is the reason.
    pub reason: Option<String>,
}

/// `[answer]` of an outbound flow.
pub(super) fn awaited(reader: &TomlReader<'_>) -> Option<ExpectedAck> {
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
    Some(ExpectedAck { within: within?, accepted, refused, reason })
}

fn unclear(key: &str, path: &str) -> String {
    format!("`{path}` is not a `{key}`: write a path on the drop with {{name}} or {{stem}} in its last part, as in `in/done/{{name}}`")
}

/// A path that stays on the drop and names one document's file.
fn is_clear(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let once = name.matches("{name}").count() + name.matches("{stem}").count() == 1;
    once && !folder.contains(['{', '*']) && (folder.is_empty() || transport::contained(folder).is_ok())
}

impl ExpectedAck {
    /// Patterns of the files that acknowledge a document: folder, pattern of the name, and whether it accepts.
    pub fn patterns<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, String, bool)> {
        let all = self.accepted.iter().map(|path| (path, true)).chain(self.refused.iter().map(|path| (path, false)));
        all.map(move |(path, accepts)| {
            let (folder, pattern) = filled(path, name);
            (folder, pattern, accepts)
        })
    }

    /// The file with the reason: folder and pattern of the name.
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
        let awaited = ExpectedAck {
            within: Duration::ZERO,
            accepted: vec!["in/done/{name}".into()],
            refused: vec!["acks/{stem}_*.err".into()],
            reason: None,
        };
        let patterns: Vec<_> = awaited.patterns("despatch-7.xml").collect();
        assert_eq!(patterns, [("in/done", "despatch-7.xml".into(), true), ("acks", "despatch-7_*.err".into(), false)]);
    }
}
