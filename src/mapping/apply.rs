//! A document through a mapping: the plan, or everything that keeps it from being one.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{
    FieldRule, FindRule, From, LinesRule, Mapping, Rule, ValueRule, expression,
    path::{Found, Path},
};
use crate::model::{
    Document, NodeId, Place, Plan, Problem, Problems, codes,
    plan::{Find, Lines, Origin, Record, Value},
    problem::cut,
};

/// Problems one file may report; what is beyond would not be read.
const MOST: usize = 100;

pub(super) fn apply(mapping: &Mapping, documents: &[Document], file: &str) -> Result<Plan, Problems> {
    let (mut records, mut problems, mut seen) = (Vec::new(), Problems::new(), HashMap::new());
    for document in documents {
        let found = document.root().map(|root| mapping.each.find(document, root)).unwrap_or_default();
        if found.is_empty() {
            let problem = Problem::new(codes::VALUE_MISSING, format!("the document has no `{}`", mapping.each));
            problems.push(problem.at(Place::file(file)).mapped_by(mapping.at(mapping.line)));
            continue;
        }
        let mut applier = Applier { mapping, document, file, problems: std::mem::take(&mut problems), shared: HashMap::new() };
        let nodes: Vec<NodeId> = found.iter().map(Found::node).collect();
        records.extend(applier.records(&nodes, &mapping.fields, &mapping.identity, mapping.line, &mut seen));
        problems = applier.problems;
        if problems.len() >= MOST {
            break;
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Plan {
        model: mapping.model.clone(),
        identity: mapping.identity.clone(),
        write: mapping.write,
        context: mapping.context.clone(),
        records,
        then: mapping.then.clone(),
    })
}

struct Applier<'d> {
    mapping: &'d Mapping,
    document: &'d Document,
    file: &'d str,
    problems: Problems,
    /// What paths lead to that do not depend on the record: `../Location` is looked up once, not once for each of its siblings.
    shared: HashMap<(String, NodeId), Vec<Found>>,
}

