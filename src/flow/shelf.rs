//! Where files come to rest on the partner's side: `archive/` when their effect is complete, `error/` with a report when they were
//! refused. A move is repeated until it succeeds; an effect never.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::{
    Engine, Summary,
    checkpoint::reach,
    inbound::STOPS,
    intake::Repeat,
    look::{self, marker_of},
    same,
    storage::{digest, name_with_id, partner_report},
};
use crate::{
    config::{Flow, Work},
    journal::{Message, NewMessage},
    model::{BoxFuture, MessageId, Problem, Problems, Stage, codes, problem::shown},
    transport::{self, Drop, join, leaf},
};

/// Puts messages that are done or failed on their shelves, ours and the partner's: together, since each wait for the disk or for the
/// partner's server is one for all. A move that fails leaves its message as it is, and is tried again at the next poll.
pub(super) async fn shelve(engine: &Engine, flow: &Flow, mut messages: Vec<Message>, summary: &mut Summary) -> Result<(), Problem> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut reports = Vec::new();
    for message in &mut messages {
        let problems = match message.stage {
            Stage::Failed => engine.journal.attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default(),
            _ => Vec::new(),
        };
        // One that lies where it belongs is not read and hashed again because the partner's side cannot be reached.
        if message.stage == Stage::Failed || !message.stored.starts_with("archive/") {
            message.stored = engine.storage.shelve(message, &problems)?;
        }
        reports.push(problems);
    }
    engine.journal.shelved_all(&messages).await?;
    reach("shelved").await;
    if summary.drop_is_away {
        return Ok(());
    }
    let unmoved: Vec<(&mut Message, &Problems)> = messages.iter_mut().zip(&reports).filter(|(message, _)| !message.moved).collect();
    if unmoved.is_empty() {
        return Ok(());
    }
    let drop = match engine.drop(&flow.partner).await {
        Ok(drop) => drop,
        Err(problem) => {
            summary.drop_is_away = true;
            summary.problems.push(problem);
            return Ok(());
        }
    };
    let drop = &*drop;
    // One goes first: where it is refused for a reason that all would meet, no other is tried.
    let mut failures: Vec<(&Message, Problem)> = Vec::new();
    let mut unmoved = unmoved.into_iter();
    let mut moved = Vec::new();
    if let Some((first, problems)) = unmoved.next() {
        match move_there(engine, drop, flow, first, problems).await {
            Ok(()) => {
                first.moved = true;
                moved.push(first.clone());
            }
            Err(problem) => failures.push((first, problem)),
        }
    }
    let hopeless = |problem: &Problem| STOPS.contains(&problem.code) || problem.code == codes::DROP_DENIED;
    if failures.iter().any(|(_, problem)| hopeless(problem)) {
        summary.drop_is_away = true;
        let others = unmoved.count();
        let problems = failures.into_iter().map(|(message, problem)| told(message, problem, others));
        summary.problems.extend(problems);
        return Ok(());
    }
    let mut moving: Vec<BoxFuture<'_, (&Message, Result<(), Problem>)>> = Vec::with_capacity(unmoved.len());
    for (message, problems) in unmoved {
        moving.push(Box::pin(async move {
            let result = move_there(engine, drop, flow, message, problems).await;
            message.moved = result.is_ok();
            (&*message, result)
        }));
    }
    let mut moving = stream::iter(moving).buffer_unordered(drop.at_once().max(1));
    while let Some((message, result)) = moving.next().await {
        match result {
            Ok(()) => moved.push(message.clone()),
            Err(problem) => failures.push((message, problem)),
        }
    }
    reach("moved").await;
    engine.journal.shelved_all(&moved).await?;
    summary.drop_is_away |= failures.iter().any(|(_, problem)| hopeless(problem));
    // The same reason is told once, however many files it holds.
    failures.sort_by_key(|(message, problem)| (problem.code.info().code, message.id));
    for same in failures.chunk_by(|(_, one), (_, other)| one.code == other.code) {
        if let Some((message, problem)) = same.first() {
            summary.problems.push(told(message, problem.clone(), same.len() - 1));
        }
    }
    Ok(())
}

/// A move that failed, as ops reads it.
fn told(message: &Message, cause: Problem, others: usize) -> Problem {
    let more = if others == 0 { String::new() } else { format!(", nor {others} more") };
    let sentence = format!("`{}` could not be moved on the partner's side{more}: {}", shown(&message.name), cause.message);
    let hint = cause.hint.unwrap_or_else(|| "what it did is complete and is not repeated; the move is tried again at each poll".into());
    Problem::new(codes::SHELF_FAILED, sentence).hint(hint)
}

async fn move_there(engine: &Engine, drop: &dyn Drop, flow: &Flow, message: &Message, problems: &Problems) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner) else { return Ok(()) };
    let name = name_with_id(&message.name, message.id);
    let (archived, refused) = (join(&partner.archive, &name), join(&partner.error, &name));
    let failed = message.stage == Stage::Failed;
    let (target, other) = if failed { (&refused, &archived) } else { (&archived, &refused) };
    drop.make_folder(if failed { &partner.error } else { &partner.archive }).await?;
    let file = File { name: &message.name, path: &message.path, size: message.size, modified: message.modified, sha256: &message.sha256 };
    if !put_away(drop, &file, target).await? {
        match drop.stat(other).await? {
            Some(_) => drop.rename(other, target).await?,
            None => {
                tracing::warn!(message = message.id.short(), flow = flow.id, "the file is no longer on the partner's side; ours is kept")
            }
        }
    }
    drop_marker(drop, flow, &message.path).await?;
    let report = format!("{refused}.problem.txt");
    if failed {
        drop.write(&report, partner_report(message, problems).as_bytes()).await
    } else if message.run > 1 && drop.stat(&report).await?.is_some() {
        drop.remove(&report).await
    } else {
        Ok(())
    }
}

