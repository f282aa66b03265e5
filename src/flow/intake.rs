//! Files taken from a drop, many at once: fetched side by side into the spool, on disk together, written into the journal together.
//! What is taken is known by path, size, time and content, never by its name alone.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::{
    Engine, Summary,
    away::Away,
    look::{self, Found},
    shelf, unpack,
};
use crate::{
    config::{Flow, Format, InFlow, SameContent, Unusual},
    failpoints::checkpoint,
    format::end,
    journal::{Message, NewMessage, Verdict},
    model::{BoxFuture, Code, Direction, MessageId, Problem, Stage, codes::Scope, problem::shown},
    transport::{Drop, Entry, join},
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
pub(super) async fn take(
    engine: &Engine,
    drop: &dyn Drop,
    flow: &Flow,
    inbound: &InFlow,
    batch: Vec<Entry>,
    found: &Found,
    summary: &mut Summary,
) -> Result<Vec<Message>, Problem> {
    let away = &Away::beyond(Scope::Endpoint);
    let mut fetching: Vec<BoxFuture<'_, _>> = Vec::with_capacity(batch.len());
    for entry in batch {
        fetching.push(Box::pin(async move { (away.unless(fetch(engine, drop, flow, inbound, &entry)).await, entry) }));
    }
    let fetched: Vec<_> = stream::iter(fetching).buffered(drop.at_once().max(1)).collect().await;
    checkpoint("fetched").await;
    let spooled: Vec<MessageId> = fetched.iter().filter_map(|(result, _)| result.as_ref().ok().map(|file| file.id)).collect();
    let mut stop = None;
    let (new, repeats) = match proved(engine, flow, inbound, fetched, found, &mut stop, summary).await {
        Ok(judged) => judged,
        Err(problem) => {
            // The files lie on the drop still; a disk that is full must not be filled further by what nobody knows of.
            spooled.iter().for_each(|id| engine.storage.discard(&id.to_string()));
            return Err(problem);
        }
    };
    let messages = {
        let twins: Vec<(NewMessage, MessageId)> = repeats.iter().map(|(file, known)| (file.clone(), known.id)).collect();
        engine.journal.receive_all(None, &new, &twins, engine.clock.now()).await?
    };
    checkpoint("received").await;
    for (file, _) in &repeats {
        engine.storage.discard(&file.id.to_string());
    }
    summary.duplicates += repeats.len();
    shelf::duplicates(engine, drop, flow, &repeats, summary).await?;
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
async fn proved(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    fetched: Vec<(Result<NewMessage, Problem>, Entry)>,
    found: &Found,
    stop: &mut Option<Problem>,
    summary: &mut Summary,
) -> Result<(Vec<NewMessage>, Vec<Repeat>), Problem> {
    let mut new = Vec::new();
    for (result, entry) in fetched {
        match result {
            Ok(file) if is_cut(engine, inbound, &file, found, &entry).await? => {
                engine.storage.discard(&file.id.to_string());
                look::hold_cut(engine, flow, inbound, &entry).await?;
                summary.changing += 1;
            }
            Ok(file) => new.push(file),
            // What keeps every file from being taken ends the run; what is wrong with one is told and the others go on.
            Err(problem) if problem.code.scope() < Scope::Endpoint => summary.problems.push(problem.in_file(&entry.name)),
            Err(problem) => *stop = Some(problem),
        }
    }
    let stored: Vec<MessageId> = new.iter().filter(|file| !file.stored.is_empty()).map(|file| file.id).collect();
    engine.storage.settle(stored).await?;
    checkpoint("spooled").await;
    judged(engine, flow, inbound, new).await
}

/// One file into the spool.
async fn fetch(engine: &Engine, drop: &dyn Drop, flow: &Flow, inbound: &InFlow, entry: &Entry) -> Result<NewMessage, Problem> {
    let mut new = NewMessage {
        name: entry.name.clone(),
        path: join(&flow.folder, &entry.name),
        size: entry.size,
        modified: entry.modified,
        verdict: Some(Verdict::New),
        sequence: inbound.sequence.as_ref().and_then(|sequence| sequence.number(&entry.name)),
        ..NewMessage::of(&flow.id, Direction::In)
    };
    if entry.size > inbound.limits.bytes {
        new.rest = Some((Stage::Failed, crate::transport::too_large(&entry.name, entry.size, inbound.limits.bytes)));
        return Ok(new);
    }
    if entry.size == 0 && inbound.empty == Unusual::Reject {
        new.rest = Some((Stage::Failed, Problem::new(Code::DocEmpty, "the file is empty").in_file(&entry.name)));
    }
    let mut spooling = engine.storage.spooling(new.id)?;
    drop.fetch(&new.path, entry.size, inbound.limits.bytes, &mut spooling).await?;
    (new.stored, new.sha256) = spooling.finish()?;
    Ok(new)
}

/// Whether a file that stands still was cut off all the same. One that was waited for long enough is taken as it is.
async fn is_cut(engine: &Engine, inbound: &InFlow, file: &NewMessage, found: &Found, entry: &Entry) -> Result<bool, Problem> {
    if inbound.cut.is_zero() || file.stored.is_empty() || found.given_up.contains(&entry.name) {
        return Ok(false);
    }
    let bytes = engine.storage.spooled_bytes(file.id).await?;
    if !inbound.unpack.is_empty() && unpack::begins(&bytes) {
        return Ok(unpack::is_cut(&bytes));
    }
    Ok(tokio::task::block_in_place(|| match &inbound.format {
        Format::Xml => end::xml_is_cut(&bytes),
        Format::Csv(dialect) => end::csv_is_cut(&bytes, dialect),
    }))
}

/// A file that repeats one we know.
pub(super) type Repeat = (NewMessage, Message);

/// The ledger's verdict on each file, against what came before and against each other.
pub(super) async fn judged(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    files: Vec<NewMessage>,
) -> Result<(Vec<NewMessage>, Vec<Repeat>), Problem> {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let contents: HashSet<&str> = files.iter().map(|file| file.sha256.as_str()).filter(|digest| !digest.is_empty()).collect();
    let known = engine.journal.known(&flow.id, &paths, &contents.into_iter().collect::<Vec<_>>()).await?;
    let (mut new, mut repeats): (Vec<NewMessage>, Vec<Repeat>) = (Vec::new(), Vec::new());
    // Contents of this very batch: name and id of the file that had them first.
    let mut here: Vec<(String, String, MessageId)> = Vec::new();
    for mut file in files {
        if file.rest.is_some() || file.size == 0 {
            file.verdict = Some(if known.paths.contains(&file.path) { Verdict::NewContent } else { Verdict::New });
            new.push(file);
            continue;
        }
        // A duplicate repeats the latest file of its name; what returns to an earlier state (a price set back) is news.
        let latest = known.latest.get(&file.path);
        let same_name = latest.filter(|latest| latest.sha256 == file.sha256);
        let other_name = known.by_content.get(&file.sha256).and_then(|same| same.iter().find(|message| message.path != file.path));
        let beside = here.iter().find(|(digest, ..)| *digest == file.sha256);
        let verdict = match (same_name, latest) {
            (Some(_), _) => Verdict::Duplicate,
            (None, Some(_)) => Verdict::NewContent,
            (None, None) if other_name.is_some() || beside.is_some() => Verdict::SameContent,
            (None, None) if known.paths.contains(&file.path) => Verdict::NewContent,
            (None, None) => Verdict::New,
        };
        file.verdict = Some(verdict);
        // A zip's document is known by its place in a zip of that name: whether a later state of it came meanwhile is not seen here, so
        // that it is held rather than passed over.
        let skipped = verdict == Verdict::SameContent && inbound.same_content == SameContent::Skip && file.parent.is_none();
        if let Some(first) = same_name.or(other_name)
            && (verdict == Verdict::Duplicate || skipped)
        {
            let first = first.clone();
            repeats.push((file, first));
            continue;
        }
        if verdict == Verdict::SameContent && inbound.same_content != SameContent::Process {
            let (name, id) = match (other_name, beside) {
                (Some(message), _) => (message.name.as_str(), message.id),
                (None, Some((_, name, id))) => (name.as_str(), *id),
                (None, None) => ("", file.id),
            };
            let held =
                Problem::new(Code::SameContent, format!("the same content came before as `{}` (message {})", shown(name), id.short()))
                    .hint(format!("if it is meant to be processed again: consign reprocess {}", file.id.short()));
            file.rest = Some((Stage::Held, held.in_file(&file.name)));
        } else {
            here.push((file.sha256.clone(), file.name.clone(), file.id));
        }
        new.push(file);
    }
    Ok((new, repeats))
}
