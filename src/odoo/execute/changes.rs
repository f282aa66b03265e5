//! What differs between records that are there and what is planned for them, and what a person has changed in between.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::{
    Differs, Foreseen,
    lines::{LineChanges, line_changes},
    memory::{UNSURE, Written},
    work::{Current, Work},
};
use crate::{
    model::{
        Code, Problem,
        plan::{Field, Record, Value},
        problem::cut,
    },
    odoo::{client::id_of, compare::same, place::placed},
};

/// A remembered entry that is kept as it was, with the names that lead to it.
pub(super) type Kept = (Vec<String>, Json);

/// What is to be done to records that are there, by id.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) values: HashMap<i64, Map<String, Json>>,
    pub(super) lines: HashMap<i64, Vec<LineChanges>>,
    pub(super) notes: Vec<Problem>,
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
            let remembered = &sure(written.get(&id).unwrap_or(&nothing));
            let mut values = Map::new();
            for field in record.fields.iter().filter(|field| !field.create_only) {
                let Some(planned) = work.scalar(record, &field.name) else { continue };
                let now = current.get(&field.name).unwrap_or(&Json::Null);
                let entry = remembered.get(&field.name);
                let (decision, value) = match &field.value {
                    Value::Set(set) => decide_set(&planned, now, entry, set.add, field.overwrite),
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
            Problem::new(Code::Kept, text).hint("nothing, if the person is right; `overwrite = true` at the field lets documents win");
        self.notes.push(placed(problem, record, Some(&field.name)));
        self.kept.entry(owner).or_default().push(kept);
    }

    /// What is remembered of a record while it is written.
    pub(super) fn begun(&self, id: i64) -> Written {
        let lines = self.lines.get(&id).into_iter().flatten().map(|lines| &lines.field);
        let names: Vec<&String> = self.values.get(&id).into_iter().flat_map(Map::keys).chain(lines).collect();
        Written::from_iter([(UNSURE.to_string(), json!(names))])
    }

    /// Ids of the records in which anything is to be done.
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

/// What is remembered and sure.
pub(super) fn sure(written: &Written) -> Written {
    let mut sure = written.clone();
    for name in sure.remove(UNSURE).iter().filter_map(Json::as_array).flatten().filter_map(Json::as_str) {
        sure.remove(name);
    }
    sure
}

/// What becomes of a set, and the command that writes it. Where members are only added, one that a person has taken away since we
/// last wrote it is not added again.
pub(super) fn decide_set(planned: &Json, current: &Json, entry: Option<&Json>, add: bool, overwrite: bool) -> (Decision, Json) {
    let (planned, now) = (members(planned), members(current));
    let write = |members: &[i64]| json!([[6, 0, members]]);
    if !add {
        let entry = entry.and_then(Json::as_array).map(|entry| entry.iter().map(|ids| json!(members(ids))).collect());
        return (decide(&json!(planned), &json!(now), entry.as_ref(), overwrite), write(&planned));
    }
    let before = entry.and_then(|entry| entry.get(0)).map(members).unwrap_or_default();
    let missing: Vec<i64> = planned.iter().filter(|id| !now.contains(id)).copied().collect();
    let (taken, new): (Vec<i64>, Vec<i64>) = missing.into_iter().partition(|id| !overwrite && before.contains(id));
    match (new.as_slice(), taken.as_slice()) {
        ([], []) => (Decision::Same, Json::Null),
        ([], _) => (Decision::Keep, Json::Null),
        _ => (Decision::Write, write(&members(&json!([now, new].concat())))),
    }
}

/// The members of a set, in order.
pub(super) fn members(ids: &Json) -> Vec<i64> {
    let mut all: Vec<i64> = ids.as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Work<'_> {
    /// What is to be remembered of a record as it is now.
    pub(super) fn remembered(&self, record: &Record, now: &Current, lines: &HashMap<String, HashMap<i64, Current>>) -> Written {
        let mut written = Written::from_iter([(UNSURE.to_string(), Json::Null)]);
        let mut unsure = Vec::new();
        for field in record.fields.iter().filter(|field| !field.create_only) {
            let seen = now.get(&field.name).unwrap_or(&Json::Null);
            match &field.value {
                Value::Lines(planned) if !planned.identity.is_empty() => {
                    let Some(of) = lines.get(&field.name) else {
                        unsure.push(field.name.clone());
                        continue;
                    };
                    let ids = seen.as_array().into_iter().flatten().filter_map(Json::as_i64);
                    let present: Vec<&Current> = ids.filter_map(|id| of.get(&id)).collect();
                    written.insert(field.name.clone(), Json::Object(super::lines::remembered(self, record, planned, &present)));
                }
                Value::Lines(_) => {}
                Value::Set(_) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_compared_as_a_set_and_added_once() {
        let set = |planned: Json, now: Json, entry: Json, add| decide_set(&planned, &now, Some(&entry), add, false);
        assert_eq!(set(json!([3]), json!([2, 1]), json!([[1, 2]]), false), (Decision::Write, json!([[6, 0, [3]]])), "ours to replace");
        assert_eq!(set(json!([3]), json!([1]), json!([[1, 2]]), false).0, Decision::Keep, "a person took one");
        assert_eq!(
            set(json!([1, 4]), json!([1, 9]), json!([[1]]), true),
            (Decision::Write, json!([[6, 0, [1, 4, 9]]])),
            "a person's stays"
        );
        assert_eq!(set(json!([1, 4]), json!([4]), json!([[1, 4]]), true).0, Decision::Keep, "what a person took is not added again");
        assert_eq!(set(json!([1]), json!([1, 9]), json!([[1]]), true).0, Decision::Same);
    }

    #[test]
    fn of_what_was_begun_nobody_knows_who_changed_it() {
        let written = json!({"name": ["a"], "website": ["a"], UNSURE: ["website"]});
        assert_eq!(Json::Object(sure(written.as_object().expect("a map"))), json!({"name": ["a"]}));
    }

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
