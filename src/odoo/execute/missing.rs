//! Records that a document changes and that do not exist, or may not be changed any more.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{
    id_of,
    types::{Changes, Current, Work},
};
use crate::{
    model::{
        Code, Problem, Problems,
        i18n::{Join, List, say},
        plan::{OnMissing, PlanValue, Record},
        problem::cut,
    },
    odoo::{actions, place::placed, resolve::noun},
};

/// What is known of records that the step's search did not find.
#[derive(Default)]
pub(super) struct Absent<'r> {
    /// As planned: an earlier try of this run has moved them out of the scope.
    pub(super) done: Vec<(usize, &'r Record, i64)>,
    pub(super) refused: Vec<(usize, Problem)>,
}

impl Work<'_> {
    /// Examines records of an updating step that were not found.
    pub(super) async fn absent<'r>(&self, new: &[(usize, &'r Record)]) -> Result<Absent<'r>, Problems> {
        let mut absent = Absent::default();
        if new.is_empty() {
            return Ok(absent);
        }
        let beyond = if self.step.scope.is_empty() { HashMap::new() } else { self.found(new, false).await?.records };
        let known: Vec<(usize, &Record, &Current)> =
            new.iter().filter_map(|(at, record)| Some((*at, *record, beyond.get(&self.identity(record))?))).collect();
        let ours = if self.begun { self.ours(&known).await? } else { Vec::new() };
        for (at, record) in new {
            match beyond.get(&self.identity(record)) {
                Some(current) if ours.contains(at) => absent.done.push((*at, record, id_of(current))),
                Some(current) => absent.refused.push((*at, self.out_of_scope(record, current))),
                None => absent.refused.push((*at, self.not_there(record))),
            }
        }
        Ok(absent)
    }

    /// Those that an earlier try of this run has moved out of the scope itself: they are as planned, and its own write or call moved
    /// them out.
    async fn ours(&self, known: &[(usize, &Record, &Current)]) -> Result<Vec<usize>, Problems> {
        let changes = Changes::of(self, known, &HashMap::new()).await?;
        let changed = changes.ids();
        let refused: Vec<i64> = changes.refused.iter().map(|(id, _)| *id).collect();
        let to =
            self.step.actions.last().and_then(|then| actions::known(&self.step.model, &then.method)).map_or(&[][..], |action| action.to);
        let ids: Vec<i64> = known.iter().map(|(_, _, current)| id_of(current)).collect();
        let states = if to.is_empty() { Vec::new() } else { self.states(&ids, "checking earlier work").await? };
        let leaves = |record: &Record| {
            let named = |term: &Json| term.get(0).and_then(Json::as_str).is_some_and(|path| record.field(path).is_some());
            self.step.scope.iter().any(named)
        };
        let is_ours = |record: &Record, id: i64| {
            let is_there = states.iter().any(|(known, state)| *known == id && to.contains(&state.as_str()));
            !changed.contains(&id) && !refused.contains(&id) && (self.step.actions.is_empty() || is_there || leaves(record))
        };
        Ok(known.iter().filter(|(_, record, current)| is_ours(record, id_of(current))).map(|(at, ..)| *at).collect())
    }

    fn out_of_scope(&self, record: &Record, current: &Map<String, Json>) -> Problem {
        let name = current.get("display_name").and_then(Json::as_str).unwrap_or_default();
        let scope: Vec<String> = self.step.scope.iter().map(ToString::to_string).collect();
        let text = say!("lookup-closed", what = &*noun(&self.step.model), name = cut(name));
        let problem = Problem::new(Code::LookupNone, text).hint(format!("the mapping changes only records with {}", scope.join(" and ")));
        placed(problem, record, self.step.identity.last().map(String::as_str))
    }

    fn not_there(&self, record: &Record) -> Problem {
        let keys = self.step.identity.iter().map(|field| {
            let shown = match record.value(field) {
                Some(PlanValue::Literal(value)) => value.as_str().map_or_else(|| value.to_string(), str::to_string),
                Some(PlanValue::Find(find)) => {
                    find.by.iter().map(|(_, value)| value.as_str().unwrap_or_default()).collect::<Vec<_>>().join("/")
                }
                _ => String::new(),
            };
            format!("{field} `{}`", cut(&shown))
        });
        let code = if self.step.on_missing == OnMissing::Hold { Code::LookupHeld } else { Code::LookupNone };
        let text = say!("lookup-none", what = &*noun(&self.step.model), asked = List::new(Join::And, keys));
        let problem = Problem::new(code, text)
            .hint("the document changes a record that does not exist; check whether the document that creates it was received");
        placed(problem, record, self.step.identity.last().map(String::as_str))
    }
}
