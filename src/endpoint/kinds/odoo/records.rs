//! Odoo records to send.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::{
    due::{Due, due},
    note::note,
};
use crate::{
    config::{Flow, RecordsSource, RenderRecords},
    endpoint::{
        circuit_breaker::Breaker,
        history::History,
        site::Site,
        source::{Candidate, Fetched, ItemOrigin, Polled, Readiness, Resting, Settled, Settlement, Source},
    },
    journal::{NewMessage, RecordRow},
    mapping::Template,
    model::{BoxFuture, Code, Message, Problem, Stage, codes::Scope, i18n::say, problem::shown},
    odoo::read::read_tree,
};

/// Records of one model, for one flow.
pub(super) struct Records<'f> {
    pub(super) site: &'f Site,
    pub(super) flow: &'f Flow,
    pub(super) of: &'f RecordsSource,
    pub(super) render: &'f RenderRecords,
}

impl Source for Records<'_> {
    fn lease(&self) -> Option<String> {
        // The claims in the journal ensure that no record is sent twice.
        None
    }

    fn can_wait(&self) -> bool {
        true
    }

    fn settles_late(&self) -> bool {
        self.of.note.is_some()
    }

    fn poll<'a>(&'a self, known: &'a History) -> BoxFuture<'a, Result<Polled, Problem>> {
        Box::pin(async move {
            let Due { ids, cursor, findings } = due(self.site, self.flow, self.of).await?;
            let together = if known.one_record_each { 1 } else { self.of.per_file };
            let candidates = ids.chunks(together).map(|ids| Candidate { origin: self.origin(ids), readiness: Readiness::Ready }).collect();
            Ok(Polled { candidates, findings, cursor, ..Polled::default() })
        })
    }

    fn fetch<'a>(&'a self, batch: Vec<ItemOrigin>) -> BoxFuture<'a, Result<Vec<Result<Fetched, Problem>>, Problem>> {
        Box::pin(self.read_batch(batch))
    }

    fn accept<'a>(&'a self, _: &'a [Message]) -> BoxFuture<'a, Result<(), Problem>> {
        // Only the journal knows that a record was claimed.
        Box::pin(async { Ok(()) })
    }

    fn settle<'a>(&'a self, resting: &'a [Resting<'a>]) -> BoxFuture<'a, Result<Vec<Settled>, Problem>> {
        Box::pin(async move {
            let mut settled = Vec::with_capacity(resting.len());
            // An Odoo that is down is not asked for every note, but another Odoo is.
            let mut breakers: HashMap<&str, Breaker> = HashMap::new();
            for one in resting {
                let breaker = breakers.entry(&one.message.odoo).or_insert_with(|| Breaker::beyond(Scope::Flow));
                settled.push(match (&self.of.note, &one.outcome) {
                    (Some(text), Settlement::Done) => breaker.call(self.note(text, one.message)).await,
                    _ => Ok(Vec::new()),
                });
            }
            Ok(settled)
        })
    }

    fn unsettled(&self, message: &Message, cause: Problem, others: usize) -> Problem {
        let more = if others == 0 { String::new() } else { format!(", nor about {others} more") };
        let sentence = format!("the note in Odoo about `{}` could not be written{more}: {}", shown(&message.name), cause.message);
        Problem::new(cause.code, sentence).maybe_hint(cause.hint)
    }

    fn read_again<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Vec<Json>, Problem>> {
        Box::pin(async move {
            let (model, ids) = self.claimed(message).await?;
            let odoo = self.site.odoo(&message.odoo).await?;
            let catalog = self.site.workspace().catalog(&message.odoo);
            let records = read_tree(&odoo, catalog, &model, &ids, &self.of.fields).await?;
            if records.len() < ids.len() {
                let text = say!("records-gone", gone = ids.len() - records.len(), all = ids.len(), model = &*model);
                return Err(Problem::new(Code::LookupNone, text));
            }
            Ok(records)
        })
    }
}

fn id(record: &Json) -> i64 {
    record.get("id").and_then(Json::as_i64).unwrap_or_default()
}

