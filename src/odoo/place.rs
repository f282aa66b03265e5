//! Finds the line of the partner's file and of the mapping for a refusal by Odoo.

use serde_json::Value as Json;

use crate::model::{
    Problem,
    plan::{PlanField, PlanValue, Record, ValueOrigin},
};

/// The problem at the field that it names, if that can be found; otherwise at the record.
pub(super) fn placed(problem: Problem, record: &Record, field: Option<&str>) -> Problem {
    let origin = field
        .and_then(|name| record.field(name))
        .or_else(|| locate_field(&problem.message, record))
        .map_or(&record.origin, |field| &field.origin);
    let origin = if origin == &ValueOrigin::default() { &record.origin } else { origin };
    problem.at(origin.place.clone()).mapped_by(origin.mapping.clone())
}

/// The field that a message from Odoo names, as `(name)`, `'name'` or `model.name:`, or whose value it shows.
pub(super) fn locate_field<'r>(message: &str, record: &'r Record) -> Option<&'r PlanField> {
    let all: Vec<&PlanField> = record.fields.iter().flat_map(with_lines).collect();
    let named = |field: &&PlanField| {
        let name = &field.name;
        [format!("({name})"), format!("'{name}'"), format!(".{name}:"), format!(".{name} ")].iter().any(|sign| message.contains(sign))
    };
    let shown = |field: &&PlanField| matches!(&field.value, PlanValue::Literal(Json::String(text)) if text.len() > 3 && message.contains(text.as_str()));
    all.iter().copied().find(named).or_else(|| all.iter().copied().find(shown))
}

fn with_lines(field: &PlanField) -> Vec<&PlanField> {
    match &field.value {
        PlanValue::Lines(lines) => lines.records.iter().flat_map(|line| line.fields.iter().flat_map(with_lines)).collect(),
        _ => vec![field],
    }
}
