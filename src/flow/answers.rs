//! Answers, both ways: what partners say to documents that we sent, in files or in documents of their own; and what we say to theirs.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value as Json, json};

use super::{Engine, Schemas, partner_report, render, unpack};
use crate::{
    config::{Flow, Outbound, answers::Returned},
    journal::Answered,
    model::{
        Code, Message, Problem, Problems, Stage,
        answer::{Answer, Reply},
        codes::Who,
        pattern,
        problem::{cut, shown},
    },
    storage::safe_name,
    transport::{Entry, RemoteFs, join},
};

/// Bytes read of a file that says why.
const REASON: u64 = 64 << 10;
/// Characters kept of it.
const WORDS: usize = 500;

/// By when a document that is sent now is to be answered, where its flow expects that.
pub(super) fn due(engine: &Engine, outbound: Outbound<'_>) -> Option<DateTime<Utc>> {
    let within = TimeDelta::from_std(outbound.files.answer.as_ref()?.within).unwrap_or(TimeDelta::MAX);
    Some(engine.clock.now().checked_add_signed(within).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// Looks on the drop for files that answer what was sent.
pub(super) async fn watch(engine: &Engine, flow: &Flow, outbound: Outbound<'_>) -> Result<(), Problem> {
    let Some(awaited) = outbound.files.answer.as_ref().filter(|awaited| !awaited.accepted.is_empty() || !awaited.refused.is_empty()) else {
        return Ok(());
    };
    let open = engine.journal.awaiting(&flow.id).await?;
    if open.is_empty() {
        return Ok(());
    }
    let drop = engine.drop(&flow.partner).await?;
    let mut folders: HashMap<String, Vec<Entry>> = HashMap::new();
    // A file answers one document: of several of one name the youngest, which come first.
    let mut taken: HashSet<String> = HashSet::new();
    for message in open.iter().filter(|message| matches!(message.stage, Stage::Applied | Stage::Done)) {
        for (folder, wanted, accepts) in awaited.patterns(&message.name) {
            let mut found = None;
            for entry in listed(&*drop, folder, &mut folders).await?.iter().filter(|entry| pattern::fits(&wanted, &entry.name)) {
                let time = entry.modified.map(|time| time.to_rfc3339()).unwrap_or_default();
                let mark = format!("{} {} {time}", join(folder, &entry.name), entry.size);
                if !taken.contains(&mark) && !engine.journal.has_answered(&flow.id, &mark).await? {
                    found = Some((entry.clone(), mark));
                    break;
                }
            }
            let Some((entry, mark)) = found else { continue };
            let note = match awaited.reason(&message.name) {
                Some((folder, wanted)) => {
                    let there =
                        listed(&*drop, folder, &mut folders).await?.iter().find(|entry| pattern::fits(&wanted, &entry.name)).cloned();
                    match there {
                        Some(reason) => words(&*drop, &join(folder, &reason.name), reason.size).await?,
                        None => None,
                    }
                }
                // What is not the document itself may say why.
                None if entry.name != message.name => words(&*drop, &join(folder, &entry.name), entry.size).await?,
                None => None,
            };
            taken.insert(mark.clone());
            let reply = if accepts { Reply::Accepted } else { Reply::Refused };
            let answered = Answered { reply, note, by_message: None, mark: Some(mark) };
            engine.journal.answered(message, &answered, None, engine.clock.now()).await?;
            tracing::info!(message = message.id.short(), flow = flow.id, reply = reply.as_str(), "answered by a file");
            break;
        }
    }
    Ok(())
}

/// The files of a folder, listed once; one that is not there has none.
async fn listed<'f>(drop: &dyn RemoteFs, folder: &str, folders: &'f mut HashMap<String, Vec<Entry>>) -> Result<&'f [Entry], Problem> {
    if !folders.contains_key(folder) {
        let entries = match drop.list(folder).await {
            Err(problem) if problem.code == Code::DropMissing => Vec::new(),
            other => other?,
        };
        folders.insert(folder.to_string(), entries);
    }
    Ok(folders.get(folder).map(Vec::as_slice).unwrap_or_default())
}

