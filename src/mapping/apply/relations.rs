//! References, lines and sets of a record.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Applier;
use crate::{
    mapping::{
        path::Match,
        rules::{FindRule, LinesRule, SetRule, ValueRule},
    },
    model::{
        Code, NodeId, Problem,
        i18n::say,
        plan::{DomainTerm, Find, OnMissing, OrderedLines, Record, RecordSet},
        problem::cut,
    },
};

impl Applier<'_, '_> {
    pub(super) fn lines(&mut self, rule: &LinesRule, nodes: &[NodeId], line: u32, overwrite: bool) -> OrderedLines {
        let mut seen: HashMap<String, u32> = HashMap::new();
        let mut records: Vec<Record> = Vec::new();
        for node in self.found_from(&rule.each, nodes) {
            if self.is_full() {
                break;
            }
            let record = self.record(&[node], &rule.fields, &rule.identity, line, overwrite);
            if !rule.identity.is_empty() {
                let key = self.identity_key(&record, &rule.identity);
                let here = self.document.element(node).line;
                if let Some(first) = seen.get(&key) {
                    let message = say!("line-twice", key = cut(&key), line = *first);
                    self.report(Problem::new(Code::IdentityTwice, message), node, line);
                } else {
                    seen.insert(key, here);
                }
            }
            records.push(record);
        }
        OrderedLines {
            model: rule.model.clone().unwrap_or_default(),
            identity: rule.identity.clone(),
            missing_lines: rule.missing_lines,
            known_only: rule.known_only,
            records,
        }
    }

    pub(super) fn set(&mut self, rule: &SetRule, nodes: &[NodeId], field: &str) -> RecordSet {
        let members = self.found_from(&rule.each, nodes);
        let mut finds: Vec<Find> = Vec::new();
        for find in members.into_iter().filter_map(|node| self.find(&rule.find, node, true, field)) {
            if !finds.iter().any(|known| known.by == find.by) {
                finds.push(find);
            }
        }
        RecordSet { finds, add: rule.add }
    }

    pub(super) fn find(&mut self, rule: &FindRule, node: NodeId, required: bool, field: &str) -> Option<Find> {
        let mut by = Vec::new();
        let before = self.of.problems.len();
        // A person will look at the place of the first key that has a value.
        let mut place = None;
        for (key, value) in &rule.by {
            let (value, at) = self.value(value, node, false, field);
            if let Some(value) = value {
                place.get_or_insert(at);
                by.push((key.clone(), value));
            }
        }
        if by.is_empty() {
            // A key that has an unusable value is reported already.
            if required && self.of.problems.len() == before {
                let paths = rule.by.iter().flat_map(|(_, value)| value.all()).flat_map(ValueRule::paths);
                let paths: Vec<String> = paths.map(|path| format!("`{path}`")).collect();
                let none =
                    if paths.is_empty() { "no value for any of its keys".to_string() } else { format!("none of {}", paths.join(", ")) };
                let message = format!("`{field}` cannot be looked up: the document has {none}");
                self.report(Problem::new(Code::ValueMissing, message), node, rule.line);
            }
            return None;
        }
        let create = match rule.on_missing {
            OnMissing::Create => {
                let mut record = self.record(&[node], &rule.create, &[], rule.line, false);
                record.origin = self.origin(place.unwrap_or(node), rule.line);
                Some(Box::new(record))
            }
            _ => None,
        };
        Some(Find {
            model: rule.model.clone(),
            by,
            scope: rule.scope.iter().map(|term| self.term(term)).collect(),
            archived: rule.archived,
            on_missing: rule.on_missing,
            many: rule.many,
            create,
            origin: self.origin(place.unwrap_or(node), rule.line),
        })
    }

    /// A term of a scope, with the flow's values filled in.
    fn term(&self, term: &Json) -> DomainTerm {
        let part = |at: usize| term.get(at).and_then(Json::as_str).unwrap_or_default().to_string();
        if let Some(field) = term.get(2).and_then(|value| value.get("field")).and_then(Json::as_str) {
            return DomainTerm::Field { path: part(0), operator: part(1), field: field.to_string() };
        }
        DomainTerm::Fixed(self.of.given.put(term))
    }
}

impl Match {
    /// Whether it has a value.
    pub(super) fn has_text(&self, document: &crate::model::Document) -> bool {
        !self.text(document).is_empty()
    }
}
