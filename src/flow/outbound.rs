//! Outbound: Odoo, template, check against our own schema, drop, note in Odoo.
//!
//! Never sent twice: a record is claimed in the journal before anything is made of it. The rename on the drop is the moment of
//! sending, and the intent is journalled right before it: so after a crash a missing temporary file tells that the rename took
//! place, even when the partner has fetched the file meanwhile.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    Engine, Summary, answers, checkpoint, ready, retry,
    storage::digest,
    trial::{self, Circumstances, Made, document},
};
use crate::{
    config::{Changed, Exists, Flow, OutFlow},
    journal::{Message, NewMessage, Rendered},
    model::{Code, Direction, MessageId, Problem, Problems, Stage},
    odoo::{Call, read::read_tree},
    schema::Schema,
    transport::{Drop, join},
};

pub(super) async fn run(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    schema: &Schema,
    look: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    for mut message in engine.journal.unfinished(&flow.id, engine.clock.now(), engine.eager).await? {
        if engine.is_stopping() {
            return Ok(());
        }
        carry(engine, flow, outbound, schema, &mut message, None, summary).await?;
    }
    if !look {
        return Ok(());
    }
    if let Err(problem) = watch_pickup(engine, flow, outbound, summary).await {
        // A drop that may be written to and not listed is no reason to send nothing.
        summary.problems.push(problem);
    }
    if let Err(problem) = answers::watch(engine, flow, outbound).await {
        summary.problems.push(problem);
    }
    let restored = engine.journal.restored(&flow.id).await?;
    let (ready, cursor) = ready::ready(engine, flow, outbound, summary).await?;
    if ready.is_empty() {
        return pass(engine, flow, cursor, restored).await.map_err(Problems::from);
    }
    engine.watcher.found(&flow.id, ready.len());
    let odoo = engine.odoo().await?;
    // All records of the run in as many calls as the tree has relations; a message resumed later reads its own.
    let all = read_tree(&odoo, &engine.workspace.catalog, &outbound.model, &ready, &outbound.fields).await;
    let records = match all {
        Ok(records) => records,
        // A temporary obstacle, or a mistake that every record would meet.
        Err(problem) if problem.is_temporary() || problem.code == Code::OdooUnknown => return Err(problem.into()),
        Err(problem) => readable(engine, flow, outbound, &ready, (problem, restored), summary).await?,
    };
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        if engine.is_stopping() {
            return Ok(());
        }
        // What must be looked at by a person, record by record, is not put together.
        let most = if restored.is_some() { 1 } else { outbound.per_file };
        let together: Vec<Json> = records.by_ref().take(most).collect();
        let mut message = claim(engine, flow, outbound, &together, restored).await?;
        checkpoint::reach("received").await;
        if message.stage == Stage::Held {
            engine.settled(&message, summary);
            continue;
        }
        carry(engine, flow, outbound, schema, &mut message, Some(together), summary).await?;
    }
    // Every one of them is claimed now, and none is looked for again.
    pass(engine, flow, cursor, restored).await.map_err(Problems::from)
}

/// Remembers that everything that was ready is claimed; of a restored journal, that it was held.
async fn pass(engine: &Engine, flow: &Flow, cursor: Option<String>, restored: Option<DateTime<Utc>>) -> Result<(), Problem> {
    ready::pass(engine, flow, cursor).await?;
    match restored {
        Some(_) => engine.journal.seen_restored(&flow.id).await,
        None => Ok(()),
    }
}

/// Why a document is held after a restore.
fn may_be_sent(made: DateTime<Utc>) -> Problem {
    let made = made.format("%Y-%m-%d %H:%M:%S UTC");
    let text = format!("the journal was restored as it was at {made}; what was sent after that it does not know, this among it perhaps");
    Problem::new(Code::Restored, text).hint("look whether the partner has it: consign release sends it, consign discard does not")
}

