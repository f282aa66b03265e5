//! A plan carried out: references looked up, records found again by their identity, created or updated where they differ, actions
//! taken and read back. Whatever was done before, by an earlier try that was cut off at any point, is found and not done twice.

mod lines;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::{
    Call, Fault, FaultKind, Odoo, actions,
    client::id_of,
    compare::same,
    resolve::{Resolved, resolve},
};
use crate::model::{
    Plan, Problem, Problems, codes,
    plan::{Record, Value, Write},
};

/// Records in one call that writes.
const CHUNK: usize = 1000;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there and differed.
    Updated,
    /// It was there and is as planned.
    Unchanged,
}

impl Change {
    /// The word stored in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A record of Odoo that a plan dealt with.
#[derive(Debug, Clone, Serialize)]
pub struct Touched {
    /// Model.
    pub model: String,
    /// Database id.
    pub id: i64,
    /// Name as Odoo shows it.
    pub name: String,
    /// What became of it.
    pub change: Change,
}

/// What a plan did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// The records, in the order of the document.
    pub records: Vec<Touched>,
}

/// Carries a plan out. `mark` names this run of this message; actions leave it in Odoo where they can.
///
/// # Errors
/// All references that lead nowhere, before anything is written; or the problem that stopped the work. What was done until then
/// stays and is found again by the next try.
pub async fn execute(odoo: &Odoo, plan: &Plan, mark: &str) -> Result<Outcome, Problems> {
    let resolved = resolve(odoo, &plan.finds()).await?;
    let mut ids: Vec<(i64, Change)> = Vec::with_capacity(plan.records.len());
    for (number, records) in plan.records.chunks(CHUNK).enumerate() {
        let work = Work { odoo, plan, resolved: &resolved, mark: format!("{mark}/{number}") };
        ids.extend(work.chunk(records).await?);
    }
    named(odoo, plan, ids).await.map_err(|problem| vec![problem])
}

/// A record's id and the values that differ.
type Update = (i64, Map<String, Json>);

/// Ids of the records that a plan would find again, without writing anything.
///
/// # Errors
/// As [`execute`], before it writes.
pub async fn known(odoo: &Odoo, plan: &Plan) -> Result<Vec<i64>, Problems> {
    if plan.identity.is_empty() {
        return Ok(Vec::new());
    }
    let resolved = resolve(odoo, &plan.finds()).await?;
    let work = Work { odoo, plan, resolved: &resolved, mark: String::new() };
    let mut ids = Vec::new();
    for records in plan.records.chunks(CHUNK) {
        ids.extend(work.existing(records).await?.values().map(id_of));
    }
    Ok(ids)
}

/// One chunk of a plan.
struct Work<'p> {
    odoo: &'p Odoo,
    plan: &'p Plan,
    resolved: &'p Resolved,
    mark: String,
}

