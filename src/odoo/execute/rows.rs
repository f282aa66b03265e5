//! Records as the rows of `load`, Odoo's own import: texts by column, references by database id, lines in the rows that follow.

use serde_json::{Map, Value as Json};

use crate::{
    model::{
        catalog::Catalog,
        plan::{PlanValue, Record},
    },
    odoo::resolve::{Known, Resolved, Within},
};

/// The input of `load`.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) fields: Vec<String>,
    pub(super) data: Vec<Vec<String>>,
    /// For each record, its first row.
    pub(super) starts: Vec<usize>,
}

impl Rows {
    /// The record that a row belongs to.
    pub(super) fn record(&self, row: usize) -> Option<usize> {
        self.starts.partition_point(|start| *start <= row).checked_sub(1)
    }
}

/// New records as rows; `key` is a first column with a different value for each. `None` if rows cannot express them: lines of lines,
/// and records or lines with different fields, since an empty cell clears a field.
pub(super) fn of_records(resolved: &Resolved, catalog: &Catalog, model: &str, key: &str, records: &[(String, &Record)]) -> Option<Rows> {
    let first = records.first()?.1;
    let mut rows = Rows { fields: vec![key.to_string()], ..Rows::default() };
    let mut below: Vec<(String, Vec<String>)> = Vec::new();
    for name in given(resolved, first, None) {
        match first.value(&name) {
            Some(PlanValue::Lines(_)) => {
                let lines = records.iter().find_map(|(_, record)| match record.value(&name) {
                    Some(PlanValue::Lines(lines)) if !lines.records.is_empty() => Some((lines, *record)),
                    _ => None,
                });
                let Some((lines, outer)) = lines else { continue };
                let of = if lines.model.is_empty() { catalog.field(model, &name)?.relation.clone()? } else { lines.model.clone() };
                let names = given(resolved, lines.records.first()?, Some(outer));
                rows.fields.extend(names.iter().map(|line| format!("{name}/{}", column(catalog, &of, line))));
                below.push((name, names));
            }
            _ => rows.fields.push(column(catalog, model, &name)),
        }
    }
    let own = rows.fields.len() - below.iter().map(|(_, names)| names.len()).sum::<usize>();
    for (key, record) in records {
        if given(resolved, record, None) != given(resolved, first, None) {
            return None;
        }
        rows.starts.push(rows.data.len());
        let mut row = vec![key.clone()];
        for name in given(resolved, record, None).iter().filter(|name| !matches!(record.value(name), Some(PlanValue::Lines(_)))) {
            row.push(cell(resolved, record, name, None)?);
        }
        let before = rows.data.len();
        rows.data.push(row);
        let mut at = own;
        for (name, names) in &below {
            let Some(PlanValue::Lines(lines)) = record.value(name) else { return None };
            for (number, line) in lines.records.iter().enumerate() {
                if given(resolved, line, Some(record)) != *names {
                    return None;
                }
                while rows.data.len() <= before + number {
                    rows.data.push(Vec::new());
                }
                let row = &mut rows.data[before + number];
                row.resize(at, String::new());
                for name in names {
                    row.push(cell(resolved, line, name, Some(record))?);
                }
            }
            at += names.len();
        }
        for row in rows.data.iter_mut().skip(before) {
            row.resize(rows.fields.len(), String::new());
        }
    }
    Some(rows)
}

/// Values to write to existing records, as rows with database ids.
pub(super) fn of_changes(catalog: &Catalog, model: &str, names: &[String], changes: &[(i64, Map<String, Json>)]) -> Rows {
    let mut rows = Rows { fields: vec![".id".to_string()], ..Rows::default() };
    rows.fields.extend(names.iter().map(|name| column(catalog, model, name)));
    for (id, values) in changes {
        rows.starts.push(rows.data.len());
        let cells = names.iter().map(|name| values.get(name).map(text).unwrap_or_default());
        rows.data.push(std::iter::once(id.to_string()).chain(cells).collect());
    }
    rows
}

/// The fields for which a record has a value.
pub(super) fn given(resolved: &Resolved, record: &Record, outer: Option<&Record>) -> Vec<String> {
    let outer = outer.map(|record| Within { record, outer: None });
    let within = Within { record, outer: outer.as_ref() };
    let has = |value: &PlanValue| matches!(value, PlanValue::Lines(_)) || matches!(resolved.value(value, &within), Known::Value(_));
    record.fields.iter().filter(|field| has(&field.value)).map(|field| field.name.clone()).collect()
}

fn column(catalog: &Catalog, model: &str, name: &str) -> String {
    match catalog.field(model, name).map(|field| field.kind.as_str()) {
        Some("many2one" | "many2many") => format!("{name}/.id"),
        _ => name.to_string(),
    }
}

fn cell(resolved: &Resolved, record: &Record, name: &str, outer: Option<&Record>) -> Option<String> {
    let outer = outer.map(|record| Within { record, outer: None });
    match resolved.value(record.value(name)?, &Within { record, outer: outer.as_ref() }) {
        Known::Value(value) => Some(text(&value)),
        Known::Nothing | Known::Later => None,
    }
}

/// A value as `load` accepts it.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) | Json::Null => String::new(),
        // The members of a set, as ids or as the command that replaces them.
        Json::Array(ids) => match ids.as_slice() {
            [Json::Array(command)] => command.get(2).map(text).unwrap_or_default(),
            ids => ids.iter().map(text).collect::<Vec<_>>().join(","),
        },
        other => other.to_string(),
    }
}
