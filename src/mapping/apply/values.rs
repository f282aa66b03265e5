//! Plain values: found, cut, joined, looked up, converted.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::Applier;
use crate::{
    mapping::{
        expression::{self, Input},
        functions::{Conversion, ConversionOptions},
        path::{Match, Path},
        rules::{From, ValueRule},
    },
    model::{
        Code, NodeId, Problem,
        i18n::{Argument, Join, List, say},
        problem::cut,
        shape::ValueKind,
    },
};

/// A value, where it comes from, and what it is.
#[derive(Clone)]
struct Found {
    value: Option<Json>,
    at: NodeId,
    /// The kind that the schema or a conversion gives it; none if nothing does.
    kind: Option<ValueKind>,
    /// It is the document's own text, with the decimal separator of its file.
    is_original: bool,
}

impl Found {
    fn of(value: Option<Json>, at: NodeId) -> Self {
        Self { value, at, kind: None, is_original: false }
    }

    /// A value of our own files: TOML says what it is, so that a text stays one.
    fn given(value: Option<Json>, at: NodeId) -> Self {
        let kind = value.as_ref().is_some_and(Json::is_string).then_some(ValueKind::Text);
        Self { value, at, kind, is_original: false }
    }
}

impl Applier<'_, '_> {
    /// The value, or `None` if there is none, and the element it comes from. A missing required value and a value that cannot be
    /// converted are reported.
    pub(super) fn value(&mut self, rule: &ValueRule, node: NodeId, required: bool, field: &str) -> (Option<Json>, NodeId) {
        let found = self.found_value(rule, node, required, field);
        (found.value, found.at)
    }

    fn found_value(&mut self, rule: &ValueRule, node: NodeId, required: bool, field: &str) -> Found {
        let Ok(Found { value: raw, at, kind, is_original }) = self.raw(rule, node, field) else { return Found::of(None, node) };
        let Some(raw) = raw else {
            if rule.default.is_none() && required {
                let source = match rule.paths() {
                    [] => Argument::from(say!("value-its")),
                    paths => List::new(Join::Or, paths.iter().map(|path| format!("`{path}`"))).into(),
                };
                let text = say!("value-needed", source = source, field = field);
                self.report(Problem::new(Code::ValueMissing, text), at, rule.line);
            }
            return Found::given(rule.default.clone(), at);
        };
        let kind = match rule.conversions.last() {
            Some(last) => Some(last.function.makes),
            None if rule.table.is_some() => None,
            None => kind,
        };
        match self.made(rule, field, raw, at, is_original) {
            // A text of a table is one of ours, as TOML has it.
            Ok(value) if kind.is_none() && rule.table.is_some() => Found::given(Some(value), at),
            Ok(value) => Found { value: Some(value), at, kind, is_original: false },
            Err(problem) => {
                self.report(problem, at, rule.line);
                Found::of(None, at)
            }
        }
    }

    /// The text at the source; an expression that fails is reported.
    fn raw(&mut self, rule: &ValueRule, node: NodeId, field: &str) -> Result<Found, ()> {
        let given = |text: Option<&Json>| text.cloned().filter(|value| !value.is_null() && *value != "");
        match &rule.from {
            From::Const(value) => Ok(Found::given(Some(value.clone()), node)),
            From::Partner(key) => Ok(Found::given(given(self.of.given.partner.get(key)), node)),
            From::Flow(key) => Ok(Found::given(given(self.of.given.values.get(key)), node)),
            From::Paths(paths) => {
                let of_group = if self.group.first() == Some(&node) { std::mem::take(&mut self.group) } else { vec![node] };
                let found: Vec<Found> = of_group.iter().map(|node| self.at_paths(rule, paths, *node)).collect();
                if of_group.len() > 1 {
                    self.group = of_group;
                }
                let mut with_value = found.iter().filter(|found| found.value.is_some());
                // A blank row says nothing: the first one with a value counts, and no other may say something else.
                let Some(first) = with_value.next() else { return Ok(found.into_iter().next().unwrap_or(Found::of(None, node))) };
                if let Some(other) = with_value.find(|other| !self.agree(rule, field, first, other)) {
                    let said = |found: &Found| found.value.as_ref().and_then(Json::as_str).map(cut).unwrap_or_default();
                    let line = self.document.element(first.at).line;
                    let text = say!("group-contradicts", value = said(other), first = said(first), line = line, field = field);
                    let at = other.at;
                    self.report(Problem::new(Code::IdentityTwice, text), at, rule.line);
                    return Err(());
                }
                Ok(first.clone())
            }
            From::Expression { text, with } => {
                let inputs = self.inputs(with, node, field);
                match expression::evaluate(text, &inputs) {
                    Ok(value) => Ok(Found::given(value, node)),
                    Err(message) => {
                        let text = format!("`{field}`: the expression `{text}` failed: {message}");
                        self.report(Problem::new(Code::ValueExpression, text), node, rule.line);
                        Err(())
                    }
                }
            }
        }
    }

