//! Checks fields against Odoo's models: they exist, are writable, accept what the mapping gives, and none is missing.

use serde_json::Value as Json;

use super::{Checker, Way, names};
use crate::{
    mapping::rules::{FieldRule, FieldSource, FindRule, From, ValueRule},
    model::{Code, Place, Problem, catalog::Field, nearest::did_you_mean, shape::ValueKind},
};

impl Checker<'_> {
    /// Checks fields against a model; fields that are only used for a lookup need not be writable.
    pub(super) fn fields(&mut self, fields: &[FieldRule], model: &str, from: &[Way], strict: bool, found_by: &[String]) {
        for field in fields {
            let place = self.place(field.line, field.column);
            self.writable(model, &field.name, &place, strict && !found_by.contains(&field.name));
            self.when(field.when.as_ref(), from, &place);
            let known = self.catalog.and_then(|catalog| catalog.field(model, &field.name)).cloned();
            match &field.rule {
                FieldSource::Value(rule) => {
                    let kind = self.value(rule, from);
                    if let Some(known) = &known {
                        self.fits(rule, kind, known, field);
                    }
                }
                FieldSource::Find(rule) => {
                    self.find(rule, from, &place);
                    self.refers_to(known.as_ref(), &["many2one"], &rule.model, &field.name, &place);
                }
                FieldSource::Set(rule) => {
                    let inner = self.follow(&rule.each, from, &place).ways;
                    self.find(&rule.find, &inner, &place);
                    self.refers_to(known.as_ref(), &["many2many"], &rule.find.model, &field.name, &place);
                }
                FieldSource::Lines(rule) => {
                    let inner = self.follow(&rule.each, from, &place).ways;
                    self.units.extend(inner.iter().map(names));
                    let relation = known.as_ref().and_then(|known| known.relation.clone());
                    let relation = rule.model.clone().or(relation).or_else(|| self.catalog.is_none().then(String::new));
                    if let (false, Some(relation)) = (inner.is_empty(), relation) {
                        self.fields(&rule.fields, &relation, &inner, strict, &[]);
                        if !rule.known_only {
                            self.required(&relation, &rule.fields, known.as_ref().and_then(|known| known.inverse.as_deref()), &place);
                        }
                    }
                }
                FieldSource::Record { rule, field: of } => {
                    let target = self.mapping.records.iter().find(|known| known.name == *rule).map(|known| known.model.clone());
                    if let (Some(target), None) = (&target, of) {
                        self.refers_to(known.as_ref(), &["many2one"], target, &field.name, &place);
                    }
                    if let (Some(target), Some(of)) = (&target, of) {
                        self.exists(target, of, &place);
                    }
                }
                FieldSource::Field(_) => {}
            }
        }
    }

    /// The fields of a scope.
    pub(super) fn scope(&mut self, scope: &[Json], model: &str, place: &Place) {
        for field in scope.iter().filter_map(|term| term.get(0)?.as_str()) {
            self.exists(model, field.split('.').next().unwrap_or(field), place);
        }
    }

    fn find(&mut self, rule: &FindRule, from: &[Way], place: &Place) {
        self.known_model(&rule.model, place);
        for (key, value) in &rule.by {
            let place = self.place(value.line, value.column);
            self.exists(&rule.model, key, &place);
            self.value(value, from);
        }
        self.scope(&rule.scope, &rule.model, place);
        self.fields(&rule.create, &rule.model, from, true, &[]);
        if !rule.create.is_empty() {
            self.required(&rule.model, &rule.create, None, place);
        }
    }

    fn refers_to(&mut self, known: Option<&Field>, kinds: &[&str], model: &str, name: &str, place: &Place) {
        let Some(known) = known else { return };
        let message = match &known.relation {
            Some(expected) if kinds.contains(&known.kind.as_str()) && expected != model => {
                format!("`{name}` refers to `{expected}`, not to `{model}`")
            }
            // The id of a record may be written to a number (res_id).
            _ if kinds.contains(&known.kind.as_str()) || known.kind == "integer" || known.kind == "many2one_reference" => return,
            _ => format!("`{name}` is {}; a reference cannot be written to it", noun(&known.kind)),
        };
        self.problems.push(Problem::new(Code::MappingField, message).at(place.clone()));
    }

    fn exists(&mut self, model: &str, field: &str, place: &Place) {
        let Some(fields) = self.catalog.and_then(|catalog| catalog.model(model)) else { return };
        if !fields.contains_key(field) && field != "id" {
            let hint = did_you_mean(field, fields.keys().map(String::as_str));
            let problem = Problem::new(Code::MappingField, format!("the model `{model}` has no field `{field}`"));
            self.problems.push(problem.at(place.clone()).maybe_hint(hint));
        }
    }

    fn writable(&mut self, model: &str, field: &str, place: &Place, strict: bool) {
        self.exists(model, field, place);
        let Some(known) = self.catalog.and_then(|catalog| catalog.field(model, field)) else { return };
        // A computed field that is writable has an inverse or is a related one; only those shown read-only are refused. The models
        // that Odoo writes through `create` of their own accept more than their fields say (stock.quant).
        if known.computed && known.readonly && strict {
            let text = format!("the field `{field}` of `{model}` is computed by Odoo and cannot be written");
            self.problems.push(Problem::new(Code::FieldReadonly, text).at(place.clone()));
        }
    }

    /// Fields that Odoo requires for a new record and does not fill itself.
    pub(super) fn required(&mut self, model: &str, fields: &[FieldRule], inverse: Option<&str>, place: &Place) {
        let Some(known) = self.catalog.and_then(|catalog| catalog.model(model)) else { return };
        let missing: Vec<&String> = known
            .iter()
            .filter(|(name, field)| field.required && !field.filled && !field.computed && Some(name.as_str()) != inverse)
            .map(|(name, _)| name)
            .filter(|name| !fields.iter().any(|field| field.name == **name))
            .collect();
        for name in missing {
            let text = format!("Odoo requires `{name}` for a new record of `{model}`, but the mapping does not give it");
            self.problems
                .push(Problem::new(Code::FieldRequired, text).at(place.clone()).hint(format!("map `{name}`, or give it a `const`")));
        }
    }

    /// Whether the field accepts what the rule makes from a value of this kind.
    fn fits(&mut self, rule: &ValueRule, source: Option<ValueKind>, known: &Field, field: &FieldRule) {
        let place = self.place(rule.line, rule.column);
        let wrong = |text: String, hint: Option<String>| Problem::new(Code::MappingField, text).at(place.clone()).maybe_hint(hint);
        if let (Some(relation), true) = (&known.relation, known.kind == "many2one") {
            if matches!(rule.from, From::Paths(_)) && rule.table.is_none() {
                let text = format!("`{}` is a reference to `{relation}`; a text cannot be written to it", field.name);
                self.problems.push(wrong(text, Some(format!("{{ find = \"{relation}\", by = {{ name = \"…\" }} }}"))));
            }
            return;
        }
        if let (Some(source), Some(first)) = (source, rule.conversions.first())
            && !takes(first.function.makes, source, !first.options.format.is_empty())
        {
            let text = format!("as = \"{}\" cannot convert {}, which is the type in the schema", first.function.name, source.as_str());
            self.problems.push(wrong(text, None));
            return;
        }
        let choices = known.selection.as_ref().filter(|_| known.kind == "selection");
        for value in fixed(rule) {
            if let (Some(choices), Some(text)) = (choices, value.as_str())
                && !choices.iter().any(|choice| choice == text)
            {
                let text = format!("`{}` does not accept `{text}`", field.name);
                self.problems.push(wrong(text, Some(format!("it accepts {}", choices.join(", ")))));
            }
        }
        // The result of a table or an expression is known only with a document.
        let made = match (&rule.from, rule.conversions.last()) {
            (_, Some(last)) => last.function.makes,
            (From::Paths(_), None) if rule.table.is_none() => ValueKind::Text,
            _ => return,
        };
        let (fits, hint) = match known.kind.as_str() {
            "integer" => (made == ValueKind::Integer, "integer"),
            "float" | "monetary" => (matches!(made, ValueKind::Decimal | ValueKind::Integer), "decimal"),
            "boolean" => (made == ValueKind::Boolean, "boolean"),
            "date" => (made == ValueKind::Date, "date"),
            "datetime" => (matches!(made, ValueKind::DateTime), "datetime"),
            "char" | "text" | "html" | "selection" => (matches!(made, ValueKind::Text | ValueKind::Date | ValueKind::DateTime), "text"),
            _ => return,
        };
        if !fits {
            let text = format!("`{}` is {}; the mapping gives it {}", field.name, noun(&known.kind), made.as_str());
            self.problems.push(wrong(text, Some(format!("as = \"{hint}\""))));
        }
    }
}

