//! The searches for the references: one for each model and key, however many records the document has, and however many records are in
//! their scopes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json, json};

use super::{CHUNK, Key, Resolved, Within, each_find, key, text};
use crate::{
    model::{
        Problems,
        plan::{DomainTerm, Find, Record},
    },
    odoo::{Odoo, client::id_of},
};

/// Searches that differ only in the values that their scopes take from other fields: sent as one, and distinguished by the values read.
#[derive(Default)]
struct Group {
    scope: Vec<Json>,
    /// The terms of the scope in which they differ.
    loose: Vec<usize>,
    /// For each scope, the values to search for.
    asked: BTreeMap<Key, (Vec<Json>, Vec<Json>)>,
}

/// Looks up every reference of these records that can be looked up now, in as many rounds as their dependencies need.
///
/// # Errors
/// The fault of a search.
pub(in crate::odoo) async fn resolve(odoo: &Odoo, resolved: &mut Resolved, records: &[Record]) -> Result<(), Problems> {
    loop {
        let groups = groups(resolved, records);
        if groups.is_empty() {
            return Ok(());
        }
        for ((model, field, _, archived), group) in groups {
            search(odoo, resolved, (&model, &field, archived), group).await?;
        }
    }
}

/// Values that are not known yet and can be searched for.
fn groups(resolved: &Resolved, records: &[Record]) -> BTreeMap<Key, Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for record in records {
        each_find(record, None, &mut |find, within: &Within<'_>| {
            let Some(scope) = resolved.scope(find, within) else { return };
            let loose = loose(find);
            let common: Vec<Json> =
                scope.iter().enumerate().map(|(at, term)| if loose.contains(&at) { Json::Null } else { term.clone() }).collect();
            for (field, value) in &find.by {
                let key = key(find, field, &scope);
                // The result of an earlier search is known, even if it is empty.
                if resolved.found.get(&key).is_some_and(|known| known.contains_key(&text(value))) {
                    continue;
                }
                let of = (find.model.clone(), field.clone(), Json::from(common.clone()).to_string(), find.archived);
                let group = groups.entry(of).or_insert_with(|| Group { scope: scope.clone(), loose: loose.clone(), ..Group::default() });
                group.asked.entry(key).or_insert_with(|| (scope.clone(), Vec::new())).1.push(value.clone());
            }
        });
    }
    groups
}

/// The terms of a scope that use another field's reference, in a field that can be read beside the key.
fn loose(find: &Find) -> Vec<usize> {
    let is_loose = |term: &DomainTerm| matches!(term, DomainTerm::Field { path, operator, .. } if operator == "=" && !path.contains('.'));
    // After an operator of prefix notation, a term is not a condition of its own.
    if find.scope.iter().any(|term| matches!(term, DomainTerm::Fixed(Json::String(_)))) {
        return Vec::new();
    }
    find.scope.iter().enumerate().filter(|(_, term)| is_loose(term)).map(|(at, _)| at).collect()
}

async fn search(odoo: &Odoo, resolved: &mut Resolved, (model, field, archived): (&str, &str, bool), group: Group) -> Result<(), Problems> {
    let mut values: Vec<Json> = group.asked.values().flat_map(|(_, values)| values.iter().cloned()).collect();
    values.sort_by_key(text);
    values.dedup();
    let path = |term: &Json| term.get(0).and_then(Json::as_str).unwrap_or_default().to_string();
    let apart: Vec<String> = group.loose.iter().map(|at| path(&group.scope[*at])).collect();
    let scope: Vec<Json> = group
        .scope
        .iter()
        .enumerate()
        .map(|(at, term)| if group.loose.contains(&at) { any_of(&group, at) } else { term.clone() })
        .collect();
    let fields: Vec<&str> = std::iter::once(field).chain(apart.iter().map(String::as_str)).collect();
    // Which of the searches a record belongs to: by the loose terms of their scopes.
    let mut answers: HashMap<Vec<String>, Vec<&Key>> = HashMap::new();
    for (key, (scope, _)) in &group.asked {
        let wanted = group.loose.iter().map(|at| text(scope[*at].get(2).unwrap_or(&Json::Null))).collect();
        answers.entry(wanted).or_default().push(key);
    }
    let mut known: HashMap<&Key, Answer> = group.asked.iter().map(|(key, (_, values))| (key, Answer::to(values))).collect();
    for chunk in values.chunks(CHUNK) {
        let mut domain = vec![json!([field, "in", chunk])];
        domain.extend(scope.iter().cloned());
        let read = odoo.search_read(model, Json::from(domain), &fields, archived).await;
        for record in read.map_err(|fault| fault.problem(&format!("looking for {model} by {field}")))? {
            let stands: Vec<String> = apart.iter().map(|path| shown(&record, path)).collect();
            for key in answers.get(&stands).into_iter().flatten() {
                if let Some(answer) = known.get_mut(key) {
                    answer.add(record.get(field).unwrap_or(&Json::Null), id_of(&record));
                }
            }
        }
    }
    for (key, answer) in known {
        resolved.found.entry(key.clone()).or_default().extend(answer.ids);
    }
    Ok(())
}

/// A loose term as a condition that covers all of the searches.
fn any_of(group: &Group, at: usize) -> Json {
    let mut wanted: Vec<Json> = group.asked.values().filter_map(|(scope, _)| scope[at].get(2).cloned()).collect();
    wanted.sort_by_key(text);
    wanted.dedup();
    match wanted.as_slice() {
        [one] => json!([group.scope[at][0], "=", one]),
        _ => json!([group.scope[at][0], "in", wanted]),
    }
}

/// A value that was read, in a form for comparison: a reference counts by its id.
fn shown(record: &Map<String, Json>, field: &str) -> String {
    match record.get(field) {
        Some(Json::Array(pair)) => pair.first().map(text).unwrap_or_default(),
        Some(other) => text(other),
        None => String::new(),
    }
}

/// The result of one search: ids by the searched values.
struct Answer {
    ids: HashMap<String, Vec<i64>>,
    /// Values that are written differently from how Odoo shows its numbers.
    numbers: HashMap<String, Vec<String>>,
}

impl Answer {
    fn to(values: &[Json]) -> Self {
        let ids: HashMap<String, Vec<i64>> = values.iter().map(|value| (text(value), Vec::new())).collect();
        let mut numbers: HashMap<String, Vec<String>> = HashMap::new();
        for asked in ids.keys() {
            if let Ok(number) = asked.parse::<f64>() {
                numbers.entry(number.to_string()).or_default().push(asked.clone());
            }
        }
        Self { ids, numbers }
    }

    fn add(&mut self, read: &Json, id: i64) {
        let value = match read {
            Json::Array(pair) => pair.first().map(text).unwrap_or_default(),
            other => text(other),
        };
        let asked = match read {
            Json::Number(_) => self.numbers.get(&value).cloned().unwrap_or_default(),
            _ => vec![value],
        };
        for value in asked {
            self.ids.entry(value).or_default().push(id);
        }
    }
}