impl Applier<'_> {
    /// Records of some elements; `seen` has the identities met before, with their lines.
    fn records(
        &mut self,
        nodes: &[NodeId],
        fields: &[FieldRule],
        identity: &[String],
        line: u32,
        seen: &mut HashMap<String, u32>,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        for node in nodes {
            if self.problems.len() >= MOST {
                break;
            }
            let record = self.record(*node, fields, identity, line);
            if !identity.is_empty() {
                let key = identity_key(&record, identity);
                let here = self.document.element(*node).line;
                if let Some(first) = seen.get(&key) {
                    let message = format!("the same record twice in one file: {}; the first is on line {first}", cut(&key));
                    self.report(Problem::new(codes::IDENTITY_TWICE, message), *node, line);
                } else {
                    seen.insert(key, here);
                }
            }
            records.push(record);
        }
        records
    }

    fn record(&mut self, node: NodeId, fields: &[FieldRule], identity: &[String], line: u32) -> Record {
        let mut record = Record { origin: self.origin(node, line), ..Record::default() };
        for field in fields {
            let required = field.required || identity.contains(&field.name);
            let value = match &field.rule {
                Rule::Value(rule) => match self.value(rule, node, required, &field.name) {
                    Some(value) => Value::Literal(value),
                    None => continue,
                },
                Rule::Find(rule) => match self.find(rule, node, required, &field.name) {
                    Some(find) => Value::Find(find),
                    None => continue,
                },
                Rule::Lines(rule) => Value::Lines(self.lines(rule, node, field.line)),
            };
            if field.create_only {
                record.create_only.push(field.name.clone());
            }
            record.values.push((field.name.clone(), value));
        }
        record
    }

    fn lines(&mut self, rule: &LinesRule, node: NodeId, line: u32) -> Lines {
        let nodes: Vec<NodeId> = rule.each.find(self.document, node).iter().map(Found::node).collect();
        let records = self.records(&nodes, &rule.fields, &rule.identity, line, &mut HashMap::new());
        Lines { model: rule.model.clone().unwrap_or_default(), identity: rule.identity.clone(), records }
    }

    fn find(&mut self, rule: &FindRule, node: NodeId, required: bool, field: &str) -> Option<Find> {
        let by: Vec<(String, Json)> =
            rule.by.iter().filter_map(|(key, value)| Some((key.clone(), self.value(value, node, false, field)?))).collect();
        if by.is_empty() {
            if required {
                let paths: Vec<String> = rule
                    .by
                    .iter()
                    .filter_map(|(_, value)| if let From::Path(path) = &value.from { Some(format!("`{path}`")) } else { None })
                    .collect();
                let message = format!("`{field}` cannot be looked up: the document has none of {}", paths.join(", "));
                self.report(Problem::new(codes::VALUE_MISSING, message), node, rule.line);
            }
            return None;
        }
        // The place of the first key that has a value is where a person will look.
        let place = rule.by.iter().find_map(|(_, value)| match &value.from {
            From::Path(path) => self.found(path, node).first().map(Found::node),
            _ => None,
        });
        Some(Find { model: rule.model.clone(), by, scope: rule.scope.clone(), origin: self.origin(place.unwrap_or(node), rule.line) })
    }

    fn found(&mut self, path: &Path, node: NodeId) -> Vec<Found> {
        let Some(hinge) = path.hinge(self.document, node) else { return path.find(self.document, node) };
        let document = self.document;
        self.shared.entry((path.to_string(), hinge)).or_insert_with(|| path.find(document, node)).clone()
    }

    /// The value, or `None` when there is none; a required one that is missing, and one that cannot be converted, are reported.
    fn value(&mut self, rule: &ValueRule, node: NodeId, required: bool, field: &str) -> Option<Json> {
        let mut at = node;
        let raw = match &rule.from {
            From::Const(value) => return Some(value.clone()),
            From::Path(path) => {
                let found = self.found(path, node);
                match found.as_slice() {
                    [] => None,
                    [first, ..] => {
                        at = first.node();
                        Some(Json::String(first.text(self.document).to_string())).filter(|text| text != "")
                    }
                }
            }
            From::Expression { text, with } => {
                let inputs: Vec<(String, Option<Json>)> =
                    with.iter().map(|(name, value)| (name.clone(), self.value(value, node, false, field))).collect();
                match expression::evaluate(text, &inputs) {
                    Ok(value) => value,
                    Err(message) => {
                        self.report(
                            Problem::new(codes::VALUE_EXPRESSION, format!("`{field}`: the expression `{text}` failed: {message}")),
                            node,
                            rule.line,
                        );
                        return None;
                    }
                }
            }
        };
        let Some(raw) = raw else {
            if rule.default.is_none() && required {
                let source = if let From::Path(path) = &rule.from { format!("`{path}`") } else { "its value".into() };
                self.report(
                    Problem::new(codes::VALUE_MISSING, format!("{source} is needed for `{field}` and is missing or empty")),
                    at,
                    rule.line,
                );
            }
            return rule.default.clone();
        };
        let raw = self.translated(rule, raw, at, field)?;
        match (&rule.conversion, &raw) {
            (Some(conversion), Json::String(text)) => match (conversion.function.apply)(text, &conversion.options) {
                Ok(value) => Some(value),
                Err(wanted) => {
                    self.report(
                        Problem::new(codes::VALUE_CONVERSION, format!("`{}` is not {wanted}, which `{field}` takes", cut(text))),
                        at,
                        rule.line,
                    );
                    None
                }
            },
            _ => Some(raw),
        }
    }

    /// The value looked up in the rule's code table, where it has one.
    fn translated(&mut self, rule: &ValueRule, raw: Json, at: NodeId, field: &str) -> Option<Json> {
        if rule.table.is_empty() {
            return Some(raw);
        }
        let text = raw.as_str().map_or_else(|| raw.to_string(), str::to_string);
        let known = rule.table.iter().find(|(code, _)| *code == text).map(|(_, value)| value.clone());
        if known.is_none() {
            let codes: Vec<&str> = rule.table.iter().map(|(code, _)| code.as_str()).collect();
            let problem = Problem::new(
                codes::VALUE_UNMAPPED,
                format!("the code `{}` of `{field}` is not in the mapping's table ({})", cut(&text), cut(&codes.join(", "))),
            );
            self.report(problem, at, rule.line);
        }
        known
    }

    fn origin(&self, node: NodeId, line: u32) -> Origin {
        Origin { place: self.place(node), mapping: self.mapping.at(line) }
    }

    fn place(&self, node: NodeId) -> Place {
        let element = self.document.element(node);
        let mut place = Place::at(self.file, element.line, element.column).with_path(self.document.path(node));
        place.field = self.document.column(node).map(str::to_string);
        place
    }

    fn report(&mut self, problem: Problem, node: NodeId, line: u32) {
        if self.problems.len() < MOST {
            let place = self.place(node);
            self.problems.push(problem.at(place).mapped_by(self.mapping.at(line)));
        }
    }
}

/// What makes two planned records the same, in a form that can be compared and shown.
fn identity_key(record: &Record, identity: &[String]) -> String {
    let shown = |name: &String| match record.value(name) {
        Some(Value::Literal(Json::String(text))) => text.clone(),
        Some(Value::Literal(value)) => value.to_string(),
        Some(Value::Find(find)) => find
            .by
            .iter()
            .map(|(key, value)| format!("{key} {}", value.as_str().map_or_else(|| value.to_string(), str::to_string)))
            .collect::<Vec<_>>()
            .join("/"),
        _ => String::new(),
    };
    identity.iter().map(shown).collect::<Vec<_>>().join(", ")
}
