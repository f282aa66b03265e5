//! Lines of records that exist already: matched by the lines' identity, changed or added; lines that the document no longer has
//! stay.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::{Work, shown};
use crate::{
    model::{
        Problem,
        plan::{Lines, Record, Value},
    },
    odoo::{client::id_of, compare::same, fields},
};

/// The x2many commands for each record whose lines differ, by record id and field. One read for all lines of a field.
pub(super) async fn changes(work: &Work<'_>, known: &[(&Record, &Map<String, Json>)]) -> Result<HashMap<i64, Map<String, Json>>, Problem> {
    let mut out: HashMap<i64, Map<String, Json>> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in known.iter().flat_map(|(record, _)| &record.values) {
        if matches!(value, Value::Lines(lines) if !lines.identity.is_empty()) && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    for field in names {
        let mut wanted: Vec<&str> = Vec::new();
        let mut line_ids = Vec::new();
        for (record, current) in known {
            line_ids.extend(current.get(field).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_i64));
            if let Some(Value::Lines(lines)) = record.value(field) {
                for name in lines.records.iter().flat_map(|line| line.values.iter().map(|(name, _)| name.as_str())) {
                    if !wanted.contains(&name) {
                        wanted.push(name);
                    }
                }
            }
        }
        let named = known
            .iter()
            .find_map(|(record, _)| if let Some(Value::Lines(lines)) = record.value(field) { Some(lines.model.as_str()) } else { None });
        let relation = fields::built_in().field(&work.plan.model, field).and_then(|known| known.relation.as_deref());
        let model = named.filter(|name| !name.is_empty()).or(relation).unwrap_or_default();
        let read = work.odoo.read(model, &line_ids, &wanted).await.map_err(|fault| fault.problem(&format!("reading {model}")))?;
        let by_id: HashMap<i64, Map<String, Json>> = read.into_iter().map(|line| (id_of(&line), line)).collect();
        for (record, current) in known {
            let Some(Value::Lines(lines)) = record.value(field) else { continue };
            let present: Vec<&Map<String, Json>> =
                current.get(field).and_then(Json::as_array).into_iter().flatten().filter_map(|id| by_id.get(&id.as_i64()?)).collect();
            let commands = commands(work, lines, &present);
            if !commands.is_empty() {
                out.entry(id_of(current)).or_default().insert(field.to_string(), Json::from(commands));
            }
        }
    }
    Ok(out)
}

fn commands(work: &Work<'_>, lines: &Lines, present: &[&Map<String, Json>]) -> Vec<Json> {
    let planned_key = |line: &Record| {
        lines
            .identity
            .iter()
            .map(|field| line.value(field).and_then(|value| work.scalar(value)).map(|value| shown(&value)).unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let present_key =
        |line: &Map<String, Json>| lines.identity.iter().map(|field| shown(line.get(field).unwrap_or(&Json::Null))).collect::<Vec<_>>();
    let by_key: HashMap<Vec<String>, &Map<String, Json>> = present.iter().map(|line| (present_key(line), *line)).collect();
    let mut commands = Vec::new();
    for line in &lines.records {
        match by_key.get(&planned_key(line)) {
            None => commands.push(json!([0, 0, work.values(line)])),
            Some(current) => {
                let planned = line.values.iter().filter(|(name, _)| !line.create_only.contains(name));
                let values: Map<String, Json> = planned.filter_map(|(name, value)| Some((name.clone(), work.scalar(value)?))).collect();
                // All values or none: Odoo works out anew what it computes from a value that is written (a new quantity brings the
                // price list's price back) unless that is written with it. Measured on Odoo 19.
                if values.iter().any(|(name, planned)| !current.get(name).is_some_and(|current| same(planned, current))) {
                    commands.push(json!([1, id_of(current), values]));
                }
            }
        }
    }
    commands
}
