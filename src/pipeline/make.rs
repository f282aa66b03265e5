//! Documents that we make: from records, or as acknowledgements of partners' documents.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::{
    Engine, Run,
    render::{self, RenderContext, RenderedDocument, document},
};
use crate::{
    config::{Flow, OnRecordChange, Outbound, answers::SentAck},
    endpoint::{DocumentTarget, odoo::digest_of, reported},
    failpoints::checkpoint,
    journal::{AuditEntry, NewMessage, Rendered},
    model::{
        Code, Direction, Message, Problem, Problems, Stage,
        codes::{Reaction, Who},
        problem::shown,
    },
    storage::{digest, safe_name},
};

/// How the document of a message is made.
pub(super) enum Maker<'f> {
    /// It exists: the bytes are passed on unchanged.
    Nothing,
    /// From records: the given ones, if this run has read them already.
    Records(Outbound<'f>, Option<Vec<Json>>),
    /// As an acknowledgement of a partner's document.
    Answer(&'f SentAck),
}

/// Renders a document of records and validates it.
pub(super) async fn of_records(
    run: &Run<'_>,
    outbound: Outbound<'_>,
    read: Option<Vec<Json>>,
    target: &dyn DocumentTarget,
    message: &mut Message,
) -> Result<(), Problems> {
    let (engine, flow) = (run.engine, run.flow);
    let records = match read {
        Some(records) => records,
        None => run.source.read_again(message).await?,
    };
    if let Some(first) = outbound.render.sequence {
        engine.journal().number(message, first).await?;
    }
    let digests = match outbound.records.changed {
        OnRecordChange::Ignore => Vec::new(),
        _ => records.iter().map(|record| (format!("{},{}", outbound.records.model, record["id"]), digest_of(record))).collect(),
    };
    // The version of its records: 1 for the first.
    let version = match outbound.records.changed {
        OnRecordChange::Resend => engine.journal().sendings(message).await? + 1,
        _ => 1,
    };
    let made = document(engine.workspace(), flow, outbound, records, &RenderContext::of(message, version))?;
    store(run, target, message, made, digests, Some(&flow.schema)).await
}

/// Spools a rendered document and validates it.
async fn store(
    run: &Run<'_>,
    target: &dyn DocumentTarget,
    message: &mut Message,
    made: RenderedDocument,
    digests: Vec<(String, String)>,
    schema: Option<&str>,
) -> Result<(), Problems> {
    let (engine, RenderedDocument { name, text }) = (run.engine, made);
    let bytes = text.into_bytes();
    let (size, sha256) = (bytes.len() as u64, digest(&bytes));
    let stored = engine.storage().spool(message.id, bytes.clone()).await?;
    engine.storage().forget(message).await?;
    let rendered = Rendered { path: target.place_for(&name), name, size, sha256, stored, digests };
    engine.journal().rendered(message, rendered).await?;
    checkpoint("rendered").await;
    if let Some(schema) = schema {
        let schema = run.schemas.get(schema)?;
        tokio::task::block_in_place(|| render::check(schema, &message.name, bytes))?;
    }
    Ok(engine.journal().planned(message, &[], None, engine.clock().now()).await?)
}

/// The acknowledgement of a message at rest, if its flow sends one. Edited copies get none. In a zip each document gets one; a refused zip
/// gets one acknowledgement.
pub(super) fn owed(flow: &Flow, message: &Message, is_zip: bool) -> Option<NewMessage> {
    let answer = flow.answer.as_ref()?;
    let wanted = match message.stage {
        Stage::Done => answer.done && !is_zip,
        Stage::Failed => answer.failed,
        _ => false,
    };
    let parent = (wanted && !message.edited && message.answers.is_none()).then_some(message.id);
    parent.map(|parent| NewMessage {
        name: format!("answer to {}", message.name),
        parent: Some(parent),
        answers: Some(message.attempts),
        ..NewMessage::of(&flow.id, Direction::Out, &message.odoo)
    })
}

/// The document that an acknowledgement refers to, with the outcome it reports; `None` if the outcome has changed, or the document is
/// deleted.
pub(super) async fn answered(engine: &Engine, answer: &Message) -> Result<Option<Message>, Problem> {
    let Some(parent) = answer.parent else { return Ok(None) };
    match engine.journal().find(&parent.to_string()).await {
        Ok(parent) => {
            Ok(Some(parent).filter(|parent| Some(parent.attempts) == answer.answers && matches!(parent.stage, Stage::Done | Stage::Failed)))
        }
        Err(problem) if problem.code == Code::MessageUnknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Ends an outdated acknowledgement: its document has a new outcome, or a later acknowledgement has its name.
pub(super) async fn superseded(engine: &Engine, answer: &mut Message) -> Result<(), Problem> {
    let reason = Some("its document has another outcome now, or a later acknowledgement has its name".to_string());
    let entry = AuditEntry { reason, ..AuditEntry::new("consign", "discard") };
    engine.journal().discard(answer, &entry, engine.clock().now()).await.map(|_| ())
}

/// Renders an acknowledgement and validates it.
pub(super) async fn answer(
    run: &Run<'_>,
    answer: &SentAck,
    about: &Message,
    target: &dyn DocumentTarget,
    message: &mut Message,
) -> Result<(), Problems> {
    let problems = match about.stage {
        Stage::Failed => run.engine.journal().last_problems(about.id).await?,
        _ => Vec::new(),
    };
    let made = answer_document(run, answer, about, &problems).await?;
    store(run, target, message, made, Vec::new(), answer.schema.as_deref()).await
}

/// Why an acknowledgement could not be made or sent, for ops. We must fix it; it never fails for good.
pub(super) fn ungiven(about: &Message, found: Problems) -> Problems {
    if found.lead().code.reaction() != Reaction::Fail || found.lead().code == Code::MessageMoved {
        return found;
    }
    // The sentence after "it does not match its schema" says what is wrong.
    let first = found.get(usize::from(found.lead().code == Code::OutInvalid)).unwrap_or(found.lead()).clone();
    let text = format!("`{}` (message {}) could not be acknowledged: {}", shown(&about.name), about.id.short(), first.message);
    Problem::new(Code::AnswerUngiven, text).at(first.place).maybe_hint(first.hint).into()
}

async fn answer_document(run: &Run<'_>, answer: &SentAck, about: &Message, problems: &[Problem]) -> Result<RenderedDocument, Problem> {
    let (engine, flow) = (run.engine, run.flow);
    let mut numbers: Map<String, Json> = Map::new();
    for term in engine.journal().terms(about.id).await?.into_iter().filter(|term| term.kind != "record") {
        numbers.entry(term.kind).or_insert(json!(term.value));
    }
    let partner = engine.workspace().partners.get(&flow.partner);
    let language = partner.map(|partner| partner.language).unwrap_or_default();
    let reported = |problem: &Problem| {
        let (theirs, sentence) = (problem.who == Who::Partner, reported(problem, language));
        json!({"code": problem.code.as_str(), "sentence": sentence, "line": problem.place.line, "path": problem.place.path, "theirs": theirs})
    };
    let stem = about.name.rsplit_once('.').map_or(about.name.as_str(), |(stem, _)| stem);
    let time = |at: DateTime<Utc>| json!(at.format("%Y-%m-%d %H:%M:%S").to_string());
    let mut values = answer.values.clone();
    let known = [
        ("accepted", json!(about.stage == Stage::Done)),
        ("file", json!(about.name)),
        ("stem", json!(stem)),
        ("message", json!(about.id.short())),
        ("now", time(about.updated)),
        ("received", time(about.received)),
        ("numbers", Json::Object(numbers)),
        (
            "partner",
            json!({"id": flow.partner, "name": partner.map(|partner| &partner.name), "gln": partner.and_then(|partner| partner.gln.as_ref())}),
        ),
        ("problems", problems.iter().map(reported).collect()),
    ];
    values.extend(known.map(|(name, value)| (name.to_string(), value)));
    let values = Json::Object(values);
    let name = safe_name(answer.name.render(&values)?.trim());
    let text = match &answer.template {
        Some(template) => template.render(&values)?,
        None => String::new(),
    };
    Ok(RenderedDocument { name, text })
}
