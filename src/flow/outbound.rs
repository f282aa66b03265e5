//! Outbound: Odoo, template, check against our own schema, drop, note in Odoo.
//!
//! Never sent twice: a record is claimed in the journal before anything is made of it. The rename on the drop is the moment of
//! sending, and the intent is journalled right before it: so after a crash a missing temporary file tells that the rename took
//! place, even when the partner has fetched the file meanwhile.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{
    Engine, Summary, checkpoint, retry,
    storage::{digest, safe_name},
};
use crate::{
    config::{Flow, OutFlow},
    format::{Limits, xml},
    journal::{Message, NewMessage, Rendered},
    model::{Direction, MessageId, Problem, Problems, Stage, codes},
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
    let one = |problem: Problem| vec![problem];
    for mut message in engine.journal.unfinished(&flow.id, engine.clock.now(), engine.eager).await.map_err(one)? {
        if engine.is_stopping() {
            return Ok(());
        }
        carry(engine, flow, outbound, schema, &mut message, None, summary).await?;
    }
    if !look {
        return Ok(());
    }
    let ready = ready(engine, flow, outbound).await.map_err(one)?;
    if ready.is_empty() {
        return Ok(());
    }
    engine.watcher.found(&flow.id, ready.len());
    let odoo = engine.odoo().await.map_err(one)?;
    // All records of the run in as many calls as the tree has relations; a message resumed later reads its own.
    let all = read_tree(&odoo, &engine.workspace.catalog, &outbound.model, &ready, &outbound.fields).await;
    let records = match all {
        Ok(records) => records,
        // A temporary obstacle, or a mistake that every record would meet.
        Err(problem) if problem.is_temporary() || problem.code == codes::ODOO_UNKNOWN => return Err(one(problem)),
        Err(problem) => readable(engine, flow, outbound, &ready, problem, summary).await?,
    };
    for record in records {
        if engine.is_stopping() {
            return Ok(());
        }
        let mut message = claim(engine, flow, outbound, &record).await.map_err(one)?;
        checkpoint::reach("received").await;
        carry(engine, flow, outbound, schema, &mut message, Some(record), summary).await?;
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
    first: Problem,
    summary: &mut Summary,
) -> Result<Vec<Json>, Problems> {
    let one = |problem: Problem| vec![problem];
    let odoo = engine.odoo().await.map_err(one)?;
    let (mut records, mut failed) = (Vec::new(), Vec::new());
    for id in ready {
        match read_tree(&odoo, &engine.workspace.catalog, &outbound.model, &[*id], &outbound.fields).await {
            Ok(read) => records.extend(read),
            Err(problem) => failed.push((id, problem)),
        }
    }
    if records.is_empty() {
        return Err(one(first));
    }
    for (id, problem) in failed {
        let named = json!({ "id": id, "name": format!("{} {id}", outbound.model) });
        let mut message = claim(engine, flow, outbound, &named).await.map_err(one)?;
        engine.journal.fail(&mut message, &vec![problem], engine.clock.now()).await.map_err(one)?;
        engine.settled(&message, summary);
    }
    Ok(records)
}

/// Records that fit the flow's domain and were not sent, nor are being sent.
async fn ready(engine: &Engine, flow: &Flow, outbound: &OutFlow) -> Result<Vec<i64>, Problem> {
    let odoo = engine.odoo().await?;
    let call = Call::model(&outbound.model, "search").arg("domain", Json::from(outbound.domain.clone())).arg("order", "id");
    let found = match odoo.call(call).await {
        Ok(found) => found,
        Err(fault) => {
            engine.forget_odoo().await;
            return Err(fault.problem(&format!("looking for {} to send", outbound.model)));
        }
    };
    let sent = engine.journal.sent(&flow.id).await?;
    let ids = found.as_array().into_iter().flatten().filter_map(Json::as_i64);
    Ok(ids.filter(|id| !sent.contains(&format!("{},{id}", outbound.model))).collect())
}

async fn claim(engine: &Engine, flow: &Flow, outbound: &OutFlow, record: &Json) -> Result<Message, Problem> {
    let id = MessageId::new();
    let record_id = record.get("id").and_then(Json::as_i64).unwrap_or_default();
    let new = NewMessage {
        id,
        flow: flow.id.clone(),
        direction: Direction::Out,
        name: record.get("name").and_then(Json::as_str).unwrap_or("record").to_string(),
        path: String::new(),
        size: 0,
        modified: None,
        sha256: String::new(),
        stored: String::new(),
        verdict: None,
        claims: vec![format!("{},{record_id}", outbound.model)],
        rest: None,
    };
    engine.journal.receive(&new, engine.clock.now()).await?;
    engine.journal.find(&id.to_string()).await
}

async fn carry(
    engine: &Engine,
    flow: &Flow,
    outbound: &OutFlow,
    schema: &Schema,
    message: &mut Message,
    record: Option<Json>,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let told = |problem: Problem| vec![problem];
    let mut record = record;
    loop {
        let now = engine.clock.now();
        let (next, result) = match message.stage {
            Stage::Waiting => (message.resume.unwrap_or(Stage::Received), Ok(())),
            Stage::Received => (Stage::Planned, render(engine, flow, outbound, message, record.take()).await.map_err(told)),
            Stage::Planned => (Stage::Checked, check(engine, schema, message)),
            Stage::Checked => (Stage::Staged, stage(engine, flow, outbound, message).await.map_err(told)),
            Stage::Staged => (Stage::Applied, send(engine, flow, outbound, message).await.map_err(told)),
            Stage::Applied => (Stage::Done, finish(engine, flow, outbound, message).await.map_err(told)),
            Stage::Done | Stage::Failed if !message.moved => {
                let problems =
                    engine.journal.attempts(message.id).await.map_err(told)?.pop().map(|attempt| attempt.problems).unwrap_or_default();
                let stored = engine.storage.shelve(message, &problems).map_err(told)?;
                engine.journal.shelved(message, &stored, true).await.map_err(told)?;
                return Ok(());
            }
            Stage::Done | Stage::Failed | Stage::Held => return Ok(()),
        };
        match result {
            Ok(()) => {
                if next == Stage::Done {
                    engine.journal.succeeded(message, now).await.map_err(told)?;
                }
                engine.journal.advance(message, next, None, engine.clock.now()).await.map_err(told)?;
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
                    engine.journal.remark(message, &format!("no note: {}", problem.message), now).await.map_err(told)?;
                }
                engine.journal.succeeded(message, now).await.map_err(told)?;
                engine.journal.advance(message, Stage::Done, Some("sent; the note could not be written"), now).await.map_err(told)?;
                engine.settled(message, summary);
                summary.problems.extend(problems);
            }
            Err(problems) if retry::is_temporary(&problems) => {
                engine.forget_odoo().await;
                let until = retry::next_try(message.id, message.attempts, &problems, now);
                engine.journal.wait(message, until, &problems, now).await.map_err(told)?;
                engine.settled(message, summary);
                return Ok(());
            }
            Err(problems) => {
                engine.journal.fail(message, &problems, now).await.map_err(told)?;
                engine.settled(message, summary);
            }
        }
    }
}