    /// What the first of these paths that has a value leads to.
    fn at_paths(&mut self, rule: &ValueRule, paths: &[Path], node: NodeId) -> Found {
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
                let is_whole = rule.join.is_none() && rule.split.is_none();
                // What is joined or cut is a text, whatever it was made of.
                let kind = if is_whole { found.first().and_then(|found| found.kind(document)) } else { Some(ValueKind::Text) };
                return Found { value: Some(Json::String(text)), at: found.first().map_or(node, Match::node), kind, is_original: true };
            }
        }
        Found::of(None, first.unwrap_or(node))
    }

    /// The named values of an expression.
    pub(super) fn inputs(&mut self, with: &[(String, ValueRule)], node: NodeId, field: &str) -> Vec<Input> {
        let input = |(name, rule): &(String, ValueRule)| {
            let Found { value, kind, .. } = self.found_value(rule, node, false, field);
            Input { name: name.clone(), value, kind }
        };
        with.iter().map(input).collect()
    }

    /// What the rule makes of a value: looked up in its table, and converted.
    fn made(&self, rule: &ValueRule, field: &str, raw: Json, at: NodeId, is_original: bool) -> Result<Json, Problem> {
        let Some(table) = &rule.table else { return self.converted(&rule.conversions, field, raw, at, is_original) };
        // Codes are brought to one spelling before the lookup; the table's value becomes a number or a date after it.
        let spelling = rule.conversions.iter().take_while(|conversion| conversion.function.makes == ValueKind::Text).count();
        let (before, after) = rule.conversions.split_at(spelling);
        let code = self.converted(before, field, raw, at, is_original)?;
        let code = code.as_str().map_or_else(|| code.to_string(), str::to_string);
        let value = table.get(&code).cloned().ok_or_else(|| table.unknown(&code, field))?;
        self.converted(after, field, value, at, false)
    }

    fn converted(&self, conversions: &[Conversion], field: &str, mut value: Json, at: NodeId, is_original: bool) -> Result<Json, Problem> {
        // How numbers are written is one decision for a file; our own tables and constants have a point.
        let separator = self.document.decimal_separator(at).filter(|_| is_original);
        for conversion in conversions {
            let Json::String(text) = &value else { break };
            let options = match separator.filter(|_| conversion.options.decimal.is_none()) {
                None => Cow::Borrowed(&conversion.options),
                decimal => Cow::Owned(ConversionOptions { decimal, ..conversion.options.clone() }),
            };
            value = (conversion.function.apply)(text, &options).map_err(|wanted| {
                let text = say!("value-not-a", value = cut(text), wanted = wanted, field = field);
                Problem::new(Code::ValueConversion, text)
            })?;
        }
        Ok(value)
    }

    /// Whether two rows of a group say the same: the same value by its type, or values of which the rule makes the same.
    fn agree(&self, rule: &ValueRule, field: &str, first: &Found, other: &Found) -> bool {
        let input = |found: &Found| Input { name: String::new(), value: found.value.clone(), kind: found.kind };
        let made = |found: &Found| self.made(rule, field, found.value.clone().unwrap_or_default(), found.at, found.is_original).ok();
        expression::is_same(&input(first), &input(other)) || made(first).is_some_and(|value| made(other) == Some(value))
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