/// The words of a small text file, in a line.
async fn words(drop: &dyn RemoteFs, path: &str, size: u64) -> Result<Option<String>, Problem> {
    if size == 0 || size > REASON {
        return Ok(None);
    }
    let bytes = match drop.read(path, size, REASON).await {
        // Taken away meanwhile: the answer is known without it.
        Err(problem) if problem.code == Code::DropMissing => return Ok(None),
        other => other?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
    Ok(Some(shown(&line).to_string()).filter(|line| !line.is_empty()))
}

/// The documents that answers are about; one that is about nothing that we sent is a problem.
pub(super) async fn matched(engine: &Engine, flow: &Flow, answers: &[Answer]) -> Result<Vec<Message>, Problems> {
    let theirs = |other: &&Flow| other.partner == flow.partner && other.outbound().is_some_and(|out| out.files.answer.is_some());
    let flows: Vec<String> = engine.workspace.flows.values().filter(theirs).map(|flow| flow.id.clone()).collect();
    let (mut messages, mut problems) = (Vec::new(), Vec::new());
    for answer in answers {
        match engine.journal.answered_by(&flows, &answer.number).await? {
            Some(message) => messages.push(message),
            None => {
                let hint = match flows.as_slice() {
                    [] => format!("no outbound flow of the partner {} has an [answer]", flow.partner),
                    flows => format!("looked for among what {} sent and expects an answer to", flows.join(", ")),
                };
                let text = format!("`{}` is no document that we sent and await an answer to", cut(&answer.number));
                problems.push(Problem::new(Code::AnswerUnknown, text).hint(hint));
            }
        }
    }
    Problems::check(problems).map(|()| messages)
}

/// Writes answers down at the documents that they are about.
pub(super) async fn record(engine: &Engine, message: &Message, answers: &[Answer], about: &[Message]) -> Result<(), Problem> {
    for (answer, about) in answers.iter().zip(about) {
        let note = answer.note.as_deref().map(|note| note.chars().take(WORDS).collect());
        let answered = Answered { reply: answer.reply, note, by_message: Some(message.id), mark: None };
        let now = engine.clock.now();
        if engine.journal.answered(about, &answered, None, now).await? {
            let text = format!("answers {} (message {}): {}", shown(&about.name), about.id.short(), answer.reply.as_str());
            engine.journal.remark(message, &text, now).await?;
        }
    }
    Ok(())
}

/// Gives a partner the answer to its document. Written again after a crash in between, it is the same file.
pub(super) async fn give(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    schemas: &Schemas,
    message: &Message,
    problems: &[Problem],
) -> Result<(), Problem> {
    let Some(inbound) = flow.inbound() else { return Ok(()) };
    let Some(answer) = &inbound.files.answer else { return Ok(()) };
    let wanted = match message.stage {
        Stage::Done => answer.done,
        Stage::Failed => answer.failed,
        _ => false,
    };
    let zip = message.stage == Stage::Done && unpack::is_package(&engine.storage, inbound, message).await?;
    // An edited copy is ours; of a zip each document is answered, or the whole where it was refused.
    if !wanted || message.edited || zip {
        return Ok(());
    }
    let (name, text) = rendered(engine, flow, answer, message, problems).await?;
    if let Some(schema) = answer.schema.as_deref().and_then(|name| schemas.get(name).ok()) {
        let bytes = text.clone().into_bytes();
        tokio::task::block_in_place(|| render::check(schema, &name, bytes)).map_err(|found| {
            let first = found.into_iter().nth(1);
            first.unwrap_or_else(|| Problem::new(Code::OutInvalid, "the answer that we made breaks its schema"))
        })?;
    }
    drop.make_folder(&answer.folder).await?;
    let (temporary, path) = (join(&answer.folder, &format!(".{}.part", message.id.short())), join(&answer.folder, &name));
    drop.write(&temporary, text.as_bytes()).await?;
    drop.replace(&temporary, &path).await?;
    let said = if message.stage == Stage::Done { "accepted" } else { "refused" };
    engine.journal.remark(message, &format!("answered with {}: {said}", shown(&path)), engine.clock.now()).await
}

async fn rendered(
    engine: &Engine,
    flow: &Flow,
    answer: &Returned,
    message: &Message,
    problems: &[Problem],
) -> Result<(String, String), Problem> {
    let mut numbers: Map<String, Json> = Map::new();
    for term in engine.journal.terms(message.id).await?.into_iter().filter(|term| term.kind != "record") {
        numbers.entry(term.kind).or_insert(json!(term.value));
    }
    let partner = engine.workspace.partners.get(&flow.partner);
    let language = partner.map(|partner| partner.language).unwrap_or_default();
    let told = |problem: &Problem| {
        let (theirs, sentence) = (problem.who == Who::Partner, partner_report::told(problem, language));
        json!({"code": problem.code.as_str(), "sentence": sentence, "line": problem.place.line, "path": problem.place.path, "theirs": theirs})
    };
    let stem = message.name.rsplit_once('.').map_or(message.name.as_str(), |(stem, _)| stem);
    let time = |at: DateTime<Utc>| json!(at.format("%Y-%m-%d %H:%M:%S").to_string());
    let mut values = answer.values.clone();
    let known = [
        ("accepted", json!(message.stage == Stage::Done)),
        ("file", json!(message.name)),
        ("stem", json!(stem)),
        ("message", json!(message.id.short())),
        ("now", time(message.updated)),
        ("received", time(message.received)),
        ("numbers", Json::Object(numbers)),
        (
            "partner",
            json!({"id": flow.partner, "name": partner.map(|partner| &partner.name), "gln": partner.and_then(|partner| partner.gln.as_ref())}),
        ),
        ("problems", problems.iter().map(told).collect()),
    ];
    values.extend(known.map(|(name, value)| (name.to_string(), value)));
    let values = Json::Object(values);
    let name = safe_name(answer.name.render(&values)?.trim());
    let text = match &answer.template {
        Some(template) => template.render(&values)?,
        None => String::new(),
    };
    Ok((name, text))
}
