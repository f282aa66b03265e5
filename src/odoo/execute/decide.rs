//! Decides what happens to a value: from the plan, from Odoo, and from what we last wrote.

use serde_json::{Value as Json, json};

use super::write_history::{UNSURE, Written};
use crate::odoo::compare::{number, same};

/// What happens to a value.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// Odoo has it already.
    Same,
    Write,
    /// A person has changed it.
    Keep,
}

/// The planned value, the value in Odoo, and what we last wrote.
pub(super) fn decide(planned: &Json, current: &Json, entry: Option<&Json>, overwrite: bool) -> Decision {
    if same(planned, current) {
        return Decision::Same;
    }
    let Some(entry) = entry.and_then(Json::as_array) else { return Decision::Write };
    let before = entry.first().unwrap_or(&Json::Null);
    let seen = entry.get(1).unwrap_or(before);
    match (same(seen, current), before == planned) {
        // Odoo has changed what we wrote: a rounded price, a number with blanks in it.
        (true, true) => Decision::Same,
        (true, false) => Decision::Write,
        (false, _) if overwrite => Decision::Write,
        (false, _) => Decision::Keep,
    }
}

/// The history of a value: the planned value and, if it differs, the value read back.
pub(super) fn entry(planned: &Json, seen: &Json) -> Json {
    if same(planned, seen) { json!([planned]) } else { json!([planned, seen]) }
}

/// The history, if it is certain.
pub(super) fn sure(written: &Written) -> Written {
    let mut sure = written.clone();
    for name in sure.remove(UNSURE).iter().filter_map(Json::as_array).flatten().filter_map(Json::as_str) {
        sure.remove(name);
    }
    sure
}

/// What happens to a set, and the command that writes it. If members are only added, one that a person has removed since our last
/// write is not added again.
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

/// A value in an identity: a many2one counts by its id.
pub(super) fn shown(value: &Json) -> String {
    match value {
        Json::Array(pair) => pair.first().map(ToString::to_string).unwrap_or_default(),
        Json::String(text) => text.clone(),
        Json::Number(value) => number(value),
        Json::Bool(false) | Json::Null => String::new(),
        other => other.to_string(),
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
