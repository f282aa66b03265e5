//! Plain values: found, cut, joined, looked up, converted.

use serde_json::Value as Json;

use super::Applier;
use crate::{
    mapping::{
        expression::{self, Input},
        functions::Conversion,
        path::Match,
        rules::{From, ValueRule},
    },
    model::{
        Code, NodeId, Problem,
        i18n::{Argument, Join, List, say},
        problem::cut,
        shape::ValueKind,
    },
};

impl Applier<'_, '_> {
    /// The value, or `None` if there is none, and the element it comes from. A missing required value and a value that cannot be
    /// converted are reported.
    pub(super) fn value(&mut self, rule: &ValueRule, node: NodeId, required: bool, field: &str) -> (Option<Json>, NodeId) {
        let (raw, at) = match self.raw(rule, node, field) {
            Ok(raw) => raw,
            Err(()) => return (None, node),
        };
        let Some(raw) = raw else {
            if rule.default.is_none() && required {
                let source = match rule.paths() {
                    [] => Argument::from(say!("value-its")),
                    paths => List::new(Join::Or, paths.iter().map(|path| format!("`{path}`"))).into(),
                };
                let text = say!("value-needed", source = source, field = field);
                self.report(Problem::new(Code::ValueMissing, text), at, rule.line);
            }
            return (rule.default.clone(), at);
        };
        // Codes are brought to one spelling before the lookup; the table's value becomes a number or a date after it.
        let spelling = rule.conversions.iter().take_while(|conversion| conversion.function.makes == ValueKind::Text).count();
        let (before, after) = rule.conversions.split_at(if rule.table.is_some() { spelling } else { 0 });
        let Some(value) = self.converted(before, raw, at, field, rule.line) else { return (None, at) };
        let Some(value) = self.translated(rule, value, at, field) else { return (None, at) };
        (self.converted(after, value, at, field, rule.line), at)
    }

    /// The text at the source; an expression that fails is reported.
    fn raw(&mut self, rule: &ValueRule, node: NodeId, field: &str) -> Result<(Option<Json>, NodeId), ()> {
        let given = |text: Option<&Json>| text.cloned().filter(|value| !value.is_null() && *value != "");
        match &rule.from {
            From::Const(value) => Ok((Some(value.clone()), node)),
            From::Partner(key) => Ok((given(self.of.given.partner.get(key)), node)),
            From::Flow(key) => Ok((given(self.of.given.values.get(key)), node)),
            From::Paths(paths) => {
                let document = self.document;
                let mut first = None;
                for path in paths {
                    let found = self.found(path, node);
                    first = first.or(found.first().map(Match::node));
                    let full = || found.iter().filter(|found| found.has_text(document));
                    let text = match &rule.join {
                        Some(sign) => full().map(|found| found.text(document)).collect::<Vec<_>>().join(sign),
                        // A single path counts even if its value is empty.
                        None => found.first().map(|found| found.text(document).to_string()).unwrap_or_default(),
                    };
                    let text = part(&text, rule.split.as_ref());
                    if !text.is_empty() {
                        return Ok((Some(Json::String(text)), found.first().map_or(node, Match::node)));
                    }
                }
                Ok((None, first.unwrap_or(node)))
            }
            From::Expression { text, with } => {
                let inputs = self.inputs(with, node, field);
                match expression::evaluate(text, &inputs) {
                    Ok(value) => Ok((value, node)),
                    Err(message) => {
                        let text = format!("`{field}`: the expression `{text}` failed: {message}");
                        self.report(Problem::new(Code::ValueExpression, text), node, rule.line);
                        Err(())
                    }
                }
            }
        }
    }

    /// The named values of an expression.
    pub(super) fn inputs(&mut self, with: &[(String, ValueRule)], node: NodeId, field: &str) -> Vec<Input> {
        let input = |(name, value): &(String, ValueRule)| Input {
            name: name.clone(),
            value: self.value(value, node, false, field).0,
            // A declared text stays a text, even if it looks like a number.
            is_text: value.conversions.last().is_some_and(|last| last.function.makes == ValueKind::Text),
        };
        with.iter().map(input).collect()
    }

    /// The value looked up in the rule's code table, if it has one.
    fn translated(&mut self, rule: &ValueRule, raw: Json, at: NodeId, field: &str) -> Option<Json> {
        let Some(table) = &rule.table else { return Some(raw) };
        let text = raw.as_str().map_or_else(|| raw.to_string(), str::to_string);
        let known = table.get(&text).cloned();
        if known.is_none() {
            self.report(table.unknown(&text, field), at, rule.line);
        }
        known
    }

    fn converted(&mut self, conversions: &[Conversion], value: Json, at: NodeId, field: &str, line: u32) -> Option<Json> {
        let mut value = value;
        for conversion in conversions {
            let Json::String(text) = &value else { return Some(value) };
            match (conversion.function.apply)(text, &conversion.options) {
                Ok(converted) => value = converted,
                Err(wanted) => {
                    let text = say!("value-not-a", value = cut(text), wanted = wanted, field = field);
                    self.report(Problem::new(Code::ValueConversion, text), at, line);
                    return None;
                }
            }
        }
        Some(value)
    }
}

/// The part of a text that `split` selects; all of it without `split`.
fn part(text: &str, split: Option<&(String, i64)>) -> String {
    let Some((at, number)) = split else { return text.to_string() };
    let parts: Vec<&str> = text.split(at.as_str()).collect();
    let place = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    let part = if *number > 0 { parts.get(place - 1) } else { parts.len().checked_sub(place).and_then(|place| parts.get(place)) };
    part.map(|part| part.trim().to_string()).unwrap_or_default()
}
