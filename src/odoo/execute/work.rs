//! One chunk of one step: which records exist, which differ, which are new.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::{
    decide::shown,
    id_of,
    outcome::{Change, Foreseen, Touched},
    types::{Changes, Current, Done, Existing, Work},
    write_history::Written,
};
use crate::{
    model::{
        Code, Problem, Problems,
        i18n::say,
        plan::{PlanValue, Record, WriteMode},
    },
    odoo::{
        place::placed,
        resolve::{Known, Within},
    },
};

impl Work<'_> {
    /// Executes the chunk; `done` has the completed work even if something stopped it.
    pub(super) async fn chunk(&self, records: &[(usize, &Record)], done: &mut Done) -> Result<(), Problems> {
        let mut records = self.each_once(records, done)?;
        let mut ids: Vec<(usize, &Record, i64, Change)> = Vec::new();
        match self.step.write {
            WriteMode::Create => {
                let marked = self.marked().await?;
                records.retain(|(at, _)| !marked.contains(&self.mark) && !marked.contains(&self.single_mark(*at)));
                let made = self.create(&records, done).await?;
                ids.extend(made.into_iter().map(|(at, record, id)| (at, record, id, Change::Created)));
            }
            WriteMode::Upsert | WriteMode::Update => ids = self.upsert(&records, done).await?,
        }
        let acted = self.afterwards(&ids, done).await;
        match acted {
            // Records that are stored are reported, unless Odoo does not answer.
            Err(problems) if problems.iter().any(Problem::is_temporary) => Err(problems),
            acted => self.read_back(ids, done).await.and(acted),
        }
    }

    async fn afterwards(&self, ids: &[(usize, &Record, i64, Change)], done: &mut Done) -> Result<(), Problems> {
        for (number, then) in self.step.actions.iter().enumerate() {
            let refused: HashSet<usize> = done.refused.iter().map(|(at, _)| *at).collect();
            let left: Vec<(usize, &Record, i64)> =
                ids.iter().filter(|(at, ..)| !refused.contains(at)).map(|(at, record, id, _)| (*at, *record, *id)).collect();
            if !left.is_empty() {
                done.refused.extend(self.act(number, then, &left).await?);
            }
        }
        Ok(())
    }

    /// Two entries that name one record by different keys, which shows only after the references are looked up.
    pub(super) fn doubled(&self, records: &[(usize, &Record)]) -> Vec<(usize, Problem)> {
        let mut seen: HashMap<String, Option<u32>> = HashMap::new();
        let mut doubled = Vec::new();
        for (at, record) in records.iter().filter(|_| !self.step.identity.is_empty()) {
            // Entries that depend on new records are compared after these are made.
            if self.step.identity.iter().any(|field| self.is_open(record, field)) {
                continue;
            }
            if let Some(first) = seen.insert(self.identity(record), record.origin.place.line) {
                let message = say!("record-twice-line", line = first.unwrap_or_default());
                doubled.push((*at, placed(Problem::new(Code::IdentityTwice, message), record, None)));
            }
        }
        doubled
    }

    fn is_open(&self, record: &Record, field: &str) -> bool {
        let within = Within { record, outer: None };
        record.value(field).is_some_and(|value| matches!(self.resolved.value(value, &within), Known::Later))
    }

    fn each_once<'r>(&self, records: &[(usize, &'r Record)], done: &mut Done) -> Result<Vec<(usize, &'r Record)>, Problems> {
        self.refuse(self.doubled(records), done)?;
        let refused: HashSet<usize> = done.refused.iter().map(|(at, _)| *at).collect();
        Ok(records.iter().filter(|(at, _)| !refused.contains(at)).copied().collect())
    }

    /// With `allow_partial`, refuses these records; otherwise all of them.
    pub(super) fn refuse(&self, refused: Vec<(usize, Problem)>, done: &mut Done) -> Result<(), Problems> {
        if refused.is_empty() || self.setup.partial {
            done.refused.extend(refused);
            return Ok(());
        }
        Problems::check(refused.into_iter().map(|(_, problem)| problem).collect())
    }

    async fn upsert<'r>(
        &self,
        records: &[(usize, &'r Record)],
        done: &mut Done,
    ) -> Result<Vec<(usize, &'r Record, i64, Change)>, Problems> {
        let found = self.found(records, true).await?;
        let doubled: HashSet<usize> = found.doubled.iter().map(|(at, _)| *at).collect();
        self.refuse(found.doubled, done)?;
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for (at, record) in records.iter().filter(|(at, _)| !doubled.contains(at)) {
            match found.records.get(&self.identity(record)) {
                Some(current) => known.push((*at, *record, current)),
                None => new.push((*at, *record)),
            }
        }
        let mut ids: Vec<(usize, &Record, i64, Change)> = Vec::with_capacity(records.len());
        if self.step.write == WriteMode::Update {
            let absent = self.absent(&std::mem::take(&mut new)).await?;
            self.refuse(absent.refused, done)?;
            ids.extend(absent.done.into_iter().map(|(at, record, id)| (at, record, id, Change::Unchanged)));
        }
        let written = self.written(&known).await?;
        let changed = self.update(&known, &written, done).await?;
        let made = self.create(&new, done).await?;
        let refused: HashSet<usize> = done.refused.iter().map(|(at, _)| *at).collect();
        for (at, record, current) in known.into_iter().filter(|(at, ..)| !refused.contains(at)) {
            let id = id_of(current);
            ids.push((at, record, id, if changed.contains(&id) { Change::Updated } else { Change::Unchanged }));
        }
        ids.extend(made.into_iter().map(|(at, record, id)| (at, record, id, Change::Created)));
        ids.sort_by_key(|(at, ..)| *at);
        Ok(ids)
    }

    /// Reasons to refuse records before anything is written: several match one, or, if `update` says that no earlier step makes them, they
    /// do not exist.
    pub(super) async fn trouble(&self, records: &[(usize, &Record)], update: bool) -> Result<Vec<(usize, Problem)>, Problems> {
        let closed = |record: &Record| !self.step.identity.iter().any(|field| self.is_open(record, field));
        let records: Vec<(usize, &Record)> = records.iter().filter(|(_, record)| closed(record)).copied().collect();
        let found = self.found(&records, true).await?;
        let mut trouble = found.doubled;
        if update && self.step.write == WriteMode::Update {
            let new: Vec<(usize, &Record)> =
                records.into_iter().filter(|(_, record)| !found.records.contains_key(&self.identity(record))).collect();
            trouble.extend(self.absent(&new).await?.refused);
        }
        Ok(trouble)
    }

    /// Records that Odoo has already, with the values that the plan uses; without `scoped` also those outside the step's scope. One
    /// search for all.
    pub(super) async fn found(&self, records: &[(usize, &Record)], scoped: bool) -> Result<Existing, Problems> {
        if records.is_empty() {
            return Ok(Existing::default());
        }
        let (step, model) = (self.step, &self.step.model);
        let mut fields: Vec<&str> = vec!["display_name"];
        fields.extend(step.identity.iter().map(String::as_str));
        for field in records.iter().flat_map(|(_, record)| &record.fields) {
            if !fields.contains(&field.name.as_str()) {
                fields.push(&field.name);
            }
        }
        if let Some(module) = &step.module {
            return Ok(Existing { records: self.by_external(module, records, &fields).await?, doubled: Vec::new() });
        }
        let mut domain = Vec::new();
        for field in &step.identity {
            // A field without a value is empty in Odoo, and searched as empty.
            let mut values: Vec<Json> = records.iter().map(|(_, record)| self.scalar(record, field).unwrap_or(json!(false))).collect();
            values.sort_by_key(ToString::to_string);
            values.dedup();
            domain.push(json!([field, "in", values]));
        }
        if scoped {
            domain.extend(step.scope.iter().cloned());
        }
        let found = self.odoo.search_read(model, Json::from(domain), &fields, true).await;
        let found = found.map_err(|fault| fault.problem(&format!("looking for {model}")))?;
        let planned: HashMap<String, (usize, &Record)> =
            records.iter().map(|(at, record)| (self.identity(record), (*at, *record))).collect();
        let mut existing = Existing::default();
        for record in found {
            let key = step.identity.iter().map(|field| shown(record.get(field).unwrap_or(&Json::Null))).collect::<Vec<_>>().join("\u{1f}");
            // Stock of several lots is in several quants; the model handles that itself.
            if step.write != WriteMode::Create
                && let Some(first) = existing.records.get(&key)
                && let Some((at, planned)) = planned.get(&key)
            {
                let ids = format!("{}, {}", id_of(first), id_of(&record));
                let message = say!("lookup-two", model = model, identity = step.identity.join(", "), ids = ids);
                let problem = Problem::new(Code::LookupMany, message);
                existing.doubled.push((*at, placed(problem, planned, step.identity.last().map(String::as_str))));
            }
            existing.records.entry(key).or_insert(record);
        }
        existing.doubled.dedup_by_key(|(at, _)| *at);
        Ok(existing)
    }

    async fn by_external(&self, module: &str, records: &[(usize, &Record)], fields: &[&str]) -> Result<HashMap<String, Current>, Problems> {
        let model = &self.step.model;
        let names: Vec<&String> = records.iter().filter_map(|(_, record)| record.external.as_ref()).collect();
        let domain = json!([["module", "=", module], ["model", "=", model], ["name", "in", names]]);
        let doing = format!("looking for {model} by external id");
        let known = self.odoo.search_read("ir.model.data", domain, &["name", "res_id"], false).await;
        let known = known.map_err(|fault| fault.problem(&doing))?;
        let by_id: HashMap<i64, String> =
            known.iter().filter_map(|row| Some((row.get("res_id")?.as_i64()?, row.get("name")?.as_str()?.to_string()))).collect();
        let ids: Vec<i64> = by_id.keys().copied().collect();
        let read = self.odoo.read(model, &ids, fields).await.map_err(|fault| fault.problem(&doing))?;
        Ok(read.into_iter().filter_map(|record| Some((by_id.get(&id_of(&record))?.clone(), record))).collect())
    }

    pub(super) fn identity(&self, record: &Record) -> String {
        if let Some(external) = &record.external {
            return external.clone();
        }
        let value = |field: &String| self.scalar(record, field).map(|value| shown(&value)).unwrap_or_default();
        self.step.identity.iter().map(value).collect::<Vec<_>>().join("\u{1f}")
    }

    /// A planned value as Odoo accepts it; `None` for lines and for a field that stays unchanged.
    pub(super) fn scalar(&self, record: &Record, field: &str) -> Option<Json> {
        match self.resolved.value(record.value(field)?, &Within { record, outer: None }) {
            Known::Value(value) => Some(value),
            Known::Nothing | Known::Later => None,
        }
    }

    /// All values of a new record, lines as `[0, 0, values]`.
    pub(super) fn values(&self, within: &Within<'_>) -> Json {
        let mut values = Map::new();
        for field in &within.record.fields {
            let json = match &field.value {
                PlanValue::Lines(lines) => {
                    lines.records.iter().map(|line| json!([0, 0, self.values(&Within { record: line, outer: Some(within) })])).collect()
                }
                value => match (self.resolved.value(value, within), value) {
                    (Known::Value(ids), PlanValue::Set(_)) => json!([[6, 0, ids]]),
                    (Known::Value(value), _) => value,
                    _ => continue,
                },
            };
            values.insert(field.name.clone(), json);
        }
        Json::Object(values)
    }

    async fn written(&self, known: &[(usize, &Record, &Current)]) -> Result<HashMap<i64, Written>, Problems> {
        let ids: Vec<i64> = known.iter().map(|(_, _, current)| id_of(current)).collect();
        self.setup.memory.written(&self.step.model, &ids).await.map_err(Problems::from)
    }

    /// Reads the records back: their names for the journal, their values for the next time.
    async fn read_back(&self, ids: Vec<(usize, &Record, i64, Change)>, done: &mut Done) -> Result<(), Problems> {
        let model = &self.step.model;
        let mut fields: Vec<&str> = vec!["display_name"];
        if self.step.write != WriteMode::Create {
            for field in ids.iter().flat_map(|(_, record, ..)| &record.fields).filter(|field| !field.create_only) {
                if !fields.contains(&field.name.as_str()) {
                    fields.push(&field.name);
                }
            }
        }
        let all: Vec<i64> = ids.iter().map(|(_, _, id, _)| *id).collect();
        let doing = format!("reading {model} back");
        // The work is done: a failed read is no reason to repeat it.
        let read = match self.odoo.read(model, &all, &fields).await {
            Err(fault) if fault.is_refusal() => {
                tracing::warn!(model, "{}", fault.problem(&doing).message);
                Vec::new()
            }
            read => read.map_err(|fault| fault.problem(&doing))?,
        };
        let by_id: HashMap<i64, &Current> = read.iter().map(|record| (id_of(record), record)).collect();
        let lines = match self.lines_now(&ids, &by_id).await {
            Err(problem) if !problem.is_temporary() => {
                tracing::warn!(model, "{}", problem.message);
                HashMap::new()
            }
            lines => lines?,
        };
        let mut remembered = Vec::with_capacity(ids.len());
        for (at, record, id, change) in ids {
            let now = by_id.get(&id);
            let name = now.and_then(|now| now.get("display_name")).and_then(Json::as_str).unwrap_or_default().to_string();
            let mut written = match now {
                Some(now) if self.step.write != WriteMode::Create => self.remembered(record, now, &lines),
                _ => Written::new(),
            };
            for (path, entry) in done.kept.remove(&id).unwrap_or_default() {
                restore(&mut written, &path, entry);
            }
            remembered.push((id, written));
            done.records.push((at, Touched { model: model.clone(), id, name, change }));
        }
        self.setup.memory.remember(model, &remembered).await.map_err(Problems::from)
    }

    /// Preview of the records.
    pub(super) async fn preview(&self, records: &[(usize, &Record)]) -> Result<Vec<(usize, Foreseen)>, Problems> {
        // A record that depends on one not made yet cannot exist.
        let closed = |record: &Record| !self.step.identity.iter().any(|field| self.is_open(record, field));
        let closed: Vec<(usize, &Record)> = records.iter().filter(|(_, record)| closed(record)).copied().collect();
        let existing = if self.step.write == WriteMode::Create { HashMap::new() } else { self.found(&closed, true).await?.records };
        let known: Vec<(usize, &Record, &Current)> =
            closed.iter().filter_map(|(at, record)| Some((*at, *record, existing.get(&self.identity(record))?))).collect();
        let written = self.written(&known).await?;
        let changes = Changes::of(self, &known, &written).await?;
        let mut all = Vec::new();
        for (at, record) in records {
            let current = closed.iter().find(|(known, _)| known == at).and_then(|_| existing.get(&self.identity(record)));
            let mut foreseen = Foreseen {
                model: self.step.model.clone(),
                line: record.origin.place.line,
                known: current.map(|current| {
                    let name = current.get("display_name").and_then(Json::as_str).unwrap_or_default().to_string();
                    (id_of(current), name)
                }),
                differs: Vec::new(),
                kept: Vec::new(),
                lines: Vec::new(),
            };
            if let Some(current) = current {
                changes.describe(id_of(current), current, &mut foreseen);
            }
            all.push((*at, foreseen));
        }
        Ok(all)
    }
}

/// Puts a history entry back to its place.
fn restore(written: &mut Map<String, Json>, path: &[String], entry: Json) {
    match path {
        [name] => {
            written.insert(name.clone(), entry);
        }
        [name, rest @ ..] => {
            if let Some(below) = written.get_mut(name).and_then(Json::as_object_mut) {
                restore(below, rest, entry);
            }
        }
        [] => {}
    }
}
