//! Outbound: records of Odoo that are to be sent are claimed, each once, and carried to the partner's drop.
//!
//! Never sent twice: a record is claimed in the journal before anything is made of it; the rest is [`sending`]'s.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::{
    Engine, Summary, answers,
    carry::{Steps, carry, foreign},
    react::Next,
    select_records, sending,
};
use crate::{
    config::{Flow, Outbound},
    failpoints::checkpoint,
    journal::{Doubt, NewMessage},
    model::{BoxFuture, Code, Direction, Message, Pipeline, Problem, Problems, Stage, pipeline},
    odoo::read::read_tree,
    schema::Schema,
};

pub(super) async fn run(
    engine: &Engine,
    flow: &Flow,
    outbound: Outbound<'_>,
    schema: &Schema,
    look: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    for mut message in engine.journal.unfinished(&flow.id, engine.clock.now(), engine.eager).await? {
        if engine.is_stopping() {
            return Ok(());
        }
        if carry_records(engine, flow, outbound, schema, &mut message, None, summary).await? == Next::Stop {
            // Neither the messages that are left nor new ones would fare better now.
            return Ok(());
        }
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
    let doubt = engine.journal.doubt(&flow.id, &flow.odoo, engine.clock.now()).await?;
    let (ready, cursor) = select_records::due_records(engine, flow, outbound, summary).await?;
    if ready.is_empty() {
        return pass(engine, flow, cursor, doubt).await.map_err(Problems::from);
    }
    engine.watcher.found(&flow.id, ready.len());
    let odoo = engine.odoo(&flow.odoo).await?;
    // All records of the run in as many calls as the tree has relations; a message resumed later reads its own.
    let all = read_tree(&odoo, engine.workspace.catalog(&flow.odoo), &outbound.records.model, &ready, &outbound.records.fields).await;
    let records = match all {
        Ok(records) => records,
        // A temporary obstacle, or a mistake that every record would meet.
        Err(problem) if problem.is_temporary() || problem.code == Code::OdooUnknown => return Err(problem.into()),
        Err(problem) => readable(engine, flow, outbound, &ready, (problem, doubt), summary).await?,
    };
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        if engine.is_stopping() {
            return Ok(());
        }
        // What must be looked at by a person, record by record, is not put together.
        let most = if doubt.is_some() { 1 } else { outbound.records.per_file };
        let together: Vec<Json> = records.by_ref().take(most).collect();
        let mut message = claim(engine, flow, outbound, &together, doubt).await?;
        checkpoint("received").await;
        if message.stage == Stage::Held {
            engine.settled(&message, summary);
            continue;
        }
        if carry_records(engine, flow, outbound, schema, &mut message, Some(together), summary).await? == Next::Stop {
            return Ok(());
        }
    }
    // Every one of them is claimed now, and none is looked for again.
    pass(engine, flow, cursor, doubt).await.map_err(Problems::from)
}

/// Remembers that everything that was ready is claimed; where it is not known what was sent, that it was held.
async fn pass(engine: &Engine, flow: &Flow, cursor: Option<String>, doubt: Option<Doubt>) -> Result<(), Problem> {
    select_records::commit_cursor(engine, flow, cursor).await?;
    match doubt {
        Some(_) => engine.journal.seen_restored(&flow.id).await,
        None => Ok(()),
    }
}

/// Why a document is held that may have been sent already.
fn may_be_sent(doubt: Doubt) -> Problem {
    let text = match doubt {
        Doubt::Restored(made) => {
            let made = made.format("%Y-%m-%d %H:%M:%S UTC");
            format!("the journal was restored as it was at {made}; what was sent after that it does not know, this among it perhaps")
        }
        Doubt::OtherOdoo => {
            "the flow works with another Odoo than before; if that is the same Odoo under another name, this was sent already".to_string()
        }
    };
    Problem::new(Code::Restored, text).hint("look whether the partner has it: consign release sends it, consign discard does not")
}

