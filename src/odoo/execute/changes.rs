//! What differs between records that are there and what is planned for them, and what a person has changed in between.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::{
    Foreseen,
    lines::{LineChanges, line_changes},
    memory::Written,
    place::placed,
    work::{Current, Work},
};
use crate::{
    model::{
        Problem, Problems, codes,
        plan::{Field, Record, Value},
        problem::cut,
    },
    odoo::{client::id_of, compare::same},
};

/// A remembered entry that is kept as it was, with the names that lead to it.
pub(super) type Kept = (Vec<String>, Json);

/// What is to be done to records that are there, by id.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) values: HashMap<i64, Map<String, Json>>,
    pub(super) lines: HashMap<i64, Vec<LineChanges>>,
    pub(super) notes: Problems,
    pub(super) kept: HashMap<i64, Vec<Kept>>,
    /// Records that cannot be changed as planned.
    pub(super) refused: Vec<(i64, Problem)>,
}

/// What becomes of a value.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// It is there.
    Same,
    Write,
    /// A person has changed it.
    Keep,
}

/// What is planned for a value, what Odoo has, and what we remember to have written.
pub(super) fn decide(planned: &Json, current: &Json, entry: Option<&Json>, overwrite: bool) -> Decision {
    if same(planned, current) {
        return Decision::Same;
    }
    let Some(entry) = entry.and_then(Json::as_array) else { return Decision::Write };
    let before = entry.first().unwrap_or(&Json::Null);
    let seen = entry.get(1).unwrap_or(before);
    match (same(seen, current), before == planned) {
        // Odoo has made something else of what we wrote: a rounded price, a number with blanks in it.
        (true, true) => Decision::Same,
        (true, false) => Decision::Write,
        (false, _) if overwrite => Decision::Write,
        (false, _) => Decision::Keep,
    }
}

/// What is remembered of a value: what was planned and, where it differs, what it reads as.
pub(super) fn entry(planned: &Json, seen: &Json) -> Json {
    if same(planned, seen) { json!([planned]) } else { json!([planned, seen]) }
}

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
            let remembered = written.get(&id).unwrap_or(&nothing);
            let mut values = Map::new();
            for field in record.fields.iter().filter(|field| !field.create_only) {
                let Some(planned) = work.scalar(record, &field.name) else { continue };
                let now = current.get(&field.name).unwrap_or(&Json::Null);
                let planned = match &field.value {
                    Value::Set(set) => match members(&planned, now, set.add) {
                        Some(members) => members,
                        None => continue,
                    },
                    _ => planned,
                };
                match decide(&planned, now, remembered.get(&field.name), field.overwrite) {
                    Decision::Same => {}
                    Decision::Write => {
                        values.insert(
                            field.name.clone(),
                            if matches!(field.value, Value::Set(_)) { json!([[6, 0, planned]]) } else { planned },
                        );
                    }
                    Decision::Keep => {
                        let entry = remembered.get(&field.name).cloned().unwrap_or_default();
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

    /// Leaves a value that a person has changed, and says so; `owner` is the record whose memory it is kept in.
    pub(super) fn keep(
        &mut self,
        work: &Work<'_>,
        record: &Record,
        current: &Current,
        (owner, field): (i64, &Field),
        (planned, now): (&Json, &Json),
        kept: Kept,
    ) {
        let name = current.get("display_name").and_then(Json::as_str).unwrap_or_default();
        let text = format!(
            "`{}` of {} {} was changed in Odoo to {}; the document says {}; it was left as it is",
            field.name,
            work.step.model,
            if name.is_empty() { id_of(current).to_string() } else { format!("`{}`", cut(name)) },
            cut(&now.to_string()),
            cut(&planned.to_string()),
        );
        let problem =
            Problem::new(codes::KEPT, text).hint("nothing, if the person is right; `overwrite = true` at the field lets documents win");
        self.notes.push(placed(problem, record, Some(&field.name)));
        self.kept.entry(owner).or_default().push(kept);
    }

    /// Ids of the records in which anything is to be done.
    pub(super) fn ids(&self) -> HashSet<i64> {
        self.values.keys().chain(self.lines.keys()).copied().collect()
    }

    /// What would be written to a record.
    pub(super) fn describe(&self, id: i64, current: &Current, into: &mut Foreseen) {
        for (name, planned) in self.values.get(&id).into_iter().flatten() {
            into.differs.push((name.clone(), current.get(name).cloned().unwrap_or_default(), planned.clone()));
        }
        into.kept = self.kept.get(&id).into_iter().flatten().map(|(path, _)| path.join(".")).collect();
        for lines in self.lines.get(&id).into_iter().flatten() {
            into.lines.push((lines.field.clone(), lines.add.len(), lines.change.len(), lines.gone.len()));
        }
    }
}

/// The members that a set is to have; none where it has them.
fn members(planned: &Json, current: &Json, add: bool) -> Option<Json> {
    let ids = |value: &Json| -> Vec<i64> { value.as_array().into_iter().flatten().filter_map(Json::as_i64).collect() };
    let (mut wanted, mut now) = (ids(planned), ids(current));
    if add {
        wanted.extend(&now);
    }
    wanted.sort_unstable();
    wanted.dedup();
    now.sort_unstable();
    (wanted != now).then(|| json!(wanted))
}

impl Work<'_> {
    /// What is to be remembered of a record as it is now.
    pub(super) fn remembered(&self, record: &Record, now: &Current, lines: &HashMap<String, HashMap<i64, Current>>) -> Written {
        let mut written = Written::new();
        for field in record.fields.iter().filter(|field| !field.create_only) {
            let seen = now.get(&field.name).unwrap_or(&Json::Null);
            match &field.value {
                Value::Lines(planned) if !planned.identity.is_empty() => {
                    let Some(of) = lines.get(&field.name) else { continue };
                    let ids = seen.as_array().into_iter().flatten().filter_map(Json::as_i64);
                    let present: Vec<&Current> = ids.filter_map(|id| of.get(&id)).collect();
                    written.insert(field.name.clone(), Json::Object(super::lines::remembered(self, record, planned, &present)));
                }
                Value::Lines(_) => {}
                Value::Set(_) => {
                    if let Some(planned) = self.scalar(record, &field.name) {
                        written.insert(field.name.clone(), entry(&planned, seen));
                    }
                }
                _ => {
                    if let Some(planned) = self.scalar(record, &field.name) {
                        written.insert(field.name.clone(), entry(&planned, seen));
                    }
                }
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_change_is_told_from_ours_and_from_odoos() {
        let wrote = json!([12.345, 12.35]);
        assert_eq!(decide(&json!(12.345), &json!(12.35), Some(&wrote), false), Decision::Same, "Odoo has rounded it");
        assert_eq!(decide(&json!(13.0), &json!(12.35), Some(&wrote), false), Decision::Write, "the partner has changed it");
        assert_eq!(decide(&json!(12.345), &json!(15.0), Some(&wrote), false), Decision::Keep, "a person has");
        assert_eq!(decide(&json!(13.0), &json!(15.0), Some(&wrote), false), Decision::Keep, "both have");
        assert_eq!(decide(&json!(13.0), &json!(15.0), Some(&wrote), true), Decision::Write);
        assert_eq!(decide(&json!(13.0), &json!(15.0), None, false), Decision::Write, "nobody knows who");
        assert_eq!(decide(&json!(15.0), &json!(15.0), Some(&wrote), false), Decision::Same, "all agree");
        assert_eq!(decide(&json!(7), &json!([8, "Other"]), Some(&json!([7])), false), Decision::Keep);
    }
}
