//! Lines of existing records: matched by the lines' identity, changed or added. The mapping decides what happens to lines that the
//! document no longer has.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json};

use super::{
    decide::{Decision, decide, decide_set, entry, members, shown, sure},
    outcome::{Differs, ForeseenLines},
    types::{Changes, Current, LineChanges, Work},
    write_history::Written,
};
use crate::{
    model::{
        Code, Problem,
        i18n::say,
        plan::{MissingLines, OrderedLines, PlanValue, Record},
        problem::cut,
    },
    odoo::{
        client::id_of,
        place::placed,
        resolve::{Known, Within},
    },
};

impl LineChanges {
    /// The changes as commands of one `write` of the record.
    pub(super) fn commands(&self) -> Vec<Json> {
        use serde_json::json;
        let add = self.add.iter().map(|values| json!([0, 0, values]));
        let change = self.change.iter().map(|(id, values)| json!([1, id, values]));
        let gone = self.gone.iter().map(|id| if self.archive { json!([1, id, {"active": false}]) } else { json!([2, id]) });
        add.chain(change).chain(gone).collect()
    }
}

impl Work<'_> {
    /// Fields of lines that have an identity, with the model of the lines and the fields planned for them.
    fn line_fields<'r>(&self, records: impl Iterator<Item = &'r Record>) -> Vec<(&'r str, String, Vec<&'r str>)> {
        let mut all: Vec<(&str, String, Vec<&str>)> = Vec::new();
        for field in records.flat_map(|record| &record.fields) {
            let PlanValue::Lines(lines) = &field.value else { continue };
            if lines.identity.is_empty() {
                continue;
            }
            let at = match all.iter().position(|(name, ..)| *name == field.name) {
                Some(at) => at,
                None => {
                    let relation = || self.setup.catalog.field(&self.step.model, &field.name).and_then(|known| known.relation.clone());
                    let model = if lines.model.is_empty() { relation().unwrap_or_default() } else { lines.model.clone() };
                    all.push((&field.name, model, Vec::new()));
                    all.len() - 1
                }
            };
            for line in lines.records.iter().flat_map(|line| &line.fields) {
                if !all[at].2.contains(&line.name.as_str()) && !matches!(line.value, PlanValue::Lines(_)) {
                    all[at].2.push(&line.name);
                }
            }
        }
        all
    }

    /// The present lines of these records: by field and id. One read for all lines of a field.
    async fn lines_of(
        &self,
        fields: &[(&str, String, Vec<&str>)],
        records: &[&Current],
    ) -> Result<HashMap<String, HashMap<i64, Current>>, Problem> {
        let mut all = HashMap::new();
        for (field, model, wanted) in fields {
            let ids: Vec<i64> = records
                .iter()
                .flat_map(|record| record.get(*field).and_then(Json::as_array).into_iter().flatten())
                .filter_map(Json::as_i64)
                .collect();
            let mut lines = HashMap::new();
            for chunk in ids.chunks(5 * super::CHUNK) {
                let read = self.odoo.read(model, chunk, wanted).await.map_err(|fault| fault.problem(&format!("reading {model}")))?;
                lines.extend(read.into_iter().map(|line| (id_of(&line), line)));
            }
            all.insert((*field).to_string(), lines);
        }
        Ok(all)
    }

    /// The lines that records have now.
    pub(super) async fn lines_now(
        &self,
        ids: &[(usize, &Record, i64, super::Change)],
        now: &HashMap<i64, &Current>,
    ) -> Result<HashMap<String, HashMap<i64, Current>>, Problem> {
        let fields = self.line_fields(ids.iter().map(|(_, record, ..)| *record));
        let records: Vec<&Current> = ids.iter().filter_map(|(_, _, id, _)| now.get(id).copied()).collect();
        self.lines_of(&fields, &records).await
    }
}

