//! Applies a mapping to a document: the plan, and the problems of the parts that cannot be planned.

mod refuse;
mod relations;
mod values;

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use super::{
    Given, Mapping,
    numbers::{Number, Numbers},
    path::{Match, Path},
    rules::{FieldRule, FieldSource, RecordRule, When},
};
use crate::model::{
    Code, Document, NodeId, Place, Plan, Problem,
    i18n::say,
    plan::{PlanField, PlanValue, Record, RecordStep, Reference, ValueOrigin},
    problem::cut,
};

/// Problems reported for one file, at most; nobody would read more.
const MOST: usize = 100;

/// The start of an element in the partner's file: line and column.
pub type ElementStart = (u32, u32);

/// A file that is being mapped, whole or one part at a time.
pub struct Applying<'m> {
    mapping: &'m Mapping,
    file: &'m str,
    given: &'m Given,
    most: usize,
    problems: Vec<(Option<ElementStart>, Problem)>,
    /// Identities found so far, by kind of record, with their lines.
    seen: Vec<HashMap<String, u32>>,
    /// Whether any kind of record was found.
    found: bool,
    numbers: Numbers,
}

impl<'m> Applying<'m> {
    /// Starts a file of this name.
    pub fn new(mapping: &'m Mapping, file: &'m str, given: &'m Given) -> Self {
        let seen = mapping.records.iter().map(|_| HashMap::new()).collect();
        Self { mapping, file, given, most: MOST, problems: Vec::new(), seen, found: false, numbers: Numbers::default() }
    }

    /// The same, but keeps all problems, since each refuses only its own part of the file.
    pub fn part_by_part(mut self) -> Self {
        self.most = usize::MAX;
        self
    }

    /// What the documents will do. Records with a problem are left out.
    pub fn plan(&mut self, documents: &[Document]) -> Plan {
        let rules = &self.mapping.records;
        let mut steps: Vec<RecordStep> = rules.iter().map(|rule| step(rule, self.given)).collect();
        for document in documents {
            let mut applier = Applier {
                of: self,
                document,
                shared: HashMap::new(),
                records: vec![HashMap::new(); rules.len()],
                spots: HashMap::new(),
                part: (0, 0),
                group: Vec::new(),
            };
            for (at, rule) in rules.iter().enumerate() {
                if !applier.is_full() {
                    applier.rule(at, rule, &mut steps[at].records);
                }
            }
        }
        let mut plan = Plan { steps };
        if !self.mapping.numbers.iter().any(Number::identifies) {
            self.numbers.planned(&plan);
        }
        for document in documents {
            self.numbers.read(&self.mapping.numbers, document);
        }
        if self.most > MOST {
            let bad: HashSet<ElementStart> = self.problems.iter().filter_map(|(part, _)| *part).collect();
            refuse::without(&mut plan, &bad);
        }
        plan
    }

    /// The business numbers found so far.
    pub fn numbers(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.numbers).into_inner()
    }

    /// Everything that is wrong, at the end of the file.
    pub fn problems(mut self) -> Vec<Problem> {
        self.nothing();
        self.problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// Everything that is wrong, each with the part of the file that it refuses; none if it refuses all of the file.
    pub fn refused(mut self) -> Vec<(Option<ElementStart>, Problem)> {
        self.nothing();
        self.problems
    }

    fn nothing(&mut self) {
        if !self.found && self.problems.is_empty() && !self.mapping.accepts_empty {
            let Some(first) = self.mapping.records.first() else { return };
            let problem = Problem::new(Code::ValueMissing, say!("document-lacks", path = first.each.to_string()));
            self.problems.push((None, problem.at(Place::file(self.file)).mapped_by(self.mapping.at(first.line))));
        }
    }
}

