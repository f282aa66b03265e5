//! One chunk of one step: what is there, what differs, what is new.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::{
    Change, Foreseen, Setup, Touched,
    changes::{Changes, Kept},
    id_of,
    memory::Written,
    place::placed,
};
use crate::{
    model::{
        Problem, Problems, codes,
        plan::{Missing, Record, Step, Value, Write},
    },
    odoo::{
        Call, Odoo,
        resolve::{Known, Resolved, Within},
    },
};

/// A chunk at work.
pub(super) struct Work<'p> {
    pub(super) odoo: &'p Odoo,
    pub(super) step: &'p Step,
    pub(super) setup: Setup<'p>,
    pub(super) resolved: &'p Resolved,
    pub(super) mark: String,
}

/// What became of a chunk: records by their index in the step.
#[derive(Default)]
pub(super) struct Done {
    pub(super) records: Vec<(usize, Touched)>,
    pub(super) notes: Problems,
    pub(super) refused: Vec<(usize, Problem)>,
    /// What is remembered as before, by id: values that a person has changed since.
    pub(super) kept: HashMap<i64, Vec<Kept>>,
}

/// A record of Odoo's as it was read.
pub(super) type Current = Map<String, Json>;

impl Work<'_> {
    pub(super) async fn chunk(&self, records: &[(usize, &Record)]) -> Result<Done, Problems> {
        let mut done = Done::default();
        let records = self.each_once(records, &mut done)?;
        let mut ids: Vec<(usize, &Record, i64, Change)> = Vec::new();
        match self.step.write {
            Write::Create => {
                if self.marked().await? {
                    return Ok(done);
                }
                let made = self.create(&records, &mut done).await?;
                ids.extend(made.into_iter().map(|(at, record, id)| (at, record, id, Change::Created)));
            }
            Write::Upsert | Write::Update => ids = self.upsert(&records, &mut done).await?,
        }
        for then in &self.step.then {
            let left: Vec<(usize, &Record, i64)> = ids
                .iter()
                .filter(|(at, ..)| !done.refused.iter().any(|(refused, _)| refused == at))
                .map(|(at, record, id, _)| (*at, *record, *id))
                .collect();
            if !left.is_empty() {
                done.refused.extend(self.act(then, &left).await?);
            }
        }
        self.read_back(ids, &mut done).await?;
        Ok(done)
    }

    /// Two entries that name one record by different keys, found out only once the references are looked up.
    pub(super) fn doubled(&self, records: &[(usize, &Record)]) -> Vec<(usize, Problem)> {
        let mut seen: HashMap<String, Option<u32>> = HashMap::new();
        let mut doubled = Vec::new();
        for (at, record) in records.iter().filter(|_| !self.step.identity.is_empty()) {
            // What depends on records that are still to be made is told apart once they are.
            if self.step.identity.iter().any(|field| self.is_open(record, field)) {
                continue;
            }
            if let Some(first) = seen.insert(self.identity(record), record.origin.place.line) {
                let message = format!("the same record twice in one file; the first is on line {}", first.unwrap_or_default());
                doubled.push((*at, placed(Problem::new(codes::IDENTITY_TWICE, message), record, None)));
            }
        }
        doubled
    }

    fn is_open(&self, record: &Record, field: &str) -> bool {
        record.value(field).is_some_and(|value| match (self.resolved.value(value, &Within { record, outer: None }), value) {
            (Known::Later, _) => true,
            (Known::Nothing, Value::Find(find)) => find.none == Missing::Create,
            _ => false,
        })
    }

    fn each_once<'r>(&self, records: &[(usize, &'r Record)], done: &mut Done) -> Result<Vec<(usize, &'r Record)>, Problems> {
        done.refused.extend(self.doubled(records));
        let left = records.iter().filter(|(at, _)| !done.refused.iter().any(|(refused, _)| refused == at)).copied().collect();
        if done.refused.is_empty() || self.setup.partial {
            Ok(left)
        } else {
            Err(done.refused.drain(..).map(|(_, problem)| problem).collect())
        }
    }

    async fn upsert<'r>(
        &self,
        records: &[(usize, &'r Record)],
        done: &mut Done,
    ) -> Result<Vec<(usize, &'r Record, i64, Change)>, Problems> {
        let existing = self.existing(records).await?;
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for (at, record) in records {
            match existing.get(&self.identity(record)) {
                Some(current) => known.push((*at, *record, current)),
                None => new.push((*at, *record)),
            }
        }
        let mut ids: Vec<(usize, &Record, i64, Change)> = Vec::with_capacity(records.len());
        if self.step.write == Write::Update && !self.step.scope.is_empty() {
            // A try of this run that was cut off may have brought a record out of the scope itself.
            let intent = format!("updating {} {}", self.step.model, self.mark);
            let begun = self.setup.memory.intend(&intent).await.map_err(|problem| vec![problem])?;
            let beyond = if new.is_empty() { HashMap::new() } else { self.found(&new, false).await? };
            for (at, record) in std::mem::take(&mut new) {
                match beyond.get(&self.identity(record)) {
                    Some(current) if begun => ids.push((at, record, id_of(current), Change::Unchanged)),
                    Some(current) => done.refused.push((at, self.out_of_scope(record, current))),
                    None => new.push((at, record)),
                }
            }
            if !done.refused.is_empty() && !self.setup.partial {
                return Err(done.refused.drain(..).map(|(_, problem)| problem).collect());
            }
        }
        if self.step.write == Write::Update && !new.is_empty() {
            for (at, record) in new.drain(..) {
                done.refused.push((at, self.not_there(record)));
            }
            if !self.setup.partial {
                return Err(done.refused.drain(..).map(|(_, problem)| problem).collect());
            }
        }
        let written = self.written(&known).await?;
        let changed = self.update(&known, &written, done).await?;
        let made = self.create(&new, done).await?;
        for (at, record, current) in known {
            let id = id_of(current);
            if !done.refused.iter().any(|(refused, _)| *refused == at) {
                ids.push((at, record, id, if changed.contains(&id) { Change::Updated } else { Change::Unchanged }));
            }
        }
        ids.extend(made.into_iter().map(|(at, record, id)| (at, record, id, Change::Created)));
        ids.sort_by_key(|(at, ..)| *at);
        Ok(ids)
    }

    fn out_of_scope(&self, record: &Record, current: &Current) -> Problem {
        let name = current.get("display_name").and_then(Json::as_str).unwrap_or_default();
        let scope: Vec<String> = self.step.scope.iter().map(ToString::to_string).collect();
        let what = crate::odoo::resolve::noun(&self.step.model);
        let text = format!("the {what} `{}` is there and may not be changed any more", crate::model::problem::cut(name));
        let problem = Problem::new(codes::LOOKUP_NONE, text).hint(format!("the mapping changes only those with {}", scope.join(" and ")));
        placed(problem, record, self.step.identity.last().map(String::as_str))
    }

    fn not_there(&self, record: &Record) -> Problem {
        let keys = self.step.identity.iter().map(|field| {
            let shown = match record.value(field) {
                Some(Value::Literal(value)) => value.as_str().map_or_else(|| value.to_string(), str::to_string),
                Some(Value::Find(find)) => {
                    find.by.iter().map(|(_, value)| value.as_str().unwrap_or_default()).collect::<Vec<_>>().join("/")
                }
                _ => String::new(),
            };
            format!("{field} `{}`", crate::model::problem::cut(&shown))
        });
        let code = if self.step.none == Missing::Hold { codes::LOOKUP_HELD } else { codes::LOOKUP_NONE };
        let text = format!("no {} with {}", crate::odoo::resolve::noun(&self.step.model), keys.collect::<Vec<_>>().join(" and "));
        let problem = Problem::new(code, text).hint("the document changes what is not there; look whether the one before it came in");
        placed(problem, record, self.step.identity.last().map(String::as_str))
    }

    /// Records that Odoo has already, by identity, with the values the plan speaks of. One search for all.
    pub(super) async fn existing(&self, records: &[(usize, &Record)]) -> Result<HashMap<String, Current>, Problems> {
        self.found(records, true).await
    }

    /// The same; out of the step's scope too where `scoped` is not.
    async fn found(&self, records: &[(usize, &Record)], scoped: bool) -> Result<HashMap<String, Current>, Problems> {
        if records.is_empty() {
            return Ok(HashMap::new());
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
            return self.by_external(module, records, &fields).await;
        }
        let mut domain = Vec::new();
        for field in &step.identity {
            let mut values: Vec<Json> = records.iter().filter_map(|(_, record)| self.scalar(record, field)).collect();
            values.sort_by_key(ToString::to_string);
            values.dedup();
            domain.push(json!([field, "in", values]));
        }
        if scoped {
            domain.extend(step.scope.iter().cloned());
        }
        let found = self.odoo.search_read(model, Json::from(domain), &fields, true).await;
        let found = found.map_err(|fault| vec![fault.problem(&format!("looking for {model}"))])?;
        let mut existing: HashMap<String, Current> = HashMap::new();
        let mut problems = Vec::new();
        for record in found {
            let key = step.identity.iter().map(|field| shown(record.get(field).unwrap_or(&Json::Null))).collect::<Vec<_>>().join("\u{1f}");
            // Stock of several lots stands in several quants; the model sorts that out by itself.
            if step.write != Write::Create
                && let Some(first) = existing.get(&key)
                && let Some((_, planned)) = records.iter().find(|(_, planned)| self.identity(planned) == key)
            {
                let message =
                    format!("two records of {model} fit ({}: ids {} and {})", step.identity.join(", "), id_of(first), id_of(&record));
                problems.push(placed(Problem::new(codes::LOOKUP_MANY, message), planned, step.identity.last().map(String::as_str)));
            }
            existing.entry(key).or_insert(record);
        }
        if problems.is_empty() { Ok(existing) } else { Err(problems) }
    }

    async fn by_external(&self, module: &str, records: &[(usize, &Record)], fields: &[&str]) -> Result<HashMap<String, Current>, Problems> {
        let model = &self.step.model;
        let names: Vec<&String> = records.iter().filter_map(|(_, record)| record.external.as_ref()).collect();
        let domain = json!([["module", "=", module], ["model", "=", model], ["name", "in", names]]);
        let doing = format!("looking for {model} by external id");
        let known = self.odoo.search_read("ir.model.data", domain, &["name", "res_id"], false).await;
        let known = known.map_err(|fault| vec![fault.problem(&doing)])?;
        let by_id: HashMap<i64, String> =
            known.iter().filter_map(|row| Some((row.get("res_id")?.as_i64()?, row.get("name")?.as_str()?.to_string()))).collect();
        let ids: Vec<i64> = by_id.keys().copied().collect();
        let read = self.odoo.read(model, &ids, fields).await.map_err(|fault| vec![fault.problem(&doing)])?;
        Ok(read.into_iter().filter_map(|record| Some((by_id.get(&id_of(&record))?.clone(), record))).collect())
    }

    pub(super) fn identity(&self, record: &Record) -> String {
        if let Some(external) = &record.external {
            return external.clone();
        }
        let value = |field: &String| self.scalar(record, field).map(|value| shown(&value)).unwrap_or_default();
        self.step.identity.iter().map(value).collect::<Vec<_>>().join("\u{1f}")
    }

    /// A planned value as Odoo takes it; `None` for lines, and where the field stays as it is.
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
                Value::Lines(lines) => {
                    lines.records.iter().map(|line| json!([0, 0, self.values(&Within { record: line, outer: Some(within) })])).collect()
                }
                value => match (self.resolved.value(value, within), value) {
                    (Known::Value(ids), Value::Set(_)) => json!([[6, 0, ids]]),
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
        self.setup.memory.written(&self.step.model, &ids).await.map_err(|problem| vec![problem])
    }

    /// Reads what the records are now: their names for the journal, their values for the next time.
    async fn read_back(&self, ids: Vec<(usize, &Record, i64, Change)>, done: &mut Done) -> Result<(), Problems> {
        let model = &self.step.model;
        let mut fields: Vec<&str> = vec!["display_name"];
        if self.step.write != Write::Create {
            for field in ids.iter().flat_map(|(_, record, ..)| &record.fields).filter(|field| !field.create_only) {
                if !fields.contains(&field.name.as_str()) {
                    fields.push(&field.name);
                }
            }
        }
        let all: Vec<i64> = ids.iter().map(|(_, _, id, _)| *id).collect();
        let read = self.odoo.read(model, &all, &fields).await;
        let read = read.map_err(|fault| vec![fault.problem(&format!("reading {model} back"))])?;
        let by_id: HashMap<i64, &Current> = read.iter().map(|record| (id_of(record), record)).collect();
        let lines = self.lines_now(&ids, &by_id).await.map_err(|problem| vec![problem])?;
        for (at, record, id, change) in ids {
            let now = by_id.get(&id);
            let name = now.and_then(|now| now.get("display_name")).and_then(Json::as_str).unwrap_or_default().to_string();
            let mut written = match now {
                Some(now) if self.step.write != Write::Create => self.remembered(record, now, &lines),
                _ => Written::new(),
            };
            for (path, entry) in done.kept.remove(&id).unwrap_or_default() {
                restore(&mut written, &path, entry);
            }
            done.records.push((at, Touched { model: model.clone(), id, name, change, written }));
        }
        Ok(())
    }

    /// What would become of the records.
    pub(super) async fn foresee(&self, records: &[(usize, &Record)]) -> Result<Vec<(usize, Foreseen)>, Problems> {
        let existing = if self.step.write == Write::Create { HashMap::new() } else { self.existing(records).await? };
        let known: Vec<(usize, &Record, &Current)> =
            records.iter().filter_map(|(at, record)| Some((*at, *record, existing.get(&self.identity(record))?))).collect();
        let written = self.written(&known).await?;
        let changes = Changes::of(self, &known, &written).await.map_err(|problem| vec![problem])?;
        let mut all = Vec::new();
        for (at, record) in records {
            let current = existing.get(&self.identity(record));
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

    /// Calls a method that is none of a mapping's own.
    pub(super) async fn plain_call(&self, call: Call, doing: &str) -> Result<Json, Problem> {
        self.odoo.call(call).await.map_err(|fault| fault.problem(doing))
    }
}

/// Puts a remembered entry back to where it was.
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

/// A value in an identity: a many2one counts by its id.
pub(super) fn shown(value: &Json) -> String {
    match value {
        Json::Array(pair) => pair.first().map(ToString::to_string).unwrap_or_default(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Json::Bool(false) | Json::Null => String::new(),
        other => other.to_string(),
    }
}