/// Whether the partner has collected what we sent. A file that lies there too long is told, all of them in one problem.
async fn watch_pickup(engine: &Engine, flow: &Flow, outbound: &OutFlow, summary: &mut Summary) -> Result<(), Problem> {
    let Some(patience) = outbound.pickup else { return Ok(()) };
    let sent = engine.journal.uncollected(&flow.id).await?;
    if sent.is_empty() {
        return Ok(());
    }
    let drop = engine.drop(&flow.partner).await?;
    let there: HashSet<String> = drop.list(&flow.folder).await?.into_iter().map(|entry| entry.name).collect();
    let now = engine.clock.now();
    let (lying, gone): (Vec<Message>, Vec<Message>) = sent.into_iter().partition(|message| there.contains(&message.name));
    engine.journal.collected(&gone, now).await?;
    let late: Vec<&Message> = lying.iter().filter(|message| (now - message.updated).to_std().is_ok_and(|age| age > patience)).collect();
    if let Some(oldest) = late.first() {
        let since = oldest.updated.format("%Y-%m-%d %H:%M UTC");
        let more = if late.len() == 1 { String::new() } else { format!(", and {} more", late.len() - 1) };
        let text = format!("`{}` (message {}) lies on the drop since {since}{more}", oldest.name, oldest.id.short());
        summary
            .problems
            .push(Problem::new(Code::NotCollected, text).hint("ask the partner whether its pick-up runs; `consign drops` lists the files"));
    }
    Ok(())
}

/// The records that can be read one by one, for when all together could not be. Those that cannot fail, each by itself; where none
/// can, nothing is claimed and the one problem is told.
async fn readable(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    ready: &[i64],
    (first, restored): (Problem, Option<DateTime<Utc>>),
    summary: &mut Summary,
) -> Result<Vec<Json>, Problems> {
    let odoo = engine.odoo().await?;
    let (mut records, mut failed) = (Vec::new(), Vec::new());
    for id in ready {
        match read_tree(&odoo, &engine.workspace.catalog, &outbound.model, &[*id], &outbound.fields).await {
            Ok(read) => records.extend(read),
            Err(problem) => failed.push((id, problem)),
        }
    }
    if records.is_empty() {
        return Err(first.into());
    }
    for (id, problem) in failed {
        let named = json!({ "id": id, "name": format!("{} {id}", outbound.model) });
        let mut message = claim(engine, flow, outbound, &[named], restored).await?;
        if message.stage == Stage::Held {
            engine.settled(&message, summary);
            continue;
        }
        engine.journal.fail(&mut message, &vec![problem], engine.clock.now()).await?;
        engine.settled(&message, summary);
    }
    Ok(records)
}

async fn claim(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    records: &[Json],
    restored: Option<DateTime<Utc>>,
) -> Result<Message, Problem> {
    let record_id = |record: &Json| record.get("id").and_then(Json::as_i64).unwrap_or_default();
    let new = NewMessage {
        id: MessageId::new(),
        flow: flow.id.clone(),
        direction: Direction::Out,
        name: records.first().and_then(|record| record.get("name")).and_then(Json::as_str).unwrap_or("record").to_string(),
        path: String::new(),
        size: 0,
        modified: None,
        sha256: String::new(),
        stored: String::new(),
        verdict: None,
        claims: records.iter().map(|record| format!("{},{}", outbound.model, record_id(record))).collect(),
        rest: restored.map(|made| (Stage::Held, may_be_sent(made))),
        sequence: None,
        parent: None,
        edited: false,
    };
    let message = engine.journal.receive(&new, engine.clock.now()).await?;
    engine.journal.numbered(message.id, &numbers(outbound, records), None).await?;
    Ok(message)
}

/// What a message is found by: the names of its records, and what the flow names besides.
fn numbers(outbound: &OutFlow, records: &[Json]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for record in records {
        if let Some(name) = record.get("name").and_then(Json::as_str) {
            found.push(("record".to_string(), name.to_string()));
        }
        for (kind, path) in &outbound.numbers {
            let at = path.split('.').fold(vec![record], |at, step| {
                at.into_iter()
                    .flat_map(|value| match value {
                        Json::Array(many) => many.iter().collect(),
                        one => vec![one],
                    })
                    .filter_map(|value| value.get(step))
                    .collect()
            });
            found.extend(at.into_iter().filter_map(Json::as_str).map(|value| (kind.clone(), value.to_string())));
        }
    }
    found
}