/// The record a message sends: model and id.
async fn claimed(engine: &Engine, message: &Message) -> Result<(String, i64), Problem> {
    let claims = engine.journal.claims(message.id).await?;
    let claim = claims.first().and_then(|claim| claim.split_once(',')).and_then(|(model, id)| Some((model.to_string(), id.parse().ok()?)));
    claim.ok_or_else(|| Problem::new(codes::ORIGINAL_LOST, format!("message {} has no record to send", message.id.short())))
}

/// The document and its name, to the spool and the journal.
async fn render(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &mut Message, record: Option<Json>) -> Result<(), Problem> {
    let record = match record {
        Some(record) => record,
        None => {
            let (model, id) = claimed(engine, message).await?;
            let odoo = engine.odoo().await?;
            let mut records = read_tree(&odoo, &engine.workspace.catalog, &model, &[id], &outbound.fields).await?;
            records.pop().ok_or_else(|| Problem::new(codes::LOOKUP_NONE, format!("the record {model},{id} is no longer in Odoo")))?
        }
    };
    let values = values(engine, flow, outbound, message, record);
    let text = outbound.template.render(&values)?;
    let name = safe_name(outbound.name.render(&values)?.trim());
    let stored = engine.storage.spool(message.id, text.as_bytes())?;
    engine.storage.forget(message);
    let rendered = Rendered { path: join(&flow.folder, &name), name, size: text.len() as u64, sha256: digest(text.as_bytes()), stored };
    engine.journal.rendered(message, rendered).await?;
    checkpoint::reach("rendered").await;
    Ok(())
}

/// What a template may use: the record, the partner, the flow's own values, and the message.
fn values(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message, record: Json) -> Json {
    let mut values: Map<String, Json> = outbound.values.clone();
    let partner = engine.workspace.partners.get(&flow.partner);
    values.insert(
        "partner".into(),
        json!({"id": flow.partner, "name": partner.map(|partner| &partner.name), "gln": partner.and_then(|partner| partner.gln.as_ref())}),
    );
    values.insert("record".into(), record);
    // The time of the message, not of the try: rendered again, the document is the same.
    values.insert("now".into(), json!(message.received.format("%Y-%m-%d %H:%M:%S").to_string()));
    values.insert("message".into(), json!(message.id.short()));
    values.insert("file".into(), json!(message.name));
    Json::Object(values)
}