/// Whether a conversion to one kind can read values of another kind.
fn takes(makes: ValueKind, source: ValueKind, has_format: bool) -> bool {
    match makes {
        ValueKind::Integer => matches!(source, ValueKind::Integer | ValueKind::Decimal | ValueKind::Text),
        ValueKind::Decimal => matches!(source, ValueKind::Integer | ValueKind::Decimal | ValueKind::Text),
        ValueKind::Boolean => matches!(source, ValueKind::Boolean | ValueKind::Text | ValueKind::Integer),
        ValueKind::Date | ValueKind::DateTime => matches!(source, ValueKind::Date | ValueKind::DateTime | ValueKind::Text) || has_format,
        ValueKind::Text | ValueKind::Time => true,
    }
}

/// The values that are known in advance.
fn fixed(rule: &ValueRule) -> impl Iterator<Item = &Json> {
    let constant = if let From::Const(value) = &rule.from { Some(value) } else { None };
    let table = rule.table.iter().flat_map(|table| table.values());
    constant.into_iter().filter(|_| rule.table.is_none()).chain(table).chain(&rule.default)
}

fn noun(kind: &str) -> &str {
    match kind {
        "char" | "text" | "html" => "a text",
        "integer" => "a whole number",
        "float" | "monetary" => "a number",
        "boolean" => "true or false",
        "date" => "a date",
        "datetime" => "a date with time",
        "selection" => "one of a few codes",
        "many2one" => "a reference",
        "one2many" => "a field of lines",
        "many2many" => "a set of records",
        other => other,
    }
}