impl Work<'_> {
    /// Two entries that name one record by different keys, found out only once the references are looked up.
    fn twice(&self, records: &[Record]) -> Problems {
        let mut seen: HashMap<String, Option<u32>> = HashMap::new();
        let mut problems = Vec::new();
        for record in records.iter().filter(|_| !self.plan.identity.is_empty()) {
            if let Some(first) = seen.insert(self.identity(record), record.origin.place.line) {
                let message = format!("the same record twice in one file; the first is on line {}", first.unwrap_or_default());
                problems.push(
                    Problem::new(codes::IDENTITY_TWICE, message).at(record.origin.place.clone()).mapped_by(record.origin.mapping.clone()),
                );
            }
        }
        problems
    }

    async fn chunk(&self, records: &[Record]) -> Result<Vec<(i64, Change)>, Problems> {
        let twice = self.twice(records);
        if !twice.is_empty() {
            return Err(twice);
        }
        let ids = match self.plan.write {
            Write::Upsert => self.upsert(records).await?,
            Write::Create => match self.marked().await? {
                true => return Ok(Vec::new()),
                false => {
                    self.create(records, &records.iter().collect::<Vec<_>>()).await?.into_iter().map(|id| (id, Change::Created)).collect()
                }
            },
        };
        let all: Vec<i64> = ids.iter().map(|(id, _)| *id).collect();
        for method in &self.plan.then {
            self.act(method, &all).await.map_err(|problem| vec![self.placed(problem, records)])?;
        }
        Ok(ids)
    }

    async fn upsert(&self, records: &[Record]) -> Result<Vec<(i64, Change)>, Problems> {
        let existing = self.existing(records).await?;
        let current: Vec<Option<&Map<String, Json>>> = records.iter().map(|record| existing.get(&self.identity(record))).collect();
        let new: Vec<&Record> = records.iter().zip(&current).filter(|(_, current)| current.is_none()).map(|(record, _)| record).collect();
        let known: Vec<(&Record, &Map<String, Json>)> =
            records.iter().zip(&current).filter_map(|(record, current)| current.map(|current| (record, current))).collect();
        let changed = self.update(&known).await.map_err(|problem| vec![self.placed(problem, records)])?;
        let mut created = self.create(records, &new).await?.into_iter();
        let ids = current.iter().filter_map(|current| match current {
            Some(current) => {
                let id = id_of(current);
                Some((id, if changed.contains(&id) { Change::Updated } else { Change::Unchanged }))
            }
            None => created.next().map(|id| (id, Change::Created)),
        });
        Ok(ids.collect())
    }

    /// Records that Odoo has already, by identity, with the values the plan speaks of. One search for all.
    async fn existing(&self, records: &[Record]) -> Result<HashMap<String, Map<String, Json>>, Problems> {
        let identity = &self.plan.identity;
        let mut domain = Vec::new();
        for field in identity {
            let mut values: Vec<Json> = records.iter().filter_map(|record| self.scalar(record.value(field)?)).collect();
            values.sort_by_key(ToString::to_string);
            values.dedup();
            domain.push(json!([field, "in", values]));
        }
        let mut fields: Vec<&str> = identity.iter().map(String::as_str).collect();
        for (name, _) in records.iter().flat_map(|record| &record.values) {
            if !fields.contains(&name.as_str()) {
                fields.push(name);
            }
        }
        let model = &self.plan.model;
        let found = self
            .odoo
            .search_read(model, Json::from(domain), &fields, true)
            .await
            .map_err(|fault| vec![fault.problem(&format!("looking for {model}"))])?;
        let mut existing: HashMap<String, Map<String, Json>> = HashMap::new();
        let mut problems = Vec::new();
        for record in found {
            let key = identity.iter().map(|field| shown(record.get(field).unwrap_or(&Json::Null))).collect::<Vec<_>>().join("\u{1f}");
            // Stock of several lots stands in several quants; the model sorts that out by itself.
            if self.plan.write == Write::Upsert
                && let Some(first) = existing.get(&key)
                && let Some(planned) = records.iter().find(|planned| self.identity(planned) == key)
            {
                let message = format!("two records of {model} fit ({}: ids {} and {})", identity.join(", "), id_of(first), id_of(&record));
                problems.push(
                    Problem::new(codes::LOOKUP_MANY, message).at(planned.origin.place.clone()).mapped_by(planned.origin.mapping.clone()),
                );
            }
            existing.entry(key).or_insert(record);
        }
        if problems.is_empty() { Ok(existing) } else { Err(problems) }
    }

    fn identity(&self, record: &Record) -> String {
        let values = self
            .plan
            .identity
            .iter()
            .map(|field| record.value(field).and_then(|value| self.scalar(value)).map(|value| shown(&value)).unwrap_or_default());
        values.collect::<Vec<_>>().join("\u{1f}")
    }

    /// A planned value as Odoo takes it; `None` for lines.
    fn scalar(&self, value: &Value) -> Option<Json> {
        match value {
            Value::Literal(json) => Some(json.clone()),
            Value::Find(find) => self.resolved.id(find).map(Json::from),
            Value::Lines(_) => None,
        }
    }

    /// All values of a new record, lines as `[0, 0, values]`.
    fn values(&self, record: &Record) -> Json {
        let mut values = Map::new();
        for (name, value) in &record.values {
            let json = match value {
                Value::Lines(lines) => lines.records.iter().map(|line| json!([0, 0, self.values(line)])).collect(),
                other => self.scalar(other).unwrap_or(Json::Bool(false)),
            };
            values.insert(name.clone(), json);
        }
        Json::Object(values)
    }

    async fn create(&self, chunk: &[Record], records: &[&Record]) -> Result<Vec<i64>, Problems> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let values = records.iter().map(|record| self.values(record)).collect();
        let mut context = self.plan.context.clone();
        context.extend(self.mark_context());
        self.odoo.create(&self.plan.model, values, &context).await.map_err(|fault| {
            let problem = fault.problem(&format!("creating {}", self.plan.model));
            vec![match records {
                [one] => problem.at(one.origin.place.clone()).mapped_by(one.origin.mapping.clone()),
                _ => self.placed(problem, chunk),
            }]
        })
    }

    /// Writes what differs and gives the ids that did. Several records without lines go out in one `load`.
    async fn update(&self, known: &[(&Record, &Map<String, Json>)]) -> Result<Vec<i64>, Problem> {
        let line_changes = lines::changes(self, known).await?;
        let mut plain: Vec<Update> = Vec::new();
        let mut changed = Vec::new();
        for (record, current) in known {
            let id = id_of(current);
            let mut values = Map::new();
            for (name, value) in record.values.iter().filter(|(name, _)| !record.create_only.contains(name)) {
                let Some(planned) = self.scalar(value) else { continue };
                if !current.get(name).is_some_and(|current| same(&planned, current)) {
                    values.insert(name.clone(), planned);
                }
            }
            match line_changes.get(&id) {
                Some(commands) => {
                    values.extend(commands.clone());
                    self.write(id, values).await?;
                    changed.push(id);
                }
                None if !values.is_empty() => {
                    plain.push((id, values));
                    changed.push(id);
                }
                None => {}
            }
        }
        // One call for all records in which the same fields change: a field that stands empty in a row of `load` would be emptied.
        let mut alike: BTreeMap<Vec<String>, Vec<Update>> = BTreeMap::new();
        for (id, values) in plain {
            alike.entry(values.keys().cloned().collect()).or_default().push((id, values));
        }
        for (names, group) in alike {
            match group.as_slice() {
                [(id, values)] => self.write(*id, values.clone()).await?,
                _ => self.load(&names, &group, known).await?,
            }
        }
        Ok(changed)
    }

    async fn write(&self, id: i64, values: Map<String, Json>) -> Result<(), Problem> {
        let call = Call::records(&self.plan.model, "write", &[id]).arg("vals", Json::Object(values)).context(&self.plan.context);
        self.odoo.call(call).await.map(|_| ()).map_err(|fault| fault.problem(&format!("updating {}", self.plan.model)))
    }

    /// Odoo's import as the one call that writes different values to many records. It takes texts and converts by field type; times
    /// are read in the context's zone, hence UTC.
    async fn load(&self, names: &[String], group: &[Update], known: &[(&Record, &Map<String, Json>)]) -> Result<(), Problem> {
        let by_id: HashMap<i64, &Record> = known.iter().map(|(record, current)| (id_of(current), *record)).collect();
        let is_reference = |name: &str| known.iter().any(|(record, _)| matches!(record.value(name), Some(Value::Find(_))));
        let mut fields = vec![".id".to_string()];
        fields.extend(names.iter().map(|name| if is_reference(name) { format!("{name}/.id") } else { name.clone() }));
        let row = |(id, values): &Update| -> Vec<String> {
            std::iter::once(id.to_string()).chain(names.iter().map(|name| values.get(name).map(loaded).unwrap_or_default())).collect()
        };
        let rows: Vec<Vec<String>> = group.iter().map(row).collect();
        let mut context = self.plan.context.clone();
        context.insert("tz".into(), json!("UTC"));
        let doing = format!("updating {}", self.plan.model);
        let call = Call::model(&self.plan.model, "load").arg("fields", json!(fields)).arg("data", json!(rows)).context(&context);
        let answer = self.odoo.call(call).await.map_err(|fault| fault.problem(&doing))?;
        if answer.get("ids").is_some_and(Json::is_array) {
            return Ok(());
        }
        let first = answer.pointer("/messages/0").cloned().unwrap_or_default();
        let problem =
            Fault::new(FaultKind::Refused, first.get("message").and_then(Json::as_str).unwrap_or("the import was refused")).problem(&doing);
        let row = first.get("record").and_then(Json::as_u64).and_then(|row| usize::try_from(row).ok());
        Err(match row.and_then(|row| group.get(row)).and_then(|(id, _)| by_id.get(id)) {
            Some(record) => problem.at(record.origin.place.clone()).mapped_by(record.origin.mapping.clone()),
            None => problem,
        })
    }

    fn mark_context(&self) -> Map<String, Json> {
        let marks = self.plan.then.iter().filter_map(|method| actions::known(&self.plan.model, method)?.mark);
        marks.map(|(key, _, _)| (key.to_string(), json!(self.mark))).collect()
    }

    /// Whether an earlier try of this very run left its mark in Odoo: then its effect is complete.
    async fn marked(&self) -> Result<bool, Problems> {
        for method in &self.plan.then {
            let Some((_, model, field)) = actions::known(&self.plan.model, method).and_then(|action| action.mark) else { continue };
            let call = Call::model(model, "search_count").arg("domain", json!([[field, "=", self.mark]]));
            let count = self.odoo.call(call).await.map_err(|fault| vec![fault.problem(&format!("looking for the mark in {model}"))])?;
            if count.as_i64().unwrap_or(0) > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn act(&self, method: &str, ids: &[i64]) -> Result<(), Problem> {
        let model = &self.plan.model;
        let doing = format!("{method} on {model}");
        let action = actions::known(model, method);
        let from = action.map_or(&[][..], |action| action.from);
        let ready: Vec<i64> = if from.is_empty() { ids.to_vec() } else { self.in_state(ids, from, &doing).await? };
        if ready.is_empty() {
            return Ok(());
        }
        let mut context = self.plan.context.clone();
        context.extend(self.mark_context());
        let answer = self.odoo.call(Call::records(model, method, &ready).context(&context)).await.map_err(|fault| fault.problem(&doing))?;
        let Some(action) = action else { return Ok(()) };
        // Instead of doing it, Odoo may answer with a window that asks a person.
        if action.to.is_empty() {
            if let Some(window) = answer.get("res_model").and_then(Json::as_str) {
                return Err(Problem::new(codes::ACTION_STATE, format!("{doing}: Odoo asks a question (`{window}`) instead of doing it")));
            }
            return Ok(());
        }
        let done = self.in_state(&ready, action.to, &doing).await?;
        match ready.iter().find(|id| !done.contains(id)) {
            None => Ok(()),
            Some(id) => {
                Err(Problem::new(codes::ACTION_STATE, format!("{doing}: the record {id} is not {} afterwards", action.to.join(" or "))))
            }
        }
    }

    async fn in_state(&self, ids: &[i64], states: &[&str], doing: &str) -> Result<Vec<i64>, Problem> {
        let records = self.odoo.read(&self.plan.model, ids, &["state"]).await.map_err(|fault| fault.problem(doing))?;
        Ok(records
            .iter()
            .filter(|record| record.get("state").and_then(Json::as_str).is_some_and(|state| states.contains(&state)))
            .map(id_of)
            .collect())
    }

    /// A problem of a chunk, placed at its record where there is only one.
    fn placed(&self, problem: Problem, records: &[Record]) -> Problem {
        match records {
            [one] if problem.place.is_unknown() => problem.at(one.origin.place.clone()).mapped_by(one.origin.mapping.clone()),
            _ => problem,
        }
    }
}

async fn named(odoo: &Odoo, plan: &Plan, ids: Vec<(i64, Change)>) -> Result<Outcome, Problem> {
    let all: Vec<i64> = ids.iter().map(|(id, _)| *id).collect();
    let records =
        odoo.read(&plan.model, &all, &["display_name"]).await.map_err(|fault| fault.problem(&format!("reading {} back", plan.model)))?;
    let names: HashMap<i64, String> = records
        .iter()
        .map(|record| (id_of(record), record.get("display_name").and_then(Json::as_str).unwrap_or_default().to_string()))
        .collect();
    let records = ids.into_iter().map(|(id, change)| Touched {
        model: plan.model.clone(),
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
        change,
    });
    Ok(Outcome { records: records.collect() })
}

/// A value in an identity: a many2one counts by its id.
fn shown(value: &Json) -> String {
    match value {
        Json::Array(pair) => pair.first().map(ToString::to_string).unwrap_or_default(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Json::Bool(false) | Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value as `load` takes it.
fn loaded(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) | Json::Null => String::new(),
        other => other.to_string(),
    }
}
