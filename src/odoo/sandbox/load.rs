//! `load`: Odoo's own import. Columns by name, external ids, database ids, several rows for one record's lines, texts converted by
//! field type; one transaction, and a bad row is named instead of raised.

use serde_json::{Map, Value as Json, json};

use super::{
    Refusal, orm,
    store::Store,
    values::{display_name, has_field},
};
use crate::odoo::fields::built_in;

/// The rows of one record.
struct Group<'r> {
    first: usize,
    rows: Vec<&'r [Json]>,
}

pub(super) fn load(store: &mut Store, model: &str, fields: &[String], data: &[Json], context: &Map<String, Json>) -> Result<Json, Refusal> {
    for field in fields {
        let first = field.split('/').next().unwrap_or_default();
        if !matches!(first, "id" | ".id") && !has_field(model, first) {
            return Err(Refusal::value(format!("Invalid field name '{first}'")));
        }
    }
    let rows: Vec<&[Json]> = data.iter().map(|row| row.as_array().map(Vec::as_slice).unwrap_or_default()).collect();
    let own: Vec<usize> = fields.iter().enumerate().filter(|(_, field)| lines_of(model, field).is_none()).map(|(at, _)| at).collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let continues = own.iter().all(|at| cell(row, *at).is_empty());
        match groups.last_mut() {
            Some(group) if continues => group.rows.push(row),
            _ => groups.push(Group { first: number, rows: vec![row] }),
        }
    }
    let (mut ids, mut messages) = (Vec::new(), Vec::new());
    for group in &groups {
        match record(store, model, fields, group, context) {
            Ok(id) => ids.push(id),
            Err((field, message)) => messages.push(
                json!({"type": "error", "record": group.first, "rows": {"from": group.first, "to": group.first + group.rows.len() - 1}, "field": field, "message": message}),
            ),
        }
    }
    // Each bad row is named; one is enough for none to be stored.
    let ids = if messages.is_empty() { json!(ids) } else { json!(false) };
    Ok(json!({"ids": ids, "messages": messages, "nextrow": 0}))
}

fn cell(row: &[Json], at: usize) -> String {
    match row.get(at) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null | Json::Bool(false)) | None => String::new(),
        Some(Json::Bool(true)) => "True".into(),
        Some(other) => other.to_string(),
    }
}

/// For a column of a one2many (`order_line/product_id`), the field and the rest.
fn lines_of<'f>(model: &str, field: &'f str) -> Option<(&'f str, &'f str)> {
    let (first, rest) = field.split_once('/')?;
    built_in().field(model, first).filter(|known| known.kind == "one2many").map(|_| (first, rest))
}

type Bad = (String, String);

fn record(store: &mut Store, model: &str, fields: &[String], group: &Group<'_>, context: &Map<String, Json>) -> Result<i64, Bad> {
    let row = group.rows.first().copied().unwrap_or_default();
    let mut values = Map::new();
    let (mut external, mut database) = (String::new(), None);
    for (at, field) in fields.iter().enumerate() {
        let text = cell(row, at);
        match field.as_str() {
            "id" => external = text,
            ".id" => {
                database = text.parse::<i64>().ok();
                if database.is_some_and(|id| store.row(model, id).is_none()) {
                    return Err((".id".into(), format!("Unknown database identifier '{text}'")));
                }
            }
            _ if lines_of(model, field).is_some() => {}
            _ => {
                let (name, value) = convert(store, model, field, &text)?;
                values.insert(name, value);
            }
        }
    }
    let refuse = |refusal: Refusal| (String::new(), refusal.message);
    let existing = if external.is_empty() { database } else { find_external(store, model, &external) };
    let id = match existing {
        Some(id) => {
            orm::write(store, model, &[id], &values, context).map_err(refuse)?;
            id
        }
        None => orm::create(store, model, &values, context).map_err(refuse)?,
    };
    if existing.is_none() && !external.is_empty() {
        remember(store, model, &external, id);
    }
    let mut names: Vec<&str> = fields.iter().filter_map(|field| lines_of(model, field)).map(|(first, _)| first).collect();
    names.dedup();
    for name in names {
        let Some(known) = built_in().field(model, name) else { continue };
        let (Some(target), Some(inverse)) = (known.relation.as_deref(), known.inverse.as_deref()) else { continue };
        let below: Vec<String> = fields.iter().filter_map(|field| lines_of(model, field)).map(|(_, rest)| rest.to_string()).collect();
        let places: Vec<usize> =
            fields.iter().enumerate().filter(|(_, field)| lines_of(model, field).is_some()).map(|(at, _)| at).collect();
        for row in &group.rows {
            let cells: Vec<Json> = places.iter().map(|at| json!(cell(row, *at))).collect();
            if cells.iter().all(|cell| cell == "") {
                continue;
            }
            let line = line_values(store, target, &below, &cells)?;
            let (external, mut values) = line;
            values.insert(inverse.to_string(), json!(id));
            match find_external(store, target, &external) {
                Some(line) => orm::write(store, target, &[line], &values, context).map_err(refuse)?,
                None => {
                    let line = orm::create(store, target, &values, context).map_err(refuse)?;
                    if !external.is_empty() {
                        remember(store, target, &external, line);
                    }
                }
            }
        }
    }
    Ok(id)
}