fn check(engine: &Engine, schema: &Schema, message: &Message) -> Result<(), Problems> {
    let bytes = engine.storage.read(message).map_err(|problem| vec![problem])?;
    let found = match xml::read(&bytes, &message.name, &Limits::default()) {
        Ok(document) => schema.validate(Arc::new(document), &message.name),
        Err(problem) => vec![problem],
    };
    if found.is_empty() {
        return Ok(());
    }
    let first = Problem::new(codes::OUT_INVALID, "the document we made breaks its schema; it was not sent")
        .hint("correct the template or the data in Odoo, then reprocess");
    let ours = found.into_iter().map(|mut problem| {
        problem.who = crate::model::problem::Who::Consultant;
        problem
    });
    Err(std::iter::once(first.in_file(&message.name)).chain(ours).collect())
}

fn temporary(flow: &Flow, outbound: &OutFlow, message: &Message) -> String {
    let (before, after) = &outbound.temporary;
    join(&flow.folder, &format!("{before}{}-{}{after}", message.id.short(), message.name))
}

/// The whole file under its temporary name; one left by an earlier try is replaced.
async fn stage(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message) -> Result<(), Problem> {
    let bytes = engine.storage.read(message)?;
    let drop: Arc<dyn Drop> = engine.drop(&flow.partner).await?;
    drop.make_folder(&flow.folder).await?;
    drop.write(&temporary(flow, outbound, message), &bytes).await
}

/// Written down right before the rename.
const INTENT: &str = "about to rename";

/// The rename that is the sending. Where the temporary file is gone, the intent tells why: written down, the rename took place (the
/// partner may have fetched the file since); not written down, someone else removed it, and it is uploaded again.
async fn send(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message) -> Result<(), Problem> {
    let drop = engine.drop(&flow.partner).await?;
    let temporary = temporary(flow, outbound, message);
    let intended = engine
        .journal
        .events(message.id)
        .await?
        .into_iter()
        .rev()
        .take_while(|event| event.stage == "staged" || event.stage == "waiting")
        .any(|event| event.note.as_deref() == Some(INTENT));
    if drop.stat(&temporary).await?.is_none() {
        if intended {
            return Ok(());
        }
        stage(engine, flow, outbound, message).await?;
    }
    if let Some(there) = drop.stat(&message.path).await? {
        return occupied(&*drop, message, &temporary, there.size).await;
    }
    engine.journal.remark(message, INTENT, engine.clock.now()).await?;
    drop.rename(&temporary, &message.path).await?;
    checkpoint::reach("renamed").await;
    Ok(())
}

/// A file of our name lies there already: the same document counts as sent, another one is left alone and told.
async fn occupied(drop: &dyn Drop, message: &Message, temporary: &str, size: u64) -> Result<(), Problem> {
    let same = size == message.size && drop.read(&message.path, size, size + 1).await.is_ok_and(|bytes| digest(&bytes) == message.sha256);
    drop.remove(temporary).await?;
    if same {
        return Ok(());
    }
    let problem = Problem::new(codes::NAME_TAKEN, format!("`{}` lies at the partner's already, with another content", message.path));
    Err(problem.hint(
        "the partner has not fetched it yet; once it is gone, reprocess this message, or give the flow's `name` something that differs",
    ))
}

/// The note in the record's chatter, once.
async fn finish(engine: &Engine, flow: &Flow, outbound: &OutFlow, message: &Message) -> Result<(), Problem> {
    let Some(note) = &outbound.note else { return Ok(()) };
    let (model, id) = claimed(engine, message).await?;
    let text = note.render(&values(engine, flow, outbound, message, json!({"id": id})))?;
    let mark = if message.run == 1 { message.id.short() } else { format!("{}.{}", message.id.short(), message.run) };
    let mark = format!("[consign {mark}]");
    let odoo = engine.odoo().await?;
    let doing = "noting the file in Odoo";
    let noted = Call::model("mail.message", "search_count")
        .arg("domain", json!([["model", "=", model], ["res_id", "=", id], ["body", "like", mark]]));
    let count = odoo.call(noted).await.map_err(|fault| fault.problem(doing))?;
    if count.as_i64().unwrap_or(0) == 0 {
        let post = Call::records(&model, "message_post", &[id]).arg("body", format!("{text} {mark}"));
        odoo.call(post).await.map_err(|fault| fault.problem(doing))?;
        checkpoint::reach("noted").await;
    }
    let names = odoo.read(&model, &[id], &["display_name"]).await.map_err(|fault| fault.problem(doing))?;
    let name = names.first().and_then(|record| record.get("display_name")).and_then(Json::as_str).unwrap_or_default().to_string();
    engine.journal.touched(message.id, std::iter::once((model, id, name, "sent")), engine.clock.now()).await
}
