//! Suggestions: the records whose number or name is nearest to one that was not found.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use super::text;
use crate::{
    model::{nearest::nearest as near_word, plan::Find},
    odoo::Odoo,
};

/// References with suggestions, at most.
const MOST: usize = 20;
/// Candidates of one model and field, at most.
const CANDIDATES: usize = 500;

/// The nearest candidate for each model, field and value.
#[derive(Default)]
pub(super) struct Near(HashMap<(String, String, String), String>);

impl Near {
    /// The nearest to any key of a reference.
    pub(super) fn of(&self, find: &Find) -> Option<&String> {
        find.by.iter().find_map(|(field, value)| self.0.get(&(find.model.clone(), field.clone(), text(value))))
    }
}

/// Searches for values with the same beginning: one call for each model and key. A failed call gives no suggestion and is ignored.
pub(super) async fn nearest(odoo: &Odoo, lost: &[&Find]) -> Near {
    let mut wanted: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for find in lost.iter().take(MOST) {
        for (field, value) in find.by.iter().filter(|(field, value)| !field.contains('.') && value.is_string()) {
            wanted.entry((&find.model, field)).or_default().push(text(value));
        }
    }
    let mut near = Near::default();
    for ((model, field), values) in wanted {
        let mut starts: Vec<String> = values.iter().map(|value| value.chars().take(3).collect()).collect();
        starts.retain(|start: &String| start.chars().count() == 3);
        starts.sort();
        starts.dedup();
        let mut domain: Vec<Json> = vec![json!("|"); starts.len().saturating_sub(1)];
        domain.extend(starts.iter().map(|start| json!([field, "=ilike", format!("{}%", start.replace(['%', '_', '\\'], ""))])));
        if starts.is_empty() {
            continue;
        }
        let call = crate::odoo::Call::model(model, "search_read").arg("domain", Json::from(domain));
        let call = call.arg("fields", json!([field, "display_name"])).arg("limit", CANDIDATES);
        let Ok(Json::Array(records)) = odoo.call(call).await else { continue };
        let known: Vec<(&str, &str)> = records
            .iter()
            .filter_map(|record| Some((record.get(field)?.as_str()?, record.get("display_name")?.as_str().unwrap_or_default())))
            .collect();
        for value in values {
            if let Some(found) = near_word(&value, known.iter().map(|(key, _)| *key)) {
                let name = known.iter().find(|(key, _)| *key == found).map_or("", |(_, name)| *name);
                let left_out = if found == value { ", which the scope leaves out" } else { "" };
                let shown = if name.contains(found) { format!("`{name}`") } else { format!("`{found}` ({name})") };
                let shown = format!("{shown}{left_out}");
                near.0.insert((model.to_string(), field.to_string(), value), shown);
            }
        }
    }
    near
}