async fn carry(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    schema: &Schema,
    message: &mut Message,
    mut records: Option<Vec<Json>>,
    summary: &mut Summary,
) -> Result<(), Problems> {
    loop {
        let now = engine.clock.now();
        let (next, result) = match message.stage {
            Stage::Waiting => (message.resume.unwrap_or(Stage::Received), Ok(())),
            Stage::Received => (Stage::Planned, render(engine, flow, outbound, message, records.take()).await.map_err(Problems::from)),
            Stage::Planned => (Stage::Checked, check(engine, schema, message)),
            Stage::Checked => (Stage::Staged, stage(engine, flow, outbound, message).await.map_err(Problems::from)),
            Stage::Staged => (Stage::Applied, send(engine, flow, outbound, message).await.map_err(Problems::from)),
            Stage::Applied => (Stage::Done, finish(engine, flow, outbound, message).await.map_err(Problems::from)),
            Stage::Done | Stage::Failed | Stage::Discarded if !message.moved || message.stage == Stage::Discarded => {
                let problems = engine.journal.attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default();
                let stored = engine.storage.shelve(message, &problems)?;
                engine.journal.shelved(message, &stored, true).await?;
                return Ok(());
            }
            Stage::Done | Stage::Failed | Stage::Discarded | Stage::Held => return Ok(()),
        };
        match result {
            Ok(()) => {
                if next == Stage::Done {
                    engine.journal.succeeded(message, now).await?;
                }
                engine.journal.advance(message, next, None, engine.clock.now()).await?;
                if next == Stage::Done {
                    engine.settled(message, summary);
                }
                match next {
                    Stage::Planned => checkpoint::reach("planned").await,
                    Stage::Checked => checkpoint::reach("checked").await,
                    Stage::Staged => checkpoint::reach("staged").await,
                    Stage::Applied => checkpoint::reach("applied").await,
                    _ => {}
                }
            }
            Err(problems) if message.stage == Stage::Applied && !retry::is_temporary(&problems) => {
                // The file is with the partner, and only the note cannot be written: that is said, and no reason to go on for ever.
                for problem in &problems {
                    engine.journal.remark(message, &format!("no note: {}", problem.message), now).await?;
                }
                engine.journal.succeeded(message, now).await?;
                engine.journal.advance(message, Stage::Done, Some("sent; the note could not be written"), now).await?;
                engine.settled(message, summary);
                summary.problems.extend(problems);
            }
            Err(problems) if retry::is_temporary(&problems) => {
                engine.forget_odoo().await;
                let until = retry::next_try(message.id, message.attempts, &problems, now);
                engine.journal.wait(message, until, &problems, now).await?;
                engine.settled(message, summary);
                return Ok(());
            }
            Err(problems) => {
                engine.journal.fail(message, &problems, now).await?;
                engine.settled(message, summary);
            }
        }
    }
}

/// The records a message sends: model and ids.
async fn claimed(engine: &Engine, message: &Message) -> Result<(String, Vec<i64>), Problem> {
    let claims = engine.journal.claims(message.id).await?;
    let mut ids: Vec<i64> = claims.iter().filter_map(|claim| claim.split_once(',')?.1.parse().ok()).collect();
    ids.sort_unstable();
    let model = claims.first().and_then(|claim| claim.split_once(',')).map(|(model, _)| model.to_string());
    model
        .map(|model| (model, ids))
        .ok_or_else(|| Problem::new(Code::OriginalLost, format!("message {} has no record to send", message.id.short())))
}

