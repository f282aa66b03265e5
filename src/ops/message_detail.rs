//! Everything about one message, as data: its origin, history, effects and audit entries.

use serde::Serialize;
use serde_json::Value as Json;

use super::source_snippet::Lines;
use crate::{
    config::OdooConfig,
    journal::{AnswerRow, Attempt, AuditRow, Event, Filter, LedgerRow, RecordRow, SearchTerm},
    model::{Intent, Message, Problem},
    pipeline::{Engine, plan_store},
};

/// Everything about a message.
#[derive(Debug, Serialize)]
pub struct MessageDetail {
    /// The message.
    pub message: Message,
    /// The partner, if the flow still exists.
    pub partner: Option<String>,
    /// The ledger's verdict when its file was seen.
    pub arrival: Option<LedgerRow>,
    /// References: business numbers and names by which it is searched.
    pub numbers: Vec<SearchTerm>,
    /// The partner's acknowledgement, if one is expected.
    pub answer: Option<AnswerRow>,
    /// Its history.
    pub events: Vec<Event>,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// Its records in Odoo, each with its URL.
    pub records: Vec<RecordLink>,
    /// The message that it was made from.
    pub parent: Option<Message>,
    /// The messages that were made from it.
    pub children: Vec<Message>,
    /// Its audit entries.
    pub audit: Vec<AuditRow>,
    /// Its effects, with their outcomes.
    pub intents: Vec<Intent>,
}

/// An Odoo record with its URL.
#[derive(Debug, Serialize)]
pub struct RecordLink {
    /// The record.
    #[serde(flatten)]
    pub record: RecordRow,
    /// Its page in Odoo.
    pub url: String,
}

/// Maximum number of copies and documents listed for one message.
const CHILDREN: u32 = 200;
/// Maximum number of audit entries listed for one message.
const AUDIT_ENTRIES: u32 = 200;

/// Loads everything about a message.
///
/// # Errors
/// The journal cannot be read.
pub async fn load(engine: &Engine, message: Message) -> Result<MessageDetail, Problem> {
    let journal = engine.journal();
    let flow = engine.workspace().flows.get(&message.flow);
    let url = |record: &RecordRow| {
        // An Odoo that is no longer in the workspace has no URL.
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
    /// Effects of its current run whose outcome only a check or a person can find out.
    pub fn undecided(&self) -> Vec<&Intent> {
        self.intents.iter().filter(|intent| intent.run == self.message.run && intent.needs_a_person()).collect()
    }

    /// Problems of the last attempt.
    pub fn problems(&self) -> &[Problem] {
        self.attempts.last().map(|attempt| attempt.problems.as_slice()).unwrap_or_default()
    }
}

/// The message's last plan, as data; none if it was not stored.
pub async fn plan(engine: &Engine, message: &Message) -> Option<Json> {
    plan_store::load(engine.storage(), message).await
}

/// The lines of the original that have problems.
pub async fn original_lines(engine: &Engine, message: &Message, problems: &[Problem]) -> Lines {
    let ours: Vec<Problem> =
        problems.iter().filter(|problem| problem.place.file.as_ref().is_none_or(|file| *file == message.name)).cloned().collect();
    match engine.storage().place(message).await {
        Ok(path) => tokio::task::block_in_place(|| Lines::of(&path, &ours)),
        Err(_) => Lines::default(),
    }
}