/// Whether the partner has collected what we sent. A file that lies there too long is told, all of them in one problem.
async fn watch_pickup(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, summary: &mut Summary) -> Result<(), Problem> {
    let Some(patience) = outbound.files.pickup else { return Ok(()) };
    let sent = engine.journal.uncollected(&flow.id).await?;
    if sent.is_empty() {
        return Ok(());
    }
    let drop = engine.drop(&flow.partner).await?;
    let there: HashSet<String> = drop.list(flow.folder()).await?.into_iter().map(|entry| entry.name).collect();
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
    outbound: Outbound<'_>,
    ready: &[i64],
    (first, doubt): (Problem, Option<Doubt>),
    summary: &mut Summary,
) -> Result<Vec<Json>, Problems> {
    let odoo = engine.odoo(&flow.odoo).await?;
    let (mut records, mut failed) = (Vec::new(), Vec::new());
    for id in ready {
        match read_tree(&odoo, engine.workspace.catalog(&flow.odoo), &outbound.records.model, &[*id], &outbound.records.fields).await {
            Ok(read) => records.extend(read),
            Err(problem) => failed.push((id, problem)),
        }
    }
    if records.is_empty() {
        return Err(first.into());
    }
    for (id, problem) in failed {
        let named = json!({ "id": id, "name": format!("{} {id}", outbound.records.model) });
        let mut message = claim(engine, flow, outbound, &[named], doubt).await?;
        if message.stage == Stage::Held {
            engine.settled(&message, summary);
            continue;
        }
        engine.journal.fail(&mut message, &[problem], engine.clock.now()).await?;
        engine.settled(&message, summary);
    }
    Ok(records)
}

async fn claim(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, records: &[Json], doubt: Option<Doubt>) -> Result<Message, Problem> {
    let record_id = |record: &Json| record.get("id").and_then(Json::as_i64).unwrap_or_default();
    let new = NewMessage {
        name: records.first().and_then(|record| record.get("name")).and_then(Json::as_str).unwrap_or("record").to_string(),
        claims: records.iter().map(|record| format!("{},{}", outbound.records.model, record_id(record))).collect(),
        numbers: numbers(outbound, records),
        rest: doubt.map(|doubt| (Stage::Held, may_be_sent(doubt))),
        ..NewMessage::of(&flow.id, Direction::Out, &flow.odoo)
    };
    engine.journal.receive(&new, engine.clock.now()).await
}

/// What a message is found by: the names of its records, and what the flow names besides.
fn numbers(outbound: Outbound<'_>, records: &[Json]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for record in records {
        if let Some(name) = record.get("name").and_then(Json::as_str) {
            found.push(("record".to_string(), name.to_string()));
        }
        for (kind, path) in &outbound.records.numbers {
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

/// Carries a message of records as far as it goes, and puts one that is at rest where it belongs.
async fn carry_records(
    engine: &Engine,
    flow: &Flow,
    outbound: Outbound<'_>,
    schema: &Schema,
    message: &mut Message,
    read: Option<Vec<Json>>,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    let mut steps = Records { engine, flow, outbound, schema, read };
    let next = carry(engine, flow, &mut steps, message, summary).await?;
    match message.stage {
        _ if message.pipeline().maps() => Ok(next),
        Stage::Done | Stage::Failed if message.moved => Ok(next),
        Stage::Done | Stage::Failed | Stage::Discarded => put_away(engine, flow, outbound, message).await.map(|()| next),
        _ => Ok(next),
    }
}

/// Takes back what was uploaded of a message that was discarded, and archives our copy of one that is at rest.
async fn put_away(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &mut Message) -> Result<(), Problems> {
    if message.stage == Stage::Discarded
        && let Err(problem) = sending::withdraw(engine, flow, outbound, message).await
    {
        // Tried again at the next run.
        tracing::warn!(message = message.id.short(), code = problem.code.as_str(), "{}", problem.message);
        return Ok(());
    }
    let problems = engine.journal.last_problems(message.id).await?;
    let stored = engine.storage.shelve(message, &problems).await?;
    Ok(engine.journal.shelved(message, &stored, true).await?)
}

/// The steps of records to a partner's drop: received, planned, staged, applied, done.
struct Records<'f> {
    engine: &'f Engine,
    flow: &'f Flow,
    outbound: Outbound<'f>,
    schema: &'f Schema,
    /// The records, where this run has read them already.
    read: Option<Vec<Json>>,
}

impl Steps for Records<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        &pipeline::RENDER
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, _: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        let (engine, flow, outbound) = (self.engine, self.flow, self.outbound);
        Box::pin(async move {
            match message.stage {
                Stage::Received => sending::render(engine, flow, outbound, self.schema, message, self.read.take()).await,
                Stage::Planned => {
                    sending::stage(engine, flow, outbound, message).await?;
                    Ok(engine.journal.advance(message, Stage::Staged, None, engine.clock.now()).await?)
                }
                Stage::Staged => Ok(sending::send(engine, flow, outbound, message).await?),
                Stage::Applied => Ok(sending::finish(engine, flow, outbound, message).await?),
                _ => Err(foreign(message)),
            }
        })
    }
}