/// The document and its name, to the spool and the journal.
async fn render(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    message: &mut Message,
    records: Option<Vec<Json>>,
) -> Result<(), Problem> {
    let records = match records {
        Some(records) => records,
        None => {
            let (model, ids) = claimed(engine, message).await?;
            let odoo = engine.odoo().await?;
            let records = read_tree(&odoo, &engine.workspace.catalog, &model, &ids, &outbound.fields).await?;
            if records.len() < ids.len() {
                let text = format!("{} of the {} records of {model} are no longer in Odoo", ids.len() - records.len(), ids.len());
                return Err(Problem::new(Code::LookupNone, text));
            }
            records
        }
    };
    if let Some(first) = outbound.sequence {
        engine.journal.number(message, first).await?;
    }
    if outbound.changed != Changed::Ignore {
        let digests = records.iter().map(|record| (format!("{},{}", outbound.model, record["id"]), ready::digest_of(record)));
        engine.journal.sent_as(&flow.id, digests).await?;
    }
    let version = ready::version(engine, outbound, message).await?;
    let Made { name, text } = document(&engine.workspace, flow, outbound, records, &circumstances(message, version))?;
    let stored = engine.storage.spool(message.id, text.as_bytes())?;
    engine.storage.forget(message);
    let rendered = Rendered { path: join(&flow.folder, &name), name, size: text.len() as u64, sha256: digest(text.as_bytes()), stored };
    engine.journal.rendered(message, rendered).await?;
    checkpoint::reach("rendered").await;
    Ok(())
}

/// The time is the message's, not the try's: rendered again, the document is the same.
fn circumstances(message: &Message, version: u64) -> Circumstances {
    Circumstances {
        now: message.received.format("%Y-%m-%d %H:%M:%S").to_string(),
        message: message.id.short(),
        file: message.name.clone(),
        sequence: message.sequence,
        version,
    }
}

fn check(engine: &Engine, schema: &Schema, message: &Message) -> Result<(), Problems> {
    let bytes = engine.storage.read(message)?;
    tokio::task::block_in_place(|| trial::check(schema, &message.name, bytes))
}

/// The name while the file is being written: of the message alone, so that a later try finds and replaces what an earlier one left,
/// whatever the file is called in the end.
fn temporary(flow: &Flow, outbound: &OutFlow, message: &Message) -> String {
    let (before, after) = &outbound.temporary;
    let ending = message.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let dot = if ending.is_empty() { "" } else { "." };
    join(&flow.folder, &format!("{before}{}{dot}{ending}{after}", message.id.short()))
}

/// The whole file under its temporary name; one left by an earlier try is replaced.
async fn stage(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message) -> Result<(), Problem> {
    let bytes = engine.storage.read(message)?;
    let drop: Arc<dyn Drop> = engine.drop(&flow.partner).await?;
    let temporary = temporary(flow, outbound, message);
    drop.make_folder(&flow.folder).await?;
    if let Some((folder, _)) = temporary.rsplit_once('/') {
        drop.make_folder(folder).await?;
    }
    drop.write(&temporary, &bytes).await
}

/// Written down right before the rename.
const INTENT: &str = "about to rename";
/// Written down when the rename is known not to have taken place.
const NOT_RENAMED: &str = "not renamed";

