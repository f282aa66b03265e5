//! Resolves the references of a plan to ids: one search for each model and key, however many records the document has.

mod judge;
mod nearest;
mod search;

use std::collections::{HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::{Odoo, client::id_of, compare::number};
use crate::model::{
    Plan, Problems,
    plan::{DomainTerm, Find, OnMissing, PlanValue, Record, Reference},
};

pub(super) use judge::{judge, make, noun};
pub(super) use search::resolve;

/// Values in one search, at most.
const CHUNK: usize = 1000;

/// A search: model, field, scope (as text, since JSON cannot be a key), archived ones too.
type Key = (String, String, String, bool);

/// A record and those it is part of: the places for the value of another field.
#[derive(Clone, Copy)]
pub(super) struct Within<'p> {
    pub(super) record: &'p Record,
    pub(super) outer: Option<&'p Within<'p>>,
}

/// The resolved references of a plan, and the records that its steps have made so far.
#[derive(Default)]
pub(super) struct Resolved {
    found: HashMap<Key, HashMap<String, Vec<i64>>>,
    /// Ids by step and record; none if the record was refused or is not made yet.
    made: Vec<Vec<Option<i64>>>,
    /// Fields of made records that others refer to.
    read: HashMap<(usize, String), HashMap<i64, Json>>,
}

/// What is known about a value.
pub(super) enum Known {
    /// The value.
    Value(Json),
    /// There is none, and the field stays unchanged.
    Nothing,
    /// It depends on records that are not made or found yet.
    Later,
}

impl Resolved {
    /// The result of a reference.
    pub(super) fn of(&self, find: &Find, within: &Within<'_>) -> Known {
        let Some(scope) = self.scope(find, within) else { return Known::Later };
        match self.candidates(find, &scope) {
            Some(ids) => match ids.as_slice() {
                [one] => Known::Value(json!(one)),
                [first, ..] if find.many == crate::model::plan::OnAmbiguous::First => Known::Value(json!(first)),
                _ => Known::Nothing,
            },
            None if find.on_missing != OnMissing::Create && self.is_asked(find, &scope) => Known::Nothing,
            None => Known::Later,
        }
    }

    /// Whether a reference finds nothing, and its record must be created.
    fn is_to_be_made(&self, find: &Find, scope: &[Json]) -> bool {
        find.on_missing == OnMissing::Create && self.candidates(find, scope).is_none() && self.is_asked(find, scope)
    }

    fn is_asked(&self, find: &Find, scope: &[Json]) -> bool {
        let asked = |(field, value): &(String, Json)| {
            self.found.get(&key(find, field, scope)).is_some_and(|known| known.contains_key(&text(value)))
        };
        find.by.iter().all(asked)
    }

    /// The matches of the first key that has any.
    fn candidates(&self, find: &Find, scope: &[Json]) -> Option<&Vec<i64>> {
        find.by.iter().find_map(|(field, value)| self.found.get(&key(find, field, scope))?.get(&text(value)).filter(|ids| !ids.is_empty()))
    }

    /// A planned value as Odoo accepts it; lines and sets have none.
    pub(super) fn value(&self, value: &PlanValue, within: &Within<'_>) -> Known {
        match value {
            PlanValue::Literal(json) => Known::Value(json.clone()),
            PlanValue::Find(find) => self.of(find, within),
            PlanValue::Record(reference) => self.record(reference),
            PlanValue::Field(name) => self.field(name, within),
            PlanValue::Set(set) => {
                let ids: Vec<Json> = set
                    .finds
                    .iter()
                    .filter_map(|find| if let Known::Value(id) = self.of(find, within) { Some(id) } else { None })
                    .collect();
                Known::Value(Json::from(ids))
            }
            PlanValue::Lines(_) => Known::Nothing,
        }
    }

    fn field(&self, name: &str, within: &Within<'_>) -> Known {
        match within.record.value(name) {
            // A field that refers to its own value has none.
            Some(PlanValue::Field(other)) if other == name => within.outer.map_or(Known::Nothing, |outer| self.field(name, outer)),
            Some(value) => self.value(value, within),
            None => within.outer.map_or(Known::Nothing, |outer| self.field(name, outer)),
        }
    }

