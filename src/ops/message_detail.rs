//! Everything about one message, as data: where it came from, what became of it, who did what to it.

use serde::Serialize;
use serde_json::Value as Json;

use super::source_snippet::Lines;
use crate::{
    config::OdooConfig,
    journal::{AnswerRow, Attempt, AuditRow, Event, Filter, LedgerRow, RecordRow, SearchTerm},
    model::{Intent, Message, Problem},
    pipeline::{Engine, plan_store},
};

/// A message's whole life.
#[derive(Debug, Serialize)]
pub struct MessageDetail {
    /// The message.
    pub message: Message,
    /// Whom it came from or goes to, where the flow is still there.
    pub partner: Option<String>,
    /// What the ledger said when its file was seen.
    pub arrival: Option<LedgerRow>,
    /// Business numbers and names that it is found by.
    pub numbers: Vec<SearchTerm>,
    /// The partner's answer to it, where it is to have one.
    pub answer: Option<AnswerRow>,
    /// Its steps.
    pub events: Vec<Event>,
    /// Its tries.
    pub attempts: Vec<Attempt>,
    /// Odoo's records, each with its page there.
    pub records: Vec<RecordLink>,
    /// What it was made of.
    pub parent: Option<Message>,
    /// What was made of it.
    pub children: Vec<Message>,
    /// What people did to it.
    pub audit: Vec<AuditRow>,
    /// What it was about to do outside, and what became of it.
    pub intents: Vec<Intent>,
}

/// A record of Odoo's with its page there.
#[derive(Debug, Serialize)]
pub struct RecordLink {
    /// The record.
    #[serde(flatten)]
    pub record: RecordRow,
    /// Its page.
    pub url: String,
}

/// Copies and documents listed of one message.
const CHILDREN: u32 = 200;
/// Deeds listed of one message.
const AUDIT_ENTRIES: u32 = 200;

/// The life of a message.
///
/// # Errors
/// The journal cannot be read.
pub async fn load(engine: &Engine, message: Message) -> Result<MessageDetail, Problem> {
    let journal = engine.journal();
    let flow = engine.workspace().flows.get(&message.flow);
    let url = |record: &RecordRow| {
        // One that is no longer in the workspace has no address.
        let odoo = engine.workspace().odoo(&record.odoo).map(OdooConfig::url).unwrap_or_default();
        format!("{}/odoo/{}/{}", odoo.trim_end_matches('/'), record.model, record.id)
    };
    let records = journal.records(message.id).await?.into_iter().map(|record| RecordLink { url: url(&record), record }).collect();
    let parent = match message.parent {
        Some(parent) => journal.find(&parent.to_string()).await.ok(),
        None => None,
    };
    let children = journal.list(&Filter { parent: Some(message.id), answers: true, limit: CHILDREN, ..Filter::default() }).await?;
    Ok(MessageDetail {
        partner: flow.map(|flow| flow.partner.clone()),
        arrival: journal.arrival(message.id).await?,
        numbers: journal.terms(message.id).await?,
        answer: journal.answer(message.id).await?,
        events: journal.events(message.id).await?,
        attempts: journal.attempts(message.id).await?,
        records,
        parent,
        children,
        audit: journal.audit_entries(Some(message.id), AUDIT_ENTRIES).await?,
        intents: journal.intents(&message).await?,
        message,
    })
}

impl MessageDetail {
    /// What only a look outside, or a person, can tell of its present run.
    pub fn undecided(&self) -> Vec<&Intent> {
        self.intents.iter().filter(|intent| intent.run == self.message.run && intent.needs_a_person()).collect()
    }

    /// What was wrong at the last try.
    pub fn problems(&self) -> &[Problem] {
        self.attempts.last().map(|attempt| attempt.problems.as_slice()).unwrap_or_default()
    }
}

/// What the message was planned to do when it was done last, as data; none where it was not kept.
pub async fn plan(engine: &Engine, message: &Message) -> Option<Json> {
    plan_store::load(engine.storage(), message).await
}

/// The lines of the original that problems are in.
pub async fn original_lines(engine: &Engine, message: &Message, problems: &[Problem]) -> Lines {
    let ours: Vec<Problem> =
        problems.iter().filter(|problem| problem.place.file.as_ref().is_none_or(|file| *file == message.name)).cloned().collect();
    match engine.storage().place(message).await {
        Ok(path) => tokio::task::block_in_place(|| Lines::of(&path, &ours)),
        Err(_) => Lines::default(),
    }
}
