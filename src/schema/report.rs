//! The engine's findings as problems a partner's clerk understands: our codes, our places, what was expected, no echoes.

use std::collections::{HashMap, HashSet};

use xsd_schema::validation::ValidationError;

use super::words;
use crate::model::{
    Document, NodeId, Place, Problem, Problems,
    codes::{self, Code},
    nearest::nearest,
    problem::cut,
};

/// What the engine found, tied to the element it was looking at.
pub(super) struct Finding {
    pub(super) node: NodeId,
    pub(super) error: ValidationError,
}

/// Elements that could have stood at a place.
#[derive(Default)]
pub(super) struct Expected {
    /// Where the element itself stands.
    pub(super) here: Vec<String>,
    /// Inside the element, at its end.
    pub(super) at_end: Vec<String>,
}

pub(super) fn problems(
    document: &Document,
    file: &str,
    findings: Vec<Finding>,
    expected: &HashMap<NodeId, Expected>,
    most: usize,
) -> Problems {
    let mut out: Problems = Vec::new();
    let mut told: HashSet<(NodeId, &'static str)> = HashSet::new();
    let mut unexpected: HashSet<NodeId> = HashSet::new();
    // Elements in whose sequence something did not belong.
    let mut lost: HashSet<NodeId> = HashSet::new();
    let mut more = 0usize;
    let empty = Expected::default();
    for finding in findings {
        let code = code(finding.error.constraint, &finding.error.message);
        // An element that may not stand here is told once; that it is not declared, and what is wrong inside it, are echoes.
        if code != codes::DOC_UNEXPECTED && inside(document, finding.node, &unexpected) {
            continue;
        }
        if code == codes::DOC_UNEXPECTED {
            if inside(document, finding.node, &unexpected) || !unexpected.insert(finding.node) {
                continue;
            }
            // The engine cannot find back into the sequence: what follows in the same element, and that it is incomplete, are echoes.
            if let Some(parent) = document.element(finding.node).parent
                && !lost.insert(parent)
            {
                continue;
            }
        }
        if code == codes::DOC_INCOMPLETE && lost.contains(&finding.node) {
            continue;
        }
        if !told.insert((finding.node, subject_key(&finding, code))) {
            continue;
        }
        if out.len() >= most {
            more += 1;
            continue;
        }
        out.push(problem(document, file, &finding, code, expected.get(&finding.node).unwrap_or(&empty)));
    }
    if more > 0 {
        out.push(Problem::new(codes::DOC_SCHEMA, format!("and {more} more problems like these")).at(Place::file(file)));
    }
    out
}

/// One value breaks a facet and so its type: the engine reports both, the clerk needs one.
fn subject_key(finding: &Finding, code: Code) -> &'static str {
    if code == codes::DOC_ATTRIBUTE || code == codes::DOC_KEY { finding.error.constraint } else { code.info().code }
}

fn inside(document: &Document, node: NodeId, nodes: &HashSet<NodeId>) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        if nodes.contains(&node) {
            return true;
        }
        at = document.element(node).parent;
    }
    false
}

fn code(constraint: &str, message: &str) -> Code {
    match constraint {
        "cvc-elt.1" | "cvc-elt" => codes::DOC_ROOT,
        "cvc-complex-type.2.4" if message.contains("ncomplete") || message.contains("missing") || message.contains("end of") => {
            codes::DOC_INCOMPLETE
        }
        "cvc-complex-type.2.4" => codes::DOC_UNEXPECTED,
        "cvc-complex-type.2.1" | "cvc-complex-type.2.3" => codes::DOC_UNEXPECTED,
        other
            if other.starts_with("cvc-complex-type.3")
                || other == "cvc-complex-type.4"
                || other.starts_with("cvc-attribute")
                || other.starts_with("cvc-assess-attr") =>
        {
            codes::DOC_ATTRIBUTE
        }
        other if other.starts_with("cvc-identity") || other.starts_with("cvc-id") => codes::DOC_KEY,
        other
            if other.starts_with("cvc-datatype")
                || other.ends_with("-valid")
                || other.starts_with("cvc-simple")
                || other.starts_with("cvc-type")
                || other.starts_with("cvc-elt.5") =>
        {
            codes::DOC_VALUE
        }
        _ => codes::DOC_SCHEMA,
    }
}

fn problem(document: &Document, file: &str, finding: &Finding, code: Code, expected: &Expected) -> Problem {
    let element = document.element(finding.node);
    let name = &element.name.local;
    let detail = words::plainly(&finding.error.message, document.table().is_some_and(|table| table.decimal_comma))
        .unwrap_or_else(|| plain(&finding.error.message));
    let mut place = Place::at(file, element.line, element.column).with_path(document.path(finding.node));
    place.field = document.column(finding.node).map(str::to_string);
    let problem = if code == codes::DOC_ROOT {
        let namespace = if element.name.namespace.is_empty() {
            "no namespace".to_string()
        } else {
            format!("the namespace `{}`", cut(&element.name.namespace))
        };
        Problem::new(code, format!("a document `{}` in {namespace} is not what the schema describes", cut(name)))
            .hint("the wrong file, the wrong folder, or another version of the format")
    } else if code == codes::DOC_UNEXPECTED {
        let hint = nearest(name, expected.here.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"))
            .or_else(|| listed("here may stand", &expected.here));
        let message = match (element.text.trim().is_empty(), finding.error.constraint) {
            (false, "cvc-complex-type.2.3") => format!("`{}` holds elements, not the text `{}`", cut(name), cut(element.text.trim())),
            (_, "cvc-complex-type.2.1") => format!("`{}` must be empty", cut(name)),
            _ => format!("`{}` may not stand here", cut(name)),
        };
        Problem::new(code, message).maybe_hint(hint)
    } else if code == codes::DOC_INCOMPLETE {
        let message = match expected.at_end.as_slice() {
            [one] => format!("`{name}` ends without `{one}`"),
            [] => format!("`{name}` is not complete"),
            several => format!("`{name}` ends without one of: {}", names(several)),
        };
        Problem::new(code, message)
    } else if code == codes::DOC_VALUE {
        let value = element.text.trim();
        let message = match (value.is_empty(), element.children.is_empty()) {
            (true, true) => format!("`{name}` is empty: {detail}"),
            (false, true) => format!("`{}` is not a valid `{name}`: {detail}", cut(value)),
            _ => format!("`{name}`: {detail}"),
        };
        Problem::new(code, message)
    } else {
        Problem::new(code, format!("`{name}`: {detail}"))
    };
    problem.at(place)
}

fn listed(intro: &str, all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| format!("{intro}: {}", names(all)))
}

fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(8).map(|name| format!("`{name}`")).collect();
    let rest = all.len().saturating_sub(8);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}

/// The engine's sentence without its brackets of namespace names, cut to a line.
fn plain(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(start) = rest.find("Q{").or_else(|| rest.find('{')) {
        let Some(end) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    let line = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(200).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