    fn record(&self, reference: &Reference) -> Known {
        let Some(Some(id)) = self.made.get(reference.step).and_then(|step| step.get(reference.record)) else { return Known::Later };
        match &reference.field {
            None => Known::Value(json!(id)),
            Some(field) => match self.read.get(&(reference.step, field.clone())).and_then(|read| read.get(id)) {
                Some(Json::Array(pair)) => pair.first().cloned().map_or(Known::Nothing, Known::Value),
                Some(Json::Bool(false) | Json::Null) => Known::Nothing,
                Some(value) => Known::Value(value.clone()),
                None => Known::Later,
            },
        }
    }

    /// The scope with the values of other fields filled in; none while one of them is unknown.
    fn scope(&self, find: &Find, within: &Within<'_>) -> Option<Vec<Json>> {
        let term = |term: &DomainTerm| match term {
            DomainTerm::Fixed(json) => Some(json.clone()),
            DomainTerm::Field { path, operator, field } => match self.field(field, within) {
                Known::Value(value) => Some(json!([path, operator, value])),
                Known::Nothing => Some(json!([path, operator, false])),
                Known::Later => None,
            },
        };
        find.scope.iter().map(term).collect()
    }

    /// Adds the records of a step, in its order.
    pub(super) fn made(&mut self, step: usize, ids: Vec<Option<i64>>) {
        if self.made.len() <= step {
            self.made.resize(step + 1, Vec::new());
        }
        self.made[step] = ids;
    }

    /// Adds a record that was created because it was missing.
    fn created(&mut self, find: &Find, scope: &[Json], id: i64) {
        for (field, value) in &find.by {
            self.found.entry(key(find, field, scope)).or_default().insert(text(value), vec![id]);
        }
    }
}

fn key(find: &Find, field: &str, scope: &[Json]) -> Key {
    (find.model.clone(), field.to_string(), Json::from(scope.to_vec()).to_string(), find.archived)
}

/// A value in a form for comparison: 15 and 15.0 are one number.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(value) => number(value),
        other => other.to_string(),
    }
}

/// Calls `visit` with every reference of a record and its surrounding records.
fn each_find<'p>(record: &'p Record, outer: Option<&Within<'_>>, visit: &mut dyn FnMut(&'p Find, &Within<'_>)) {
    let within = Within { record, outer };
    for field in &record.fields {
        match &field.value {
            PlanValue::Find(find) => {
                visit(find, &within);
                if let Some(create) = &find.create {
                    each_find(create, Some(&within), visit);
                }
            }
            PlanValue::Set(set) => set.finds.iter().for_each(|find| visit(find, &within)),
            PlanValue::Lines(lines) => lines.records.iter().for_each(|line| each_find(line, Some(&within), visit)),
            PlanValue::Literal(_) | PlanValue::Record(_) | PlanValue::Field(_) => {}
        }
    }
}

/// Reads the fields of a step's records that later steps refer to.
///
/// # Errors
/// The fault of the call.
pub(super) async fn read_referred(odoo: &Odoo, resolved: &mut Resolved, plan: &Plan, step: usize) -> Result<(), Problems> {
    let mut fields: HashSet<&str> = HashSet::new();
    for field in plan.steps.iter().skip(step + 1).flat_map(|later| &later.records).flat_map(|record| &record.fields) {
        if let PlanValue::Record(Reference { step: of, field: Some(wanted), .. }) = &field.value
            && *of == step
        {
            fields.insert(wanted);
        }
    }
    let Some(of) = plan.steps.get(step).filter(|_| !fields.is_empty()) else { return Ok(()) };
    let ids: Vec<i64> = resolved.made.get(step).into_iter().flatten().flatten().copied().collect();
    let fields: Vec<&str> = fields.into_iter().collect();
    for chunk in ids.chunks(CHUNK) {
        let read = odoo.read(&of.model, chunk, &fields).await.map_err(|fault| fault.problem(&format!("reading {}", of.model)))?;
        for record in read {
            for field in &fields {
                let value = record.get(*field).cloned().unwrap_or_default();
                resolved.read.entry((step, (*field).to_string())).or_default().insert(id_of(&record), value);
            }
        }
    }
    Ok(())
}