/// The rename that is the sending. Where the temporary file is gone, the intent tells why: written down, the rename took place (the
/// partner may have fetched the file since); not written down, someone else removed it, and it is uploaded again.
async fn send(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &mut Message) -> Result<(), Problem> {
    let drop = engine.drop(&flow.partner).await?;
    let temporary = temporary(flow, outbound, message);
    let events = engine.journal.events(message.id).await?;
    let intended = events
        .iter()
        .rev()
        .take_while(|event| event.stage == "staged" || event.stage == "waiting")
        .find_map(|event| match event.note.as_deref() {
            Some(INTENT) => Some(true),
            Some(NOT_RENAMED) => Some(false),
            _ => None,
        })
        .unwrap_or(false);
    if drop.stat(&temporary).await?.is_none() {
        if intended {
            return Ok(());
        }
        stage(engine, flow, outbound, message).await?;
    }
    let mut number = 2;
    while let Some(there) = drop.stat(&message.path).await? {
        // A file of our name lies there already: the same document counts as sent.
        let same = there.size == message.size
            && drop.read(&message.path, there.size, there.size + 1).await.is_ok_and(|bytes| digest(&bytes) == message.sha256);
        if same {
            return drop.remove(&temporary).await;
        }
        match outbound.exists {
            Exists::Replace => break,
            Exists::Number if number < MOST_NUMBERS => {
                let name = numbered(&message.name, number);
                let (size, sha256, stored) = (message.size, message.sha256.clone(), message.stored.clone());
                let path = join(&flow.folder, &name);
                engine.journal.rendered(message, Rendered { name, path, size, sha256, stored }).await?;
                number += 1;
            }
            Exists::Number | Exists::Fail => {
                drop.remove(&temporary).await?;
                let problem =
                    Problem::new(Code::NameTaken, format!("`{}` lies at the partner's already, with another content", message.path));
                return Err(problem.hint(
                    "the partner has not fetched it yet; once it is gone, reprocess this message, or give the flow's `name` something that differs, or `exists = \"number\"`",
                ));
            }
        }
    }
    // Before the sending: the partner may answer at once.
    answers::expect(engine, outbound, message).await?;
    engine.journal.remark(message, INTENT, engine.clock.now()).await?;
    let renamed = if outbound.exists == Exists::Replace {
        drop.replace(&temporary, &message.path).await
    } else {
        drop.rename(&temporary, &message.path).await
    };
    if let Err(problem) = renamed {
        // Seen to lie there still, it was not sent, whoever removes it later.
        if drop.stat(&temporary).await.is_ok_and(|there| there.is_some()) {
            engine.journal.remark(message, NOT_RENAMED, engine.clock.now()).await?;
        }
        return Err(problem);
    }
    checkpoint::reach("renamed").await;
    Ok(())
}

/// Names tried before a file fails all the same: a folder that nobody empties is no reason to count for ever.
const MOST_NUMBERS: u32 = 1000;

/// `order-7.xml`, `order-7-2.xml`, `order-7-3.xml`.
fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let before = format!("-{}", number - 1);
    let stem = if number > 2 { stem.strip_suffix(&before).unwrap_or(stem) } else { stem };
    format!("{stem}-{number}{ending}")
}

/// The note in the chatter of each record, once.
async fn finish(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message) -> Result<(), Problem> {
    let Some(note) = &outbound.note else { return Ok(()) };
    let (model, ids) = claimed(engine, message).await?;
    let mark = if message.run == 1 { message.id.short() } else { format!("{}.{}", message.id.short(), message.run) };
    let mark = format!("[consign {mark}]");
    let odoo = engine.odoo().await?;
    let doing = "noting the file in Odoo";
    for id in &ids {
        let mut values = trial::values(&engine.workspace, flow, outbound, &circumstances(message, 1));
        values.insert("record".into(), json!({ "id": id }));
        let text = note.render(&Json::Object(values))?;
        let noted = Call::model("mail.message", "search_count")
            .arg("domain", json!([["model", "=", model], ["res_id", "=", id], ["body", "like", mark]]));
        let count = odoo.call(noted).await.map_err(|fault| fault.problem(doing))?;
        if count.as_i64().unwrap_or(0) == 0 {
            let post = Call::records(&model, "message_post", &[*id]).arg("body", format!("{text} {mark}"));
            odoo.call(post).await.map_err(|fault| fault.problem(doing))?;
            checkpoint::reach("noted").await;
        }
    }
    let names = odoo.read(&model, &ids, &["display_name"]).await.map_err(|fault| fault.problem(doing))?;
    let name = |id: &i64| {
        let found = names.iter().find(|record| record.get("id").and_then(Json::as_i64) == Some(*id));
        found.and_then(|record| record.get("display_name")).and_then(Json::as_str).unwrap_or_default().to_string()
    };
    let touched = ids.iter().map(|id| (model.clone(), *id, name(id), "sent"));
    engine.journal.touched(message.id, touched, engine.clock.now()).await
}
