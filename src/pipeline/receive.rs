//! Receives items from a source in batches: fetched into the spool, synced to disk together, recorded in the journal together. An item is
//! identified by its key, its fingerprint and its content, never by its name alone.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{
    Run, Summary,
    dedup::{Repeat, classify},
    look, settle,
};
use crate::{
    endpoint::{Fetched, ItemOrigin},
    failpoints::{Planted, checkpoint, planted},
    journal::{Doubt, NewMessage},
    model::{Code, Message, MessageId, Problem, Stage, codes::Scope},
    storage::Unclaimed,
};

/// Files of one batch.
const FILES: usize = 512;
/// Bytes of one batch; a larger file is a batch by itself.
const BYTES: u64 = 64 << 20;

/// Splits the found items into batches that are fetched, stored and recorded together.
pub(super) fn batches(ready: Vec<ItemOrigin>) -> Vec<Vec<ItemOrigin>> {
    let mut batches: Vec<Vec<ItemOrigin>> = Vec::new();
    let mut bytes = u64::MAX;
    for entry in ready {
        bytes = bytes.saturating_add(entry.size);
        if bytes > BYTES || batches.last().is_none_or(|batch| batch.len() >= FILES) {
            batches.push(Vec::new());
            bytes = entry.size;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(entry);
        }
    }
    batches
}

/// Receives what was fetched: spool, journal, then the acknowledgement to the source. Returns the messages to process, in their order, with
/// the records that they are made of.
pub(super) async fn receive(
    run: &Run<'_>,
    fetched: Vec<Result<Fetched, Problem>>,
    doubt: Option<Doubt>,
    summary: &mut Summary,
) -> Result<Vec<(Message, Option<Vec<Json>>)>, Problem> {
    let engine = run.engine;
    let mut stop = None;
    let mut taken = Taken::default();
    // All items are still at their source; if this ends early, nothing stays in the spool.
    let (new, repeats) = verify_complete(run, fetched, doubt, &mut taken, &mut stop, summary).await?;
    if planted(Planted::AcceptedEarly) {
        let early: Vec<Message> = new.iter().map(|new| new.message(engine.clock().now())).collect();
        run.source.accept(&early).await?;
    }
    let Taken { mut records, unclaimed } = taken;
    let twins: Vec<(NewMessage, MessageId)> = repeats.iter().map(|(file, known)| (file.clone(), known.id)).collect();
    // From here on the journal may have them, whatever it returns and whatever interrupts this.
    let ids: Vec<MessageId> = unclaimed.keys().copied().collect();
    unclaimed.into_values().for_each(Unclaimed::keep);
    let received = engine.journal().receive_all(None, &new, &twins, engine.clock().now()).await;
    let messages = match received {
        Ok(messages) => messages,
        Err(problem) => {
            engine.discard_unknown(ids).await;
            return Err(problem);
        }
    };
    checkpoint("received").await;
    if let Err(problem) = run.source.accept(&messages).await {
        summary.problems.push(problem);
    }
    engine.storage().discard(repeats.iter().map(|(file, _)| file.id)).await;
    summary.duplicates += repeats.len();
    settle::duplicates(run, &repeats, summary).await?;
    let mut carry = Vec::new();
    for message in messages {
        if matches!(message.stage, Stage::Held | Stage::Failed) {
            engine.settled(&message, summary);
        }
        if message.stage != Stage::Held {
            let records = records.remove(&message.id);
            carry.push((message, records));
        }
    }
    match stop {
        // The next run continues with the received messages; this one cannot.
        Some(problem) => Err(problem),
        None => Ok(carry),
    }
}

/// Data of messages that are not recorded yet.
#[derive(Default)]
struct Taken {
    records: HashMap<MessageId, Vec<Json>>,
    unclaimed: HashMap<MessageId, Unclaimed>,
}

/// The items of a batch that are complete and on disk, with the ledger's verdict on each.
async fn verify_complete(
    run: &Run<'_>,
    fetched: Vec<Result<Fetched, Problem>>,
    doubt: Option<Doubt>,
    taken: &mut Taken,
    stop: &mut Option<Problem>,
    summary: &mut Summary,
) -> Result<(Vec<NewMessage>, Vec<Repeat>), Problem> {
    let storage = run.engine.storage();
    let mut new = Vec::new();
    for one in fetched {
        match one {
            Ok(Fetched { origin, incomplete: Some(problem), .. }) => {
                // The wait starts now, not when it was first seen to be stable.
                look::leave(run, &[(&origin, problem)]).await?;
                summary.incomplete += 1;
            }
            Ok(Fetched { message, records, unclaimed, .. }) => {
                if !records.is_empty() {
                    taken.records.insert(message.id, records);
                }
                taken.unclaimed.extend(unclaimed.map(|one| (message.id, one)));
                new.push(message);
            }
            // A problem that affects all ends the run. A problem of one item is reported, and the others continue.
            Err(problem) if problem.code.scope() < Scope::Endpoint => summary.problems.push(problem),
            Err(problem) => *stop = Some(problem),
        }
    }
    let stored: Vec<MessageId> = new.iter().filter(|file| !file.stored.is_empty()).map(|file| file.id).collect();
    storage.sync_spooled(stored).await?;
    checkpoint("spooled").await;
    let (mut new, repeats) = match &run.flow.documents {
        Some(documents) => classify(run.engine, &run.flow.id, documents, new).await?,
        // Records are known by their claims.
        None => (new, Vec::new()),
    };
    if let Some(doubt) = doubt {
        new.iter_mut().for_each(|message| message.rest = Some((Stage::Held, may_be_sent(doubt))));
    }
    Ok((new, repeats))
}

/// Why a document is held: it may have been sent already.
fn may_be_sent(doubt: Doubt) -> Problem {
    let text = match doubt {
        Doubt::Restored(made) => {
            let made = made.format("%Y-%m-%d %H:%M:%S UTC");
            format!("the journal is a backup of {made}; this may have been sent after that")
        }
        Doubt::Begun(at) => {
            let at = at.format("%Y-%m-%d %H:%M:%S UTC");
            format!("the journal was started again at {at}; this may have been sent before that")
        }
        Doubt::OtherOdoo => {
            "the flow uses another Odoo than before; if it is the same Odoo under another name, this was sent already".to_string()
        }
    };
    Problem::new(Code::Restored, text).hint("check whether the partner has it: consign release sends it, consign discard does not")
}
