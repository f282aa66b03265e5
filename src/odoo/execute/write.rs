//! Writing: new records in one call, differences in as few calls as possible; if a call is refused, it finds the refused record.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::{
    id_of, rows,
    types::{Changes, Current, Done, Work},
    write_history::{UNSURE, Written},
};
use crate::{
    model::{
        Problem, Problems,
        plan::{Record, WriteMode},
    },
    odoo::{Call, Fault, FaultKind, place::placed, resolve::Within},
};

/// A record's id and the values that differ.
pub(super) type Update = (i64, Map<String, Json>);

impl Work<'_> {
    /// Creates new records and returns their ids. If Odoo refuses one, all refused ones are reported; none is created, or only the rest.
    pub(super) async fn create<'r>(
        &self,
        records: &[(usize, &'r Record)],
        done: &mut Done,
    ) -> Result<Vec<(usize, &'r Record, i64)>, Problems> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("creating {}", self.step.model);
        let fault = match self.create_all(records).await {
            Ok(ids) => return Ok(records.iter().zip(ids).map(|((at, record), id)| (*at, *record, id)).collect()),
            Err(fault) => fault,
        };
        // A fault is not always a failure: the records may have been created.
        if fault.is_refusal() && (self.step.module.is_some() || !self.step.identity.is_empty()) && self.step.write != WriteMode::Create {
            let there = self.found(records, true).await.unwrap_or_default().records;
            let ids: Vec<i64> = records.iter().filter_map(|(_, record)| there.get(&self.identity(record)).map(id_of)).collect();
            if ids.len() == records.len() {
                return Ok(records.iter().zip(ids).map(|((at, record), id)| (*at, *record, id)).collect());
            }
        }
        let problem = |fault: &Fault, record: &Record| placed(fault.problem(&doing), record, None);
        match records {
            [(_, one)] if !self.setup.partial || !fault.is_refusal() => return Err(problem(&fault, one).into()),
            [(at, one)] => {
                done.refused.push((*at, problem(&fault, one)));
                return Ok(Vec::new());
            }
            _ if !fault.is_refusal() => return Err(fault.problem(&doing).into()),
            _ if !self.setup.partial => {
                let all = self.diagnose(records, &doing).await;
                return Err(Problems::of(all).unwrap_or_else(|| fault.problem(&doing).into()));
            }
            _ => {}
        }
        // The good half is written in one call; so one bad record among a thousand costs twenty calls.
        let (first, second) = records.split_at(records.len() / 2);
        let mut made = Box::pin(self.create(first, done)).await?;
        made.extend(Box::pin(self.create(second, done)).await?);
        Ok(made)
    }

    async fn create_all<'r>(&self, records: &[(usize, &'r Record)]) -> Result<Vec<i64>, Fault> {
        let mut context = self.step.context.clone();
        context.extend(self.mark_context(&self.mark));
        let Some(module) = &self.step.module else {
            let values = records.iter().map(|(_, record)| self.values(&Within { record, outer: None })).collect();
            return self.odoo.create(&self.step.model, values, &context).await;
        };
        // Record and external id in one transaction: only `load` does that.
        context.insert("tz".into(), json!("UTC"));
        // An empty cell clears a field: records with different fields are sent separately.
        let mut alike: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (number, (_, record)) in records.iter().enumerate() {
            alike.entry(rows::given(self.resolved, record, None)).or_default().push(number);
        }
        let keyed = |(_, record): &(usize, &'r Record)| (format!("{module}.{}", record.external.as_deref().unwrap_or_default()), *record);
        let mut ids = vec![0; records.len()];
        for numbers in alike.into_values() {
            let keyed: Vec<(String, &Record)> = numbers.iter().map(|number| keyed(&records[*number])).collect();
            let rows = rows::of_records(self.resolved, self.setup.catalog, &self.step.model, "id", &keyed).ok_or_else(|| {
                let text =
                    "the lines of records with external ids must all give the same fields; give those that may be missing a `default`";
                Fault::new(FaultKind::Refused, text)
            })?;
            let call =
                Call::model(&self.step.model, "load").arg("fields", json!(rows.fields)).arg("data", json!(rows.data)).context(&context);
            let answer = self.odoo.call(call).await?;
            let Some(made) = answer.get("ids").and_then(Json::as_array) else {
                let first = answer.pointer("/messages/0/message").and_then(Json::as_str).unwrap_or("the import was refused");
                return Err(Fault::new(FaultKind::Refused, first));
            };
            for (number, id) in numbers.into_iter().zip(made) {
                ids[number] = id.as_i64().unwrap_or_default();
            }
        }
        Ok(ids)
    }

    /// Writes the differences and returns the changed ids.
    pub(super) async fn update(
        &self,
        known: &[(usize, &Record, &Current)],
        written: &HashMap<i64, Written>,
        done: &mut Done,
    ) -> Result<HashSet<i64>, Problems> {
        let mut changes = Changes::of(self, known, written).await?;
        done.notes.append(&mut changes.notes);
        done.kept.extend(std::mem::take(&mut changes.kept));
        if !self.setup.partial {
            Problems::check(std::mem::take(&mut changes.refused).into_iter().map(|(_, problem)| problem).collect())?;
        }
        for (id, problem) in std::mem::take(&mut changes.refused) {
            changes.values.remove(&id);
            changes.lines.remove(&id);
            done.refused.extend(known.iter().find(|(_, _, current)| id_of(current) == id).map(|(at, ..)| (*at, problem)));
        }
        let ids = changes.ids();
        let begun: Vec<(i64, Written)> = ids.iter().map(|id| (*id, changes.begun(*id))).collect();
        self.setup.memory.remember(&self.step.model, &begun).await?;
        let with_lines: HashSet<i64> = changes.lines.keys().copied().collect();
        let before = done.refused.len();
        let result = self.write(known, changes, done).await;
        // A refused record is unchanged, and so is its write history.
        let refused = |id: &i64| match &result {
            Ok(()) => done.refused[before..].iter().any(|(at, _)| known.iter().any(|(of, _, current)| of == at && id_of(current) == *id)),
            Err(problems) => !done.wrote && !problems.iter().any(Problem::is_temporary),
        };
        let lifted: Vec<(i64, Written)> = ids
            .iter()
            .filter(|id| refused(id) && (result.is_err() || !with_lines.contains(id)))
            .map(|id| (*id, Written::from_iter([(UNSURE.to_string(), Json::Null)])))
            .collect();
        self.setup.memory.remember(&self.step.model, &lifted).await?;
        result.map(|()| ids)
    }

    async fn write(&self, known: &[(usize, &Record, &Current)], mut changes: Changes, done: &mut Done) -> Result<(), Problems> {
        let ids = changes.ids();
        match (ids.len(), changes.lines.values().flatten().all(|lines| lines.inverse.is_some())) {
            (0, _) => {}
            // One record with its lines is one transaction; so are records whose lines cannot be written by their own model.
            (1, _) | (_, false) => {
                for id in &ids {
                    let mut values = changes.values.remove(id).unwrap_or_default();
                    for lines in changes.lines.remove(id).unwrap_or_default() {
                        values.insert(lines.field.clone(), Json::from(lines.commands()));
                    }
                    self.one(known, *id, values, done).await?;
                }
            }
            _ => {
                let plain: Vec<Update> = std::mem::take(&mut changes.values).into_iter().collect();
                self.many(known, &self.step.model, plain, |id| id, done).await?;
                self.write_lines(known, changes, done).await?;
            }
        }
        Ok(())
    }

    /// Different values to many records: one `write` for those that get the same values, one `load` for those in which the same fields
    /// change, since an empty cell in a row of `load` clears the field.
    pub(super) async fn many(
        &self,
        known: &[(usize, &Record, &Current)],
        model: &str,
        updates: Vec<Update>,
        owner: impl Fn(i64) -> i64,
        done: &mut Done,
    ) -> Result<(), Problems> {
        let mut equal: BTreeMap<String, (Map<String, Json>, Vec<i64>)> = BTreeMap::new();
        for (id, values) in updates {
            let key = Json::Object(values.clone()).to_string();
            equal.entry(key).or_insert_with(|| (values, Vec::new())).1.push(id);
        }
        let mut alike: BTreeMap<Vec<String>, Vec<Update>> = BTreeMap::new();
        let mut groups: Vec<(Map<String, Json>, Vec<i64>)> = Vec::new();
        for (values, ids) in equal.into_values() {
            match ids.as_slice() {
                [one] => alike.entry(values.keys().cloned().collect()).or_default().push((*one, values)),
                _ => groups.push((values, ids)),
            }
        }
        // Several groups are cheaper as rows than as one call each.
        if groups.len() > 3 {
            for (values, ids) in groups.drain(..) {
                alike.entry(values.keys().cloned().collect()).or_default().extend(ids.into_iter().map(|id| (id, values.clone())));
            }
        }
        for (values, ids) in groups {
            let rows: Vec<Update> = ids.iter().map(|id| (*id, values.clone())).collect();
            let call = Call::records(model, "write", &ids).arg("vals", Json::Object(values)).context(&self.step.context);
            let result = self.odoo.call(call).await.map(|_| ());
            self.settle(known, model, &rows, result.map_err(|fault| (fault, None)), &owner, done).await?;
        }
        for (names, mut group) in alike {
            group.sort_by_key(|(id, _)| *id);
            let result = match group.as_slice() {
                [(id, values)] => {
                    let call = Call::records(model, "write", &[*id]).arg("vals", Json::Object(values.clone())).context(&self.step.context);
                    self.odoo.call(call).await.map(|_| ()).map_err(|fault| (fault, None))
                }
                _ => self.load(model, &names, &group).await,
            };
            self.settle(known, model, &group, result, &owner, done).await?;
        }
        Ok(())
    }

    /// Odoo's import, the only call that writes different values to many records. It accepts texts and converts them by field type; times
    /// are read in the context's zone, hence UTC.
    async fn load(&self, model: &str, names: &[String], group: &[Update]) -> Result<(), (Fault, Option<Json>)> {
        let rows = rows::of_changes(self.setup.catalog, model, names, group);
        let mut context = self.step.context.clone();
        context.insert("tz".into(), json!("UTC"));
        let call = Call::model(model, "load").arg("fields", json!(rows.fields)).arg("data", json!(rows.data)).context(&context);
        let answer = self.odoo.call(call).await.map_err(|fault| (fault, None))?;
        if answer.get("ids").is_some_and(Json::is_array) {
            return Ok(());
        }
        let first = answer.pointer("/messages/0/message").and_then(Json::as_str).unwrap_or("the import was refused").to_string();
        Err((Fault::new(FaultKind::Refused, &first), answer.get("messages").cloned()))
    }

    /// Handles a refused call: reports everything that is wrong with its rows, or writes each record on its own.
    async fn settle(
        &self,
        known: &[(usize, &Record, &Current)],
        model: &str,
        rows: &[Update],
        result: Result<(), (Fault, Option<Json>)>,
        owner: &impl Fn(i64) -> i64,
        done: &mut Done,
    ) -> Result<(), Problems> {
        let Err((fault, messages)) = result else {
            done.wrote = true;
            return Ok(());
        };
        let doing = format!("updating {model}");
        let of = |id: i64| known.iter().find(|(_, _, current)| id_of(current) == owner(id));
        if !fault.is_refusal() || !self.setup.partial {
            let reported = messages.as_ref().and_then(Json::as_array).into_iter().flatten().filter_map(|message| {
                let row = usize::try_from(message.pointer("/rows/from")?.as_u64()?).ok()?;
                let (_, record, _) = of(rows.get(row)?.0)?;
                let text = message.get("message")?.as_str()?;
                let problem = Fault::new(FaultKind::Refused, text).problem(&doing);
                Some(placed(problem, record, message.get("field").and_then(Json::as_str)))
            });
            let reported = reported.take(super::MOST).collect();
            let one = || match rows {
                [(id, _)] => of(*id).map_or_else(|| fault.problem(&doing), |(_, record, _)| placed(fault.problem(&doing), record, None)),
                _ => fault.problem(&doing),
            };
            return Err(Problems::of(reported).unwrap_or_else(|| one().into()));
        }
        for (id, values) in rows {
            let call = Call::records(model, "write", &[*id]).arg("vals", Json::Object(values.clone())).context(&self.step.context);
            match (self.odoo.call(call).await, of(*id)) {
                (Ok(_), _) => done.wrote = true,
                (Err(fault), Some((at, record, _))) if fault.is_refusal() => {
                    done.refused.push((*at, placed(fault.problem(&doing), record, None)))
                }
                (Err(fault), _) => return Err(fault.problem(&doing).into()),
            }
        }
        Ok(())
    }

    async fn one(&self, known: &[(usize, &Record, &Current)], id: i64, values: Map<String, Json>, done: &mut Done) -> Result<(), Problems> {
        let call = Call::records(&self.step.model, "write", &[id]).arg("vals", Json::Object(values.clone())).context(&self.step.context);
        let Err(fault) = self.odoo.call(call).await else {
            done.wrote = true;
            return Ok(());
        };
        let problem = fault.problem(&format!("updating {}", self.step.model));
        match known.iter().find(|(_, _, current)| id_of(current) == id) {
            Some((at, record, _)) if self.setup.partial && fault.is_refusal() => {
                done.refused.push((*at, placed(problem, record, None)));
                Ok(())
            }
            Some((_, record, _)) => Err(placed(problem, record, None).into()),
            None => Err(problem.into()),
        }
    }
}