/// Adds the differences in the lines of each record to the changes.
pub(super) async fn line_changes(
    work: &Work<'_>,
    known: &[(usize, &Record, &Current)],
    written: &HashMap<i64, Written>,
    changes: &mut Changes,
) -> Result<(), Problem> {
    let fields = work.line_fields(known.iter().map(|(_, record, _)| *record));
    let currents: Vec<&Current> = known.iter().map(|(_, _, current)| *current).collect();
    let read = work.lines_of(&fields, &currents).await?;
    for (field, model, _) in &fields {
        let by_id = &read[*field];
        let inverse = work.setup.catalog.field(&work.step.model, field).and_then(|known| known.inverse.clone());
        for (_, record, current) in known {
            let Some(planned) = record.field(field).filter(|planned| !planned.create_only) else { continue };
            let PlanValue::Lines(lines) = &planned.value else { continue };
            let ids = current.get(*field).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_i64);
            let present: Vec<&Current> = ids.filter_map(|id| by_id.get(&id)).collect();
            let sure = written.get(&id_of(current)).map(sure);
            let remembered = sure.as_ref().and_then(|written| written.get(*field)).and_then(Json::as_object);
            let mut found = LineChanges {
                field: (*field).to_string(),
                model: model.clone(),
                inverse: inverse.clone(),
                add: Vec::new(),
                change: Vec::new(),
                gone: Vec::new(),
                archive: lines.missing_lines == MissingLines::Archive,
                foreseen: ForeseenLines { field: (*field).to_string(), ..ForeseenLines::default() },
            };
            compare(work, record, current, lines, &present, remembered, &mut found, changes);
            if !(found.add.is_empty() && found.change.is_empty() && found.gone.is_empty()) {
                changes.lines.entry(id_of(current)).or_default().push(found);
            }
        }
    }
    Ok(())
}

fn planned_key(work: &Work<'_>, lines: &OrderedLines, within: &Within<'_>) -> String {
    let value = |field: &String| match within.record.value(field).map(|value| work.resolved.value(value, within)) {
        Some(Known::Value(value)) => shown(&value),
        _ => String::new(),
    };
    lines.identity.iter().map(value).collect::<Vec<_>>().join("\u{1f}")
}

/// A key for people.
fn named(key: &str) -> String {
    cut(&key.replace('\u{1f}', " / "))
}

fn present_key(lines: &OrderedLines, line: &Current) -> String {
    lines.identity.iter().map(|field| shown(line.get(field).unwrap_or(&Json::Null))).collect::<Vec<_>>().join("\u{1f}")
}

