//! A refusal of Odoo's, put to the line of the partner's file and of the mapping that it is about.

use serde_json::Value as Json;

use crate::model::{
    Problem,
    plan::{Field, Origin, Record, Value},
};

/// The problem at the field it speaks of, where it can be told; at the record otherwise.
pub(super) fn placed(problem: Problem, record: &Record, field: Option<&str>) -> Problem {
    let origin = field
        .and_then(|name| record.field(name))
        .or_else(|| spoken_of(&problem.message, record))
        .map_or(&record.origin, |field| &field.origin);
    let origin = if origin == &Origin::default() { &record.origin } else { origin };
    problem.at(origin.place.clone()).mapped_by(origin.mapping.clone())
}

/// The field that a sentence of Odoo's names, as `(name)`, `'name'` or `model.name:`, or whose value it shows.
pub(super) fn spoken_of<'r>(message: &str, record: &'r Record) -> Option<&'r Field> {
    let all: Vec<&Field> = record.fields.iter().flat_map(with_lines).collect();
    let named = |field: &&Field| {
        let name = &field.name;
        [format!("({name})"), format!("'{name}'"), format!(".{name}:"), format!(".{name} ")].iter().any(|sign| message.contains(sign))
    };
    let shown =
        |field: &&Field| matches!(&field.value, Value::Literal(Json::String(text)) if text.len() > 3 && message.contains(text.as_str()));
    all.iter().copied().find(named).or_else(|| all.iter().copied().find(shown))
}

fn with_lines(field: &Field) -> Vec<&Field> {
    match &field.value {
        Value::Lines(lines) => lines.records.iter().flat_map(|line| line.fields.iter().flat_map(with_lines)).collect(),
        _ => vec![field],
    }
}