/// A file as it was taken.
struct File<'a> {
    name: &'a str,
    path: &'a str,
    size: u64,
    modified: Option<DateTime<Utc>>,
    sha256: &'a str,
}

/// Moves a file as it was taken to `target`, a name that is its alone; `false` when it is neither here nor there. Only the very file
/// is moved: one that has come under its name since then is a new one.
async fn put_away(drop: &dyn Drop, file: &File<'_>, target: &str) -> Result<bool, Problem> {
    let here = drop.stat(file.path).await?.is_some_and(|entry| same::same(file.size, file.modified, &entry));
    if here {
        match drop.rename(file.path, target).await {
            Ok(()) => {}
            // It was moved before, and the same name and time came back: a file of its own, and the next poll's.
            Err(problem) if transport::is_taken(&problem) => return Ok(true),
            Err(problem) => return Err(problem),
        }
    } else if drop.stat(target).await?.is_none() {
        return Ok(false);
    }
    give_back_another(drop, file, target).await?;
    Ok(true)
}

/// Files up to this size are read again after the move.
const VERIFIED: u64 = 1 << 20;

/// A file that was put in the place of ours in the moment of the move, or with the same size and time, shows only where it lies now
/// under a name of its own: by its size, or by its bytes. It is given back, so that the next poll takes it.
async fn give_back_another(drop: &dyn Drop, file: &File<'_>, target: &str) -> Result<(), Problem> {
    if file.sha256.is_empty() {
        return Ok(());
    }
    // A partner that takes things out of the archive at once, or may not be read there, has nothing to be given back.
    let gone = |problem: &Problem| [codes::DROP_MISSING, codes::DROP_DENIED].contains(&problem.code);
    let Some(there) = drop.stat(target).await? else { return Ok(()) };
    let ours = there.size == file.size
        && (file.size > VERIFIED
            || match drop.read(target, file.size, VERIFIED).await {
                Ok(bytes) => digest(&bytes) == file.sha256,
                Err(problem) if gone(&problem) => true,
                Err(problem) => return Err(problem),
            });
    if ours {
        return Ok(());
    }
    tracing::warn!(name = shown(file.name), "another file had taken its place; it is given back");
    let back = if drop.stat(file.path).await?.is_none() {
        file.path.to_string()
    } else {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        join(folder, &name_with_id(file.name, MessageId::new()))
    };
    drop.rename(target, &back).await
}

/// The sign that a file is complete goes with the file, unless another lies under its name by now: then it is that one's.
async fn drop_marker(drop: &dyn Drop, flow: &Flow, path: &str) -> Result<(), Problem> {
    let Work::In(inbound) = &flow.work else { return Ok(()) };
    let Some(marker) = &inbound.marker else { return Ok(()) };
    if drop.stat(path).await?.is_some() {
        return Ok(());
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    drop.remove(&join(folder, &marker_of(marker, leaf(path)))).await
}

/// Shelves exact duplicates beside the files they repeat. One that cannot be moved is told and left; the others go on.
pub(super) async fn duplicates(
    engine: &Engine,
    drop: &dyn Drop,
    flow: &Flow,
    copies: &[Repeat],
    summary: &mut Summary,
) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner).filter(|_| !copies.is_empty()) else { return Ok(()) };
    let archive = drop.make_folder(&partner.archive).await;
    let mut shelving: Vec<BoxFuture<'_, (&Repeat, Result<(), Problem>)>> = Vec::with_capacity(copies.len());
    for repeat in copies {
        let (copy, known) = repeat;
        let archive = archive.clone();
        shelving.push(Box::pin(async move {
            tracing::info!(
                flow = flow.id,
                name = shown(&copy.name),
                known = known.id.short(),
                code = codes::DUPLICATE.info().code,
                "exact duplicate, shelved"
            );
            let file = File { name: &copy.name, path: &copy.path, size: copy.size, modified: copy.modified, sha256: &copy.sha256 };
            let target = join(&partner.archive, &name_with_id(&format!("duplicate-{}", copy.name), copy.id));
            let moved = async {
                archive?;
                put_away(drop, &file, &target).await?;
                drop_marker(drop, flow, &copy.path).await
            };
            (repeat, moved.await)
        }));
    }
    let mut shelving = stream::iter(shelving).buffer_unordered(drop.at_once().max(1));
    let mut left: Vec<(&NewMessage, &Message, Problem)> = Vec::new();
    while let Some(((copy, known), result)) = shelving.next().await {
        if let Err(problem) = result {
            left.push((copy, known, problem));
        }
    }
    if let Some((copy, _, problem)) = left.first() {
        let more = if left.len() == 1 { String::new() } else { format!(", nor {} more", left.len() - 1) };
        let sentence = format!("the duplicate `{}` could not be moved on the partner's side{more}: {}", shown(&copy.name), problem.message);
        summary
            .problems
            .push(Problem::new(codes::SHELF_FAILED, sentence).hint("nothing is done a second time; `consign drops` lists them"));
    }
    look::hold_duplicates(engine, flow, &left).await
}