fn step(rule: &RecordRule, given: &Given) -> RecordStep {
    RecordStep {
        name: rule.name.clone(),
        model: rule.model.clone(),
        identity: rule.identity.clone(),
        // Two partners may use the same number for different things.
        module: rule.external.as_ref().map(|_| {
            let partner = given.partner.get("id").and_then(Json::as_str).unwrap_or_default();
            format!("consign_{}", partner.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
        }),
        write: rule.write,
        on_missing: rule.on_missing,
        scope: rule.scope.iter().map(|term| given.put(term)).collect(),
        context: rule.context.clone(),
        records: Vec::new(),
        actions: rule.actions.clone(),
    }
}

struct Applier<'a, 'm> {
    of: &'a mut Applying<'m>,
    document: &'a Document,
    /// Results of paths that do not depend on the record: `../Location` is evaluated once, not once for each of its siblings.
    shared: HashMap<(String, NodeId), Vec<Match>>,
    /// For each rule, the element of each record with its index in the step.
    records: Vec<HashMap<NodeId, usize>>,
    /// Position of each record, by step and index.
    spots: HashMap<(usize, usize), ElementStart>,
    /// The current part of the file.
    part: ElementStart,
    /// The rows that make the current record together, if they are several.
    group: Vec<NodeId>,
}

impl Applier<'_, '_> {
    fn is_full(&self) -> bool {
        self.of.problems.len() >= self.of.most
    }

    /// The records of one rule.
    fn rule(&mut self, at: usize, rule: &RecordRule, into: &mut Vec<Record>) {
        let Some(root) = self.document.root() else { return };
        let nodes: Vec<NodeId> = rule.each.find(self.document, root).iter().map(Match::node).collect();
        self.of.found |= !nodes.is_empty();
        for group in self.grouped(rule, nodes) {
            let Some(first) = group.first().copied().filter(|_| !self.is_full()) else { return };
            self.part = self.spot(rule, first);
            self.group = if group.len() > 1 { group.clone() } else { Vec::new() };
            if !self.holds(rule.when.as_ref(), first) {
                continue;
            }
            let mut record = self.record(&group, &rule.fields, &rule.identity, rule.line, rule.overwrite);
            if let Some(external) = &rule.external {
                record.external = self.value(external, first, true, "external").0.map(|value| external_id(&value));
            }
            self.group = Vec::new();
            self.once(at, rule, &record, first);
            let element = self.document.element(first);
            self.spots.insert((at, into.len()), (element.line, element.column));
            for node in group {
                self.records[at].insert(node, into.len());
            }
            into.push(record);
        }
    }

    /// Elements that make one record together; single ones if the rule does not group.
    fn grouped(&mut self, rule: &RecordRule, nodes: Vec<NodeId>) -> Vec<Vec<NodeId>> {
        let Some(by) = &rule.group else { return nodes.into_iter().map(|node| vec![node]).collect() };
        let mut groups: Vec<Vec<NodeId>> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for node in nodes {
            let key = by.find(self.document, node).first().map(|found| found.text(self.document).to_string()).unwrap_or_default();
            match known.get(&key) {
                Some(at) => groups[*at].push(node),
                None => {
                    known.insert(key, groups.len());
                    groups.push(vec![node]);
                }
            }
        }
        groups
    }

    /// The part of the file that a record of this rule belongs to: the element of the file's shortest `each` that contains it.
    fn spot(&self, rule: &RecordRule, node: NodeId) -> ElementStart {
        let shortest = self.of.mapping.records.iter().map(|rule| rule.each.steps.len()).min().unwrap_or(0);
        let mut at = node;
        for _ in shortest..rule.each.steps.len() {
            at = self.document.element(at).parent.unwrap_or(at);
        }
        let element = self.document.element(at);
        (element.line, element.column)
    }

    /// Reports a record that occurred earlier in the file.
    fn once(&mut self, at: usize, rule: &RecordRule, record: &Record, node: NodeId) {
        let key = match &record.external {
            Some(external) => external.clone(),
            None if rule.identity.is_empty() => return,
            None => self.identity_key(record, &rule.identity),
        };
        let here = self.document.element(node).line;
        match self.of.seen[at].get(&key) {
            Some(first) => {
                let message = say!("record-twice", key = cut(&key), line = *first);
                self.report(Problem::new(Code::IdentityTwice, message), node, rule.line);
            }
            None => {
                self.of.seen[at].insert(key, here);
            }
        }
    }

    fn record(&mut self, nodes: &[NodeId], fields: &[FieldRule], identity: &[String], line: u32, overwrite: bool) -> Record {
        let node = nodes.first().copied().unwrap_or_default();
        let mut record = Record { origin: self.origin(node, line), part: self.part, ..Record::default() };
        for field in fields {
            if !self.holds(field.when.as_ref(), node) {
                continue;
            }
            let required = field.required.unwrap_or_else(|| identity.contains(&field.name) || field.needs());
            let (value, at, from) = match &field.rule {
                FieldSource::Value(rule) => {
                    let (value, at) = self.value(rule, node, required, &field.name);
                    (value.map(PlanValue::Literal), at, rule.line)
                }
                FieldSource::Find(rule) => (self.find(rule, node, required, &field.name).map(PlanValue::Find), node, rule.line),
                FieldSource::Lines(rule) => {
                    // Each row is a line of its own.
                    let group = std::mem::take(&mut self.group);
                    let lines = self.lines(rule, nodes, field.line, overwrite || field.overwrite);
                    self.group = group;
                    (Some(PlanValue::Lines(lines)), node, field.line)
                }
                FieldSource::Set(rule) => {
                    let group = std::mem::take(&mut self.group);
                    let set = self.set(rule, nodes, &field.name);
                    self.group = group;
                    (Some(PlanValue::Set(set)), node, field.line)
                }
                FieldSource::Record { rule, field: of } => (self.reference(rule, of.as_deref(), node, field, required), node, field.line),
                FieldSource::Field(other) => (Some(PlanValue::Field(other.clone())), node, field.line),
            };
            let Some(value) = value else { continue };
            let origin = match &value {
                PlanValue::Find(find) => find.origin.clone(),
                _ => self.origin(at, from),
            };
            record.fields.push(PlanField {
                name: field.name.clone(),
                value,
                create_only: field.create_only,
                overwrite: overwrite || field.overwrite,
                origin,
            });
        }
        record
    }

    /// The record that another rule made from this element, or from the nearest one around it.
    fn reference(&mut self, name: &str, of: Option<&str>, node: NodeId, field: &FieldRule, required: bool) -> Option<PlanValue> {
        let step = self.of.mapping.records.iter().position(|rule| rule.name == name)?;
        let mut at = Some(node);
        while let Some(here) = at {
            if let Some(record) = self.records[step].get(&here) {
                return Some(PlanValue::Record(Reference { step, record: *record, field: of.map(str::to_string) }));
            }
            at = self.document.element(here).parent;
        }
        if required {
            let problem = Problem::new(Code::ValueMissing, format!("`{}` needs a record `{name}`, but none is made here", field.name));
            self.report(problem, node, field.line);
        }
        None
    }

    /// Whether a condition is true; one that cannot be evaluated is reported and counts as false.
    fn holds(&mut self, when: Option<&When>, node: NodeId) -> bool {
        match when {
            None => true,
            Some(When::Path(path)) => {
                let document = self.document;
                let full = |found: &Match| !found.text(document).is_empty() || !document.element(found.node()).children.is_empty();
                // Of rows that make one record, any may have it.
                let rows = if self.group.first() == Some(&node) { self.group.clone() } else { vec![node] };
                rows.into_iter().any(|row| self.found(path, row).iter().any(full))
            }
            Some(When::Expression { text, with, line }) => {
                let inputs = self.inputs(with, node, "when");
                super::expression::holds(text, &inputs).unwrap_or_else(|message| {
                    let text = format!("the condition `{text}` failed: {message}");
                    self.report(Problem::new(Code::ValueExpression, text), node, *line);
                    false
                })
            }
        }
    }

    fn found(&mut self, path: &Path, node: NodeId) -> Vec<Match> {
        let Some(hinge) = path.hinge(self.document, node) else { return path.find(self.document, node) };
        let document = self.document;
        self.shared.entry((path.to_string(), hinge)).or_insert_with(|| path.find(document, node)).clone()
    }

    /// What a path selects from these elements, each once.
    fn found_from(&self, path: &Path, nodes: &[NodeId]) -> Vec<NodeId> {
        let mut seen = HashSet::new();
        let found = nodes.iter().flat_map(|node| path.find(self.document, *node));
        found.map(|found| found.node()).filter(|node| seen.insert(*node)).collect()
    }

    fn origin(&self, node: NodeId, line: u32) -> ValueOrigin {
        ValueOrigin { place: self.place(node), mapping: self.of.mapping.at(line) }
    }

    fn place(&self, node: NodeId) -> Place {
        let element = self.document.element(node);
        let mut place = Place::at(self.of.file, element.line, element.column).with_path(self.document.path(node));
        place.field = self.document.column(node).map(str::to_string);
        place
    }

    /// The identity of a planned record, in a form that can be compared and shown. A record of another kind counts by its position in the
    /// file, since its number restarts with every part of a large file.
    fn identity_key(&self, record: &Record, identity: &[String]) -> String {
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        let shown = |name: &String| match record.value(name) {
            Some(PlanValue::Literal(value)) => text(value),
            Some(PlanValue::Find(find)) => {
                find.by.iter().map(|(key, value)| format!("{key} {}", text(value))).collect::<Vec<_>>().join("/")
            }
            Some(PlanValue::Record(reference)) => {
                let (line, column) = self.spots.get(&(reference.step, reference.record)).copied().unwrap_or_default();
                format!("that of line {line}:{column}")
            }
            _ => String::new(),
        };
        identity.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn report(&mut self, problem: Problem, node: NodeId, line: u32) {
        if !self.is_full() {
            let problem = problem.at(self.place(node)).mapped_by(self.of.mapping.at(line));
            self.of.problems.push((Some(self.part), problem));
        }
    }
}

/// A value as the name of an external id: a forbidden character is written as its number, so that different values have different
/// names.
fn external_id(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '-' => out.push(c),
            '_' => out.push_str("__"),
            c => out.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    out
}