impl Records<'_> {
    async fn note(&self, text: &Template, message: &Message) -> Result<Vec<RecordRow>, Problem> {
        let claimed = self.claimed(message).await?;
        note((self.site, self.flow, self.render), text, message, claimed).await
    }

    fn origin(&self, ids: &[i64]) -> ItemOrigin {
        let claims: Vec<String> = ids.iter().map(|id| format!("{},{id}", self.of.model)).collect();
        ItemOrigin { key: claims.first().cloned().unwrap_or_default(), claims, ..ItemOrigin::default() }
    }

    /// The records a message sends: model and ids.
    pub(super) async fn claimed(&self, message: &Message) -> Result<(String, Vec<i64>), Problem> {
        let mut claims = self.site.journal().claims(message.id).await?;
        claims.sort_unstable_by_key(|(_, id)| *id);
        let model = claims.first().map(|(model, _)| model.clone());
        let ids = claims.into_iter().map(|(_, id)| id).collect();
        model
            .map(|model| (model, ids))
            .ok_or_else(|| Problem::new(Code::OriginalLost, format!("message {} has no record to send", message.id.short())))
    }

    async fn read(&self, ids: &[i64]) -> Result<Vec<Json>, Problem> {
        let odoo = self.site.odoo(&self.flow.odoo).await?;
        read_tree(&odoo, self.site.workspace().catalog(&self.flow.odoo), &self.of.model, ids, &self.of.fields).await
    }

    /// All records of a batch in as many calls as the tree has relations.
    async fn read_batch(&self, batch: Vec<ItemOrigin>) -> Result<Vec<Result<Fetched, Problem>>, Problem> {
        let of =
            |origin: &ItemOrigin| -> Vec<i64> { origin.claims.iter().filter_map(|claim| claim.split_once(',')?.1.parse().ok()).collect() };
        let ids: Vec<i64> = batch.iter().flat_map(of).collect();
        let (records, failed) = match self.read(&ids).await {
            Ok(records) => (records, HashMap::new()),
            // A temporary problem, or a mistake that affects every record.
            Err(problem) if problem.is_temporary() || problem.code == Code::OdooUnknown => return Err(problem),
            Err(problem) => self.one_by_one(&ids, problem).await?,
        };
        let mut records: HashMap<i64, Json> = records.into_iter().map(|record| (id(&record), record)).collect();
        let mut fetched = Vec::with_capacity(batch.len());
        for origin in batch {
            let (mut refused, mut read, mut claims) = (Vec::new(), Vec::new(), Vec::new());
            for (id, claim) in of(&origin).into_iter().zip(&origin.claims) {
                match (records.remove(&id), failed.get(&id)) {
                    (Some(record), _) => {
                        claims.push(claim.clone());
                        read.push(record);
                    }
                    (None, Some(problem)) => refused.push((id, problem)),
                    // Deleted meanwhile: there is nothing to send.
                    (None, None) => {}
                }
            }
            for (id, problem) in refused {
                let named = [json!({ "id": id, "name": format!("{} {id}", self.of.model) })];
                let mut one = self.fetched(self.origin(&[id]), &named);
                one.message.rest = Some((Stage::Failed, Problem::clone(problem)));
                fetched.push(Ok(one));
            }
            if !read.is_empty() {
                let mut one = self.fetched(ItemOrigin { claims, ..origin }, &read);
                one.records = read;
                fetched.push(Ok(one));
            }
        }
        Ok(fetched)
    }

    /// Reads the records one by one after a read of all failed: those that can be read, and why the others cannot. If none can be read,
    /// this returns the one problem.
    async fn one_by_one(&self, ids: &[i64], first: Problem) -> Result<(Vec<Json>, HashMap<i64, Problem>), Problem> {
        let (mut records, mut failed) = (Vec::new(), HashMap::new());
        for id in ids {
            match self.read(&[*id]).await {
                Ok(read) => records.extend(read),
                Err(problem) => {
                    failed.insert(*id, problem);
                }
            }
        }
        if records.is_empty() { Err(first) } else { Ok((records, failed)) }
    }

    fn fetched(&self, origin: ItemOrigin, records: &[Json]) -> Fetched {
        let message = NewMessage {
            name: records.first().and_then(|record| record.get("name")).and_then(Json::as_str).unwrap_or("record").to_string(),
            claims: origin.claims.clone(),
            numbers: numbers(self.of, records),
            ..NewMessage::of(&self.flow.id, self.flow.direction(), &self.flow.odoo)
        };
        Fetched { origin, message, records: Vec::new(), unclaimed: None, incomplete: None }
    }
}

/// The references of a message: the names of its records, and the fields that the flow names.
fn numbers(of: &RecordsSource, records: &[Json]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for record in records {
        if let Some(name) = record.get("name").and_then(Json::as_str) {
            found.push(("record".to_string(), name.to_string()));
        }
        for (kind, path) in &of.numbers {
            let at = path.split('.').fold(vec![record], |at, step| {
                at.into_iter()
                    .flat_map(|value| match value {
                        Json::Array(many) => many.iter().collect(),
                        one => vec![one],
                    })
                    .filter_map(|value| value.get(step))
                    .collect()
            });
            found.extend(at.into_iter().filter_map(written).map(|value| (kind.clone(), value)));
        }
    }
    found
}

/// A reference as people write it; amounts of Odoo are numbers, with two decimals or more.
fn written(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => {
            let text = number.to_string();
            let decimals = text.split_once('.').map(|(_, decimals)| decimals.len());
            Some(if decimals == Some(1) { format!("{text}0") } else { text })
        }
        _ => None,
    }
}
