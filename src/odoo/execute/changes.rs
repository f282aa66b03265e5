//! Compares existing records with the plan, and finds what a person has changed in between.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::{
    decide::{Decision, decide, decide_set, entry, members, sure},
    lines::{self, line_changes},
    outcome::{Differs, Foreseen},
    types::{Changes, Current, Kept, Work},
    write_history::{UNSURE, Written},
};
use crate::{
    model::{
        Code, Problem,
        plan::{PlanField, PlanValue, Record},
        problem::cut,
    },
    odoo::{client::id_of, place::placed},
};

impl Changes {
    pub(super) async fn of(
        work: &Work<'_>,
        known: &[(usize, &Record, &Current)],
        written: &HashMap<i64, Written>,
    ) -> Result<Self, Problem> {
        let mut changes = Self::default();
        let nothing = Written::new();
        for (_, record, current) in known {
            let id = id_of(current);
            let remembered = &sure(written.get(&id).unwrap_or(&nothing));
            let mut values = Map::new();
            for field in record.fields.iter().filter(|field| !field.create_only) {
                let Some(planned) = work.scalar(record, &field.name) else { continue };
                let now = current.get(&field.name).unwrap_or(&Json::Null);
                let entry = remembered.get(&field.name);
                let (decision, value) = match &field.value {
                    PlanValue::Set(set) => decide_set(&planned, now, entry, set.add, field.overwrite),
                    _ => (decide(&planned, now, entry, field.overwrite), planned.clone()),
                };
                match decision {
                    Decision::Same => {}
                    Decision::Write => {
                        values.insert(field.name.clone(), value);
                    }
                    Decision::Keep => {
                        let entry = entry.cloned().unwrap_or_default();
                        changes.keep(work, record, current, (id, field), (&planned, now), (vec![field.name.clone()], entry));
                    }
                }
            }
            if !values.is_empty() {
                changes.values.insert(id, values);
            }
        }
        line_changes(work, known, written, &mut changes).await?;
        Ok(changes)
    }

    /// Leaves a value that a person has changed, and reports it; `owner` is the record whose write history has it.
    pub(super) fn keep(
        &mut self,
        work: &Work<'_>,
        record: &Record,
        current: &Current,
        (owner, field): (i64, &PlanField),
        (planned, now): (&Json, &Json),
        kept: Kept,
    ) {
        let name = current.get("display_name").and_then(Json::as_str).unwrap_or_default();
        let text = format!(
            "`{}` of {} {} was edited in Odoo ({}); kept it and ignored the document's {}",
            field.name,
            work.step.model,
            if name.is_empty() { id_of(current).to_string() } else { format!("`{}`", cut(name)) },
            cut(&now.to_string()),
            cut(&planned.to_string()),
        );
        let problem =
            Problem::new(Code::Kept, text).hint("none needed if the edit is right; `overwrite = true` at the field lets documents win");
        self.notes.push(placed(problem, record, Some(&field.name)));
        self.kept.entry(owner).or_default().push(kept);
    }

    /// The write history of a record while it is written.
    pub(super) fn begun(&self, id: i64) -> Written {
        let lines = self.lines.get(&id).into_iter().flatten().map(|lines| &lines.field);
        let names: Vec<&String> = self.values.get(&id).into_iter().flat_map(Map::keys).chain(lines).collect();
        Written::from_iter([(UNSURE.to_string(), json!(names))])
    }

    /// Ids of the records that need a change.
    pub(super) fn ids(&self) -> HashSet<i64> {
        self.values.keys().chain(self.lines.keys()).copied().collect()
    }

    /// What would be written to a record.
    pub(super) fn describe(&self, id: i64, current: &Current, into: &mut Foreseen) {
        for (name, planned) in self.values.get(&id).into_iter().flatten() {
            into.differs.push(Differs {
                field: name.clone(),
                has: current.get(name).cloned().unwrap_or_default(),
                planned: planned.clone(),
            });
        }
        into.kept = self.kept.get(&id).into_iter().flatten().map(|(path, _)| path.join(".")).collect();
        for lines in self.lines.get(&id).into_iter().flatten() {
            into.lines.push(lines.foreseen.clone());
        }
    }
}

impl Work<'_> {
    /// The new write history of a record as it is now.
    pub(super) fn remembered(&self, record: &Record, now: &Current, lines: &HashMap<String, HashMap<i64, Current>>) -> Written {
        let mut written = Written::from_iter([(UNSURE.to_string(), Json::Null)]);
        let mut unsure = Vec::new();
        for field in record.fields.iter().filter(|field| !field.create_only) {
            let seen = now.get(&field.name).unwrap_or(&Json::Null);
            match &field.value {
                PlanValue::Lines(planned) if !planned.identity.is_empty() => {
                    let Some(of) = lines.get(&field.name) else {
                        unsure.push(field.name.clone());
                        continue;
                    };
                    let ids = seen.as_array().into_iter().flatten().filter_map(Json::as_i64);
                    let present: Vec<&Current> = ids.filter_map(|id| of.get(&id)).collect();
                    written.insert(field.name.clone(), Json::Object(lines::remembered(self, record, planned, &present)));
                }
                PlanValue::Lines(_) => {}
                PlanValue::Set(_) => {
                    if let Some(planned) = self.scalar(record, &field.name) {
                        written.insert(field.name.clone(), entry(&json!(members(&planned)), &json!(members(seen))));
                    }
                }
                _ => {
                    if let Some(planned) = self.scalar(record, &field.name) {
                        written.insert(field.name.clone(), entry(&planned, seen));
                    }
                }
            }
        }
        if !unsure.is_empty() {
            written.insert(UNSURE.to_string(), json!(unsure));
        }
        written
    }
}