#[allow(clippy::too_many_arguments, reason = "what is compared, what is known of it, and where it is reported")]
fn compare(
    work: &Work<'_>,
    record: &Record,
    current: &Current,
    lines: &OrderedLines,
    present: &[&Current],
    remembered: Option<&Map<String, Json>>,
    found: &mut LineChanges,
    changes: &mut Changes,
) {
    let outer = Within { record, outer: None };
    let mut by_key: HashMap<String, &Current> = HashMap::new();
    let mut doubled: HashSet<String> = HashSet::new();
    for line in present {
        let key = present_key(lines, line);
        if by_key.insert(key.clone(), line).is_some() {
            doubled.insert(key);
        }
    }
    for line in &lines.records {
        let within = Within { record: line, outer: Some(&outer) };
        let key = planned_key(work, lines, &within);
        if doubled.contains(&key) {
            let text = say!("lookup-lines-many", identity = lines.identity.join(", "), key = named(&key));
            let problem =
                Problem::new(Code::LookupMany, text).hint("consign cannot choose between them; correct the lines in Odoo by hand");
            changes.refused.push((id_of(current), placed(problem, line, lines.identity.first().map(String::as_str))));
            continue;
        }
        let Some(now) = by_key.remove(&key) else {
            if lines.known_only {
                let text = say!("lookup-line-none", identity = lines.identity.join(", "), key = named(&key));
                let problem = Problem::new(Code::LookupNone, text).hint("the document changes a line that is not in Odoo");
                changes.refused.push((id_of(current), placed(problem, line, lines.identity.first().map(String::as_str))));
            } else {
                found.foreseen.new.push(named(&key));
                found.add.push(work.values(&within));
            }
            continue;
        };
        let remembered = remembered.and_then(|remembered| remembered.get(&key)).and_then(Json::as_object);
        let mut values = Map::new();
        let mut differs = Vec::new();
        for field in line.fields.iter().filter(|field| !field.create_only) {
            let Known::Value(planned) = work.resolved.value(&field.value, &within) else { continue };
            let seen = now.get(&field.name).unwrap_or(&Json::Null);
            let entry = remembered.and_then(|remembered| remembered.get(&field.name));
            let set = if let PlanValue::Set(set) = &field.value { Some(set) } else { None };
            let (decision, value) = match set {
                Some(set) => decide_set(&planned, seen, entry, set.add, field.overwrite),
                None => (decide(&planned, seen, entry, field.overwrite), planned.clone()),
            };
            let as_it_is = || if set.is_some() { serde_json::json!([[6, 0, seen]]) } else { writable(seen) };
            match decision {
                Decision::Keep => {
                    let path = vec![found.field.clone(), key.clone(), field.name.clone()];
                    changes.keep(work, line, now, (id_of(current), field), (&planned, seen), (path, entry.cloned().unwrap_or_default()));
                    values.insert(field.name.clone(), as_it_is());
                }
                // An unchanged reference is not written again: Odoo would treat the line as one of a new product.
                Decision::Same if matches!(field.value, PlanValue::Find(_) | PlanValue::Record(_) | PlanValue::Field(_)) => {}
                decision => {
                    if decision == Decision::Write {
                        differs.push(Differs { field: field.name.clone(), has: seen.clone(), planned: planned.clone() });
                    }
                    values.insert(field.name.clone(), if decision == Decision::Same { as_it_is() } else { value });
                }
            }
        }
        // All values or none: Odoo recomputes the fields that depend on a written value (a new quantity brings back the price list's
        // price) unless they are written with it. Measured on Odoo 19.
        if !differs.is_empty() {
            found.foreseen.changed.push((named(&key), differs));
            found.change.push((id_of(now), values));
        }
    }
    if lines.missing_lines != MissingLines::Keep {
        let mut gone: Vec<(i64, String)> = by_key.iter().map(|(key, line)| (id_of(line), named(key))).collect();
        gone.sort_unstable();
        (found.gone, found.foreseen.gone) = gone.into_iter().unzip();
    }
}

/// A value that was read, in the form for writing.
fn writable(read: &Json) -> Json {
    match read {
        Json::Array(pair) if pair.len() == 2 && pair[1].is_string() => pair[0].clone(),
        other => other.clone(),
    }
}

/// The new write history of lines as they are now.
pub(super) fn remembered(work: &Work<'_>, record: &Record, lines: &OrderedLines, present: &[&Current]) -> Map<String, Json> {
    let outer = Within { record, outer: None };
    let by_key: HashMap<String, &&Current> = present.iter().map(|line| (present_key(lines, line), line)).collect();
    let mut all = Map::new();
    for line in &lines.records {
        let within = Within { record: line, outer: Some(&outer) };
        let key = planned_key(work, lines, &within);
        let Some(now) = by_key.get(&key) else { continue };
        let mut entries = Map::new();
        for field in line.fields.iter().filter(|field| !field.create_only && !matches!(field.value, PlanValue::Lines(_))) {
            if let Known::Value(planned) = work.resolved.value(&field.value, &within) {
                let seen = now.get(&field.name).unwrap_or(&Json::Null);
                let entry = match &field.value {
                    PlanValue::Set(_) => entry(&serde_json::json!(members(&planned)), &serde_json::json!(members(seen))),
                    _ => entry(&planned, seen),
                };
                entries.insert(field.name.clone(), entry);
            }
        }
        all.insert(key, Json::Object(entries));
    }
    all
}
