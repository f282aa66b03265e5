//! What lies on a drop, and which of it may be taken: a file that still changes is left alone, one that was taken before is known.

use std::collections::HashMap;

use super::{Engine, Summary, checkpoint, same::same_file, shelf, storage::digest};
use crate::{
    config::{Flow, InFlow, SameContent},
    journal::{Message, NewMessage, Verdict},
    model::{Direction, MessageId, Problem, Stage, codes, pattern::fits},
    transport::{Drop, Entry, join},
};

/// Names that writers use while they write; never taken whatever the flow's patterns say.
fn is_temporary_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.') || [".tmp", ".part", ".filepart", ".partial", ".crdownload"].iter().any(|ending| lower.ends_with(ending))
}

/// Files that fit the flow and have stood still, oldest first. Those that still change are counted and told.
pub(super) async fn stable(
    engine: &Engine,
    drop: &dyn Drop,
    flow: &Flow,
    inbound: &InFlow,
    summary: &mut Summary,
) -> Result<Vec<Entry>, Problem> {
    let wanted = |entry: &Entry| !is_temporary_name(&entry.name) && inbound.files.iter().any(|pattern| fits(pattern, &entry.name));
    let first: Vec<Entry> = drop.list(&flow.folder).await?.into_iter().filter(wanted).collect();
    let mut fresh = Vec::new();
    for entry in first {
        if entry.unreachable {
            let problem = Problem::new(codes::DROP_IO, format!("the name of `{}` is not UTF-8: the file cannot be taken", entry.name));
            summary.problems.push(problem.in_file(&entry.name).hint("ask the partner to name it in plain letters, or rename it"));
            continue;
        }
        // A file that a message still holds and that is unchanged needs no second look.
        if !is_held(engine, flow, &entry).await? {
            fresh.push(entry);
        }
    }
    if fresh.is_empty() || inbound.settle.is_zero() {
        return Ok(sorted(fresh));
    }
    tokio::time::sleep(inbound.settle).await;
    let second: HashMap<String, Entry> = drop.list(&flow.folder).await?.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let mut still = Vec::new();
    for entry in fresh {
        match second.get(&entry.name) {
            Some(now) if *now == entry => still.push(entry),
            Some(_) => {
                summary.changing += 1;
                tracing::info!(
                    flow = flow.id,
                    name = crate::model::problem::shown(&entry.name),
                    code = codes::STILL_CHANGING.info().code,
                    "the file is still being written; left for the next poll"
                );
            }
            None => {}
        }
    }
    Ok(sorted(still))
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
    entries
}

async fn is_held(engine: &Engine, flow: &Flow, entry: &Entry) -> Result<bool, Problem> {
    let path = join(&flow.folder, &entry.name);
    let Some(mut message) = engine.journal.holding(&flow.id, &path).await? else { return Ok(false) };
    if same_file(&message, entry) {
        return Ok(true);
    }
    // The partner has put another file in its place: the message has nothing left to move.
    let stored = message.stored.clone();
    engine.journal.shelved(&mut message, &stored, true).await?;
    Ok(false)
}

/// Takes one file: fetch, spool, journal. `None` when there is nothing to carry on: a duplicate, or held.
pub(super) async fn take(
    engine: &Engine,
    drop: &dyn Drop,
    flow: &Flow,
    inbound: &InFlow,
    entry: &Entry,
    summary: &mut Summary,
) -> Result<Option<Message>, Problem> {
    let path = join(&flow.folder, &entry.name);
    let id = MessageId::new();
    let mut new = NewMessage {
        id,
        flow: flow.id.clone(),
        direction: Direction::In,
        name: entry.name.clone(),
        path: path.clone(),
        size: entry.size,
        modified: entry.modified,
        sha256: String::new(),
        stored: String::new(),
        verdict: Some(Verdict::New),
        claims: Vec::new(),
        rest: None,
    };
    if entry.size > inbound.limits.bytes {
        new.rest = Some((Stage::Failed, crate::transport::too_large(&entry.name, entry.size, inbound.limits.bytes)));
        let message = received(engine, &new).await?;
        engine.settled(&message, summary);
        return Ok(Some(message));
    }
    let bytes = drop.read(&path, entry.size, inbound.limits.bytes).await?;
    checkpoint::reach("fetched").await;
    new.sha256 = digest(&bytes);
    let known = if bytes.is_empty() { Vec::new() } else { engine.journal.with_content(&flow.id, &new.sha256).await? };
    // A duplicate repeats the latest file of its name; what returns to an earlier state (a price set back) is news.
    let latest = engine.journal.latest(&flow.id, &path).await?;
    let same_name = latest.as_ref().filter(|latest| !bytes.is_empty() && latest.sha256 == new.sha256);
    let other_name = known.iter().find(|message| message.name != entry.name);
    let verdict = match (same_name, other_name) {
        (Some(_), _) => Verdict::Duplicate,
        (None, _) if latest.is_some() => Verdict::NewContent,
        (None, Some(_)) => Verdict::SameContent,
        (None, None) if engine.journal.knows_path(&flow.id, &path).await? => Verdict::NewContent,
        (None, None) => Verdict::New,
    };
    new.verdict = Some(verdict);
    if let Some(known) = same_name.or(other_name)
        && (verdict == Verdict::Duplicate || (verdict == Verdict::SameContent && inbound.same_content == SameContent::Skip))
    {
        engine.journal.seen(&new, verdict, known.id, engine.clock.now()).await?;
        shelf::duplicate(engine, drop, flow, &new, known).await?;
        summary.duplicates += 1;
        return Ok(None);
    }
    new.stored = engine.storage.spool(id, &bytes)?;
    checkpoint::reach("spooled").await;
    let hold = match (verdict, other_name) {
        (Verdict::SameContent, Some(known)) if inbound.same_content == SameContent::Hold => Some(
            Problem::new(codes::SAME_CONTENT, format!("the same content came before as `{}` (message {})", known.name, known.id.short()))
                .hint(format!("if it is meant to be processed again: consign reprocess {}", id.short())),
        ),
        _ if bytes.is_empty() => Some(
            Problem::new(codes::HELD_SIZE, "the file has 0 bytes")
                .hint("it is looked at again as soon as it changes; otherwise ask the partner to send it again"),
        ),
        _ => None,
    };
    new.rest = hold.map(|problem| (Stage::Held, problem.in_file(&entry.name)));
    let message = received(engine, &new).await?;
    checkpoint::reach("received").await;
    if message.stage == Stage::Held {
        engine.settled(&message, summary);
        return Ok(None);
    }
    Ok(Some(message))
}

async fn received(engine: &Engine, new: &NewMessage) -> Result<Message, Problem> {
    engine.journal.receive(new, engine.clock.now()).await?;
    engine.journal.find(&new.id.to_string()).await
}
