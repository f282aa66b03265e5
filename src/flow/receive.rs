//! Files taken from a drop, many at once: fetched side by side into the spool, on disk together, written into the journal together.
//! What is taken is known by path, size, time and content, never by its name alone.

use futures_util::{StreamExt, stream};

use super::{
    Engine, Summary, acknowledge,
    circuit_breaker::Breaker,
    dedup::{Repeat, classify},
    readiness::{self, Intake},
};
use crate::{
    config::{Flow, Inbound, Unusual},
    failpoints::checkpoint,
    format::zip,
    journal::{NewMessage, Verdict},
    model::{BoxFuture, Code, Direction, Message, MessageId, Problem, Stage, codes::Scope},
    transport::{Entry, RemoteFs, join},
};

/// Files of one batch.
const FILES: usize = 512;
/// Bytes of one batch; a file that has more is one by itself.
const BYTES: u64 = 64 << 20;

/// Cuts what was found into batches that are fetched, stored and written down together.
pub(super) fn batches(ready: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
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

/// Takes a batch: fetch, spool, journal. Gives the messages to carry on, in the order of the files.
pub(super) async fn receive_batch(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    inbound: Inbound<'_>,
    batch: Vec<Entry>,
    found: &Intake,
    summary: &mut Summary,
) -> Result<Vec<Message>, Problem> {
    let breaker = &Breaker::beyond(Scope::Endpoint);
    let mut fetching: Vec<BoxFuture<'_, _>> = Vec::with_capacity(batch.len());
    for entry in batch {
        fetching.push(Box::pin(async move { (breaker.call(fetch(engine, drop, flow, inbound, &entry, found)).await, entry) }));
    }
    let fetched: Vec<_> = stream::iter(fetching).buffered(drop.at_once().max(1)).collect().await;
    checkpoint("fetched").await;
    let spooled: Vec<MessageId> = fetched.iter().filter_map(|(result, _)| result.as_ref().ok().map(|fetched| fetched.file.id)).collect();
    let mut stop = None;
    let (new, repeats) = match verify_complete(engine, flow, inbound, fetched, &mut stop, summary).await {
        Ok(judged) => judged,
        Err(problem) => {
            // The files lie on the drop still; a disk that is full must not be filled further by what nobody knows of.
            engine.storage.discard(spooled).await;
            return Err(problem);
        }
    };
    let messages = {
        let twins: Vec<(NewMessage, MessageId)> = repeats.iter().map(|(file, known)| (file.clone(), known.id)).collect();
        engine.journal.receive_all(None, &new, &twins, engine.clock.now()).await?
    };
    checkpoint("received").await;
    engine.storage.discard(repeats.iter().map(|(file, _)| file.id)).await;
    summary.duplicates += repeats.len();
    acknowledge::duplicates(engine, drop, flow, &repeats, summary).await?;
    let mut carry = Vec::new();
    for message in messages {
        if matches!(message.stage, Stage::Held | Stage::Failed) {
            engine.settled(&message, summary);
        }
        if message.stage != Stage::Held {
            carry.push(message);
        }
    }
    match stop {
        // What was taken is carried on by the next run; this one cannot go on.
        Some(problem) => Err(problem),
        None => Ok(carry),
    }
}

/// What of a batch is complete and on disk, with the ledger's verdict on each.
async fn verify_complete(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
    fetched: Vec<(Result<Fetched, Problem>, Entry)>,
    stop: &mut Option<Problem>,
    summary: &mut Summary,
) -> Result<(Vec<NewMessage>, Vec<Repeat>), Problem> {
    let mut new = Vec::new();
    for (result, entry) in fetched {
        match result {
            Ok(Fetched { file, is_truncated: true }) => {
                engine.storage.discard([file.id]).await;
                readiness::hold_cut(engine, flow, inbound, &entry).await?;
                summary.changing += 1;
            }
            Ok(Fetched { file, .. }) => new.push(file),
            // A problem that every file would meet ends the run. A problem of one file is reported, and the others go on.
            Err(problem) if problem.code.scope() < Scope::Endpoint => summary.problems.push(problem.in_file(&entry.name)),
            Err(problem) => *stop = Some(problem),
        }
    }
    let stored: Vec<MessageId> = new.iter().filter(|file| !file.stored.is_empty()).map(|file| file.id).collect();
    engine.storage.settle(stored).await?;
    checkpoint("spooled").await;
    classify(engine, flow, inbound, new).await
}

/// A file that was fetched into the spool.
struct Fetched {
    file: NewMessage,
    /// It stands still and ends before its document does.
    is_truncated: bool,
}

/// Bytes of a file that are looked at while they come; a larger one is read again from the spool.
const KEPT: usize = 8 << 20;

/// One file into the spool.
async fn fetch(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    inbound: Inbound<'_>,
    entry: &Entry,
    found: &Intake,
) -> Result<Fetched, Problem> {
    let mut file = NewMessage {
        name: entry.name.clone(),
        path: join(flow.folder(), &entry.name),
        size: entry.size,
        modified: entry.modified,
        verdict: Some(Verdict::New),
        sequence: inbound.files.sequence.as_ref().and_then(|sequence| sequence.number(&entry.name)),
        ..NewMessage::of(&flow.id, Direction::In, &flow.odoo)
    };
    if entry.size > inbound.files.limits.bytes {
        file.rest = Some((Stage::Failed, crate::transport::too_large(&entry.name, entry.size, inbound.files.limits.bytes)));
        return Ok(Fetched { file, is_truncated: false });
    }
    if entry.size == 0 && inbound.files.empty == Unusual::Reject {
        file.rest = Some((Stage::Failed, Problem::new(Code::DocEmpty, "the file is empty").in_file(&entry.name)));
    }
    // One that was waited for long enough is taken as it is.
    let judged = !inbound.files.cut.is_zero() && !found.given_up.contains(&entry.name);
    let spooling = engine.storage.spooling(file.id)?;
    let mut spooling = if judged { spooling.keeping(KEPT) } else { spooling };
    drop.fetch(&file.path, entry.size, inbound.files.limits.bytes, &mut spooling).await?;
    let spooled = spooling.finish()?;
    (file.stored, file.sha256) = (spooled.stored, spooled.sha256);
    let is_truncated = judged
        && match spooled.bytes {
            Some(bytes) => is_truncated(inbound, &bytes),
            None => {
                let bytes = engine.storage.spooled_bytes(file.id).await;
                if bytes.is_err() {
                    engine.storage.discard([file.id]).await;
                }
                is_truncated(inbound, &bytes?)
            }
        };
    Ok(Fetched { file, is_truncated })
}

fn is_truncated(inbound: Inbound<'_>, bytes: &[u8]) -> bool {
    if !inbound.files.unpack.is_empty() && zip::begins(bytes) {
        return zip::is_truncated(bytes);
    }
    tokio::task::block_in_place(|| inbound.files.format.is_truncated(bytes))
}