fn line_values(store: &Store, model: &str, fields: &[String], cells: &[Json]) -> Result<(String, Map<String, Json>), Bad> {
    let mut values = Map::new();
    let mut external = String::new();
    for (at, field) in fields.iter().enumerate() {
        let text = cell(cells, at);
        if field == "id" {
            external = text;
        } else {
            let (name, value) = convert(store, model, field, &text)?;
            values.insert(name, value);
        }
    }
    Ok((external, values))
}

fn convert(store: &Store, model: &str, field: &str, text: &str) -> Result<(String, Json), Bad> {
    let (name, below) = field.split_once('/').map_or((field, ""), |(name, below)| (name, below));
    let known = built_in().field(model, name);
    let kind = known.map_or("", |known| known.kind.as_str());
    let bad = |message: String| (name.to_string(), message);
    let value = match (kind, text) {
        (_, "") => Json::Bool(false),
        ("float" | "monetary", text) => {
            json!(text.parse::<f64>().map_err(|_| bad(format!("'{text}' does not seem to be a number for field '{name}'")))?)
        }
        ("integer", text) => {
            json!(text.parse::<i64>().map_err(|_| bad(format!("'{text}' does not seem to be an integer for field '{name}'")))?)
        }
        ("boolean", text) => json!(matches!(text.to_lowercase().as_str(), "1" | "true" | "yes")),
        ("many2one", text) => {
            let target = known.and_then(|known| known.relation.as_deref()).unwrap_or_default();
            let id = match below {
                ".id" => text.parse().ok().filter(|id| store.row(target, *id).is_some()),
                "id" => find_external(store, target, text),
                _ => store.ids(target).into_iter().find(|id| display_name(store, target, *id) == text),
            };
            json!(id.ok_or_else(|| bad(format!(
                "No matching record found for {} '{text}' in field '{name}'",
                if below == ".id" { "database id" } else { "external id" }
            )))?)
        }
        ("many2many", text) => json!([[6, 0, text.split(',').filter_map(|id| id.trim().parse::<i64>().ok()).collect::<Vec<_>>()]]),
        (_, text) => json!(text),
    };
    Ok((name.to_string(), value))
}

fn split(external: &str) -> (&str, &str) {
    external.split_once('.').unwrap_or(("__import__", external))
}

fn find_external(store: &Store, model: &str, external: &str) -> Option<i64> {
    let (module, name) = split(external);
    let fits = |row: &Map<String, Json>| {
        row.get("module") == Some(&json!(module)) && row.get("name") == Some(&json!(name)) && row.get("model") == Some(&json!(model))
    };
    store.rows("ir.model.data").find(|(_, row)| fits(row)).and_then(|(_, row)| row.get("res_id")?.as_i64())
}

fn remember(store: &mut Store, model: &str, external: &str, id: i64) {
    let (module, name) = split(external);
    let row = json!({"module": module, "name": name, "model": model, "res_id": id});
    store.insert("ir.model.data", row.as_object().cloned().unwrap_or_default());
}
