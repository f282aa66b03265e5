//! Where files come to rest on the partner's side: `archive/` when their effect is complete, `error/` with a report when they were
//! refused. A move is repeated until it succeeds; an effect never.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::{
    Engine, Schemas, Summary, answers,
    circuit_breaker::Breaker,
    dedup::Repeat,
    partner_report::partner_report,
    readiness::{self, marker_of},
    same,
};
use crate::{
    config::Flow,
    failpoints::checkpoint,
    journal::NewMessage,
    model::{BoxFuture, Code, Message, MessageId, Problem, Stage, codes::Scope, problem::shown},
    storage::{digest, name_with_id},
    transport::{self, RemoteFs, join, leaf},
};

/// Whether our own copy lies where a message at rest has it.
pub(super) fn is_shelved(message: &Message) -> bool {
    let shelf = if message.stage == Stage::Failed { "error/" } else { "archive/" };
    message.stored.is_empty() || message.stored.starts_with(shelf)
}

/// Puts messages that are done or failed on their shelves, ours and the partner's: together, since each wait for the disk or for the
/// partner's server is one for all. One that cannot be shelved is told, stays as it is, and keeps no other: it is tried again at the
/// next poll.
pub(super) async fn shelve(
    engine: &Engine,
    flow: &Flow,
    schemas: &Schemas,
    messages: Vec<Message>,
    summary: &mut Summary,
) -> Result<(), Problem> {
    let (mut shelved, mut reports) = (Vec::new(), Vec::new());
    let mut ours: Vec<Problem> = Vec::new();
    for mut message in messages {
        let problems = match message.stage {
            Stage::Failed => engine.journal.last_problems(message.id).await?,
            _ => Vec::new(),
        };
        // One that lies where it belongs is not read and hashed again because the partner's side cannot be reached.
        if message.stage == Stage::Failed || !message.stored.starts_with("archive/") {
            match engine.storage.shelve(&message, &problems).await {
                Ok(stored) => message.stored = stored,
                Err(problem) => {
                    // The same reason is told once, however many files it holds.
                    if !ours.iter().any(|told| told.code == problem.code) {
                        ours.push(problem.in_file(&message.name));
                    }
                    continue;
                }
            }
        }
        shelved.push(message);
        reports.push(problems);
    }
    summary.problems.extend(ours);
    engine.journal.shelved_all(&shelved).await?;
    if !shelved.is_empty() {
        checkpoint("shelved").await;
    }
    let unmoved: Vec<(&mut Message, &[Problem])> =
        shelved.iter_mut().zip(reports.iter().map(Vec::as_slice)).filter(|(message, _)| !message.moved).collect();
    if summary.drop_is_away || unmoved.is_empty() {
        return Ok(());
    }
    match engine.drop(&flow.partner).await {
        Ok(drop) => move_all(engine, &*drop, flow, schemas, unmoved, summary).await,
        Err(problem) => {
            summary.drop_is_away = true;
            summary.problems.push(problem);
            Ok(())
        }
    }
}

/// Moves the files of messages on the partner's side.
async fn move_all(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    schemas: &Schemas,
    unmoved: Vec<(&mut Message, &[Problem])>,
    summary: &mut Summary,
) -> Result<(), Problem> {
    let breaker = &Breaker::beyond(Scope::Flow);
    let mut moving: Vec<BoxFuture<'_, (&Message, Result<(), Problem>)>> = Vec::with_capacity(unmoved.len());
    for (message, problems) in unmoved {
        moving.push(Box::pin(async move {
            let result = breaker
                .call(async {
                    move_there(engine, drop, flow, message, problems).await?;
                    answered(engine, drop, flow, schemas, message, problems).await
                })
                .await;
            message.moved = result.is_ok();
            (&*message, result)
        }));
    }
    let mut moving = moving.into_iter();
    // One goes first: what it meets tells whether the others need to be tried.
    let mut done: Vec<(&Message, Result<(), Problem>)> = Vec::new();
    if let Some(first) = moving.next() {
        done.push(first.await);
    }
    done.extend(stream::iter(moving).buffer_unordered(drop.at_once().max(1)).collect::<Vec<_>>().await);
    checkpoint("moved").await;
    let moved: Vec<Message> = done.iter().filter(|(_, result)| result.is_ok()).map(|(message, _)| (*message).clone()).collect();
    engine.journal.shelved_all(&moved).await?;
    summary.drop_is_away |= breaker.is_open();
    let mut failures: Vec<(&Message, Problem)> = done.into_iter().filter_map(|(message, result)| Some((message, result.err()?))).collect();
    failures.sort_by_key(|(message, problem)| (problem.code.as_str(), message.id));
    for same in failures.chunk_by(|(_, one), (_, other)| one.code == other.code) {
        if let Some((message, problem)) = same.first() {
            summary.problems.push(told(message, problem.clone(), same.len() - 1));
        }
    }
    Ok(())
}

/// A move that failed, as ops reads it.
fn told(message: &Message, cause: Problem, others: usize) -> Problem {
    if cause.code == Code::AnswerUngiven {
        return cause;
    }
    let more = if others == 0 { String::new() } else { format!(", nor {others} more") };
    let sentence = format!("`{}` could not be moved on the partner's side{more}: {}", shown(&message.name), cause.message);
    let hint = cause.hint.unwrap_or_else(|| "what it did is complete and is not repeated; the move is tried again at each poll".into());
    Problem::new(Code::ShelfFailed, sentence).hint(hint)
}

/// The answer to the partner, where the flow gives one.
async fn answered(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    schemas: &Schemas,
    message: &Message,
    problems: &[Problem],
) -> Result<(), Problem> {
    answers::give(engine, drop, flow, schemas, message, problems).await.map_err(|problem| {
        if problem.code.scope() >= Scope::Endpoint {
            return problem;
        }
        let text = format!("`{}` (message {}) could not be answered: {}", shown(&message.name), message.id.short(), problem.message);
        Problem::new(Code::AnswerUngiven, text).at(problem.place).maybe_hint(problem.hint)
    })
}

async fn move_there(engine: &Engine, drop: &dyn RemoteFs, flow: &Flow, message: &Message, problems: &[Problem]) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner) else { return Ok(()) };
    let name = name_with_id(&message.name, message.id);
    let (archived, refused) = (join(&partner.archive, &name), join(&partner.error, &name));
    let failed = message.stage == Stage::Failed;
    let (target, other) = if failed { (&refused, &archived) } else { (&archived, &refused) };
    drop.make_folder(if failed { &partner.error } else { &partner.archive }).await?;
    let file = File { name: &message.name, path: &message.path, size: message.size, modified: message.modified, sha256: &message.sha256 };
    if message.is_part() {
        put_part(engine, drop, message, failed, &refused).await?;
    } else if !put_away(drop, &file, target).await? {
        match drop.stat(other).await? {
            Some(_) => drop.rename(other, target).await?,
            None => {
                tracing::warn!(message = message.id.short(), flow = flow.id, "the file is no longer on the partner's side; ours is kept")
            }
        }
    }
    if !message.is_part() {
        drop_marker(drop, flow, &message.path).await?;
    }
    let report = format!("{refused}.problem.txt");
    if failed {
        drop.write(&report, partner_report(message, problems, partner.language).as_bytes()).await
    } else if message.run > 1 && drop.stat(&report).await?.is_some() {
        drop.remove(&report).await
    } else {
        Ok(())
    }
}

/// A document that came in a zip has no file of its own on the drop, until it is refused: then the partner finds it beside its report.
async fn put_part(engine: &Engine, drop: &dyn RemoteFs, message: &Message, failed: bool, refused: &str) -> Result<(), Problem> {
    if failed {
        let bytes = engine.storage.read(message).await?;
        return drop.write(refused, &bytes).await;
    }
    // It was refused before, and is not any more.
    match message.run > 1 && drop.stat(refused).await?.is_some() {
        true => drop.remove(refused).await,
        false => Ok(()),
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
async fn put_away(drop: &dyn RemoteFs, file: &File<'_>, target: &str) -> Result<bool, Problem> {
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
async fn give_back_another(drop: &dyn RemoteFs, file: &File<'_>, target: &str) -> Result<(), Problem> {
    if file.sha256.is_empty() {
        return Ok(());
    }
    // A partner that takes things out of the archive at once, or may not be read there, has nothing to be given back.
    let gone = |problem: &Problem| matches!(problem.code, Code::DropMissing | Code::DropDenied);
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
async fn drop_marker(drop: &dyn RemoteFs, flow: &Flow, path: &str) -> Result<(), Problem> {
    let Some(inbound) = flow.inbound() else { return Ok(()) };
    let Some(marker) = &inbound.files.marker else { return Ok(()) };
    if drop.stat(path).await?.is_some() {
        return Ok(());
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    drop.remove(&join(folder, &marker_of(marker, leaf(path)))).await
}

/// Shelves exact duplicates beside the files they repeat. One that cannot be moved is told and left; the others go on.
pub(super) async fn duplicates(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    copies: &[Repeat],
    summary: &mut Summary,
) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner).filter(|_| !copies.is_empty()) else { return Ok(()) };
    let breaker = &Breaker::beyond(Scope::Flow);
    let mut shelving: Vec<BoxFuture<'_, (&Repeat, Result<(), Problem>)>> = Vec::with_capacity(copies.len());
    for repeat in copies {
        let (copy, known) = repeat;
        shelving.push(Box::pin(async move {
            tracing::info!(
                flow = flow.id,
                name = shown(&copy.name),
                known = known.id.short(),
                code = Code::Duplicate.info().code,
                "exact duplicate, shelved"
            );
            let file = File { name: &copy.name, path: &copy.path, size: copy.size, modified: copy.modified, sha256: &copy.sha256 };
            let target = join(&partner.archive, &name_with_id(&format!("duplicate-{}", copy.name), copy.id));
            let moved = async {
                drop.make_folder(&partner.archive).await?;
                put_away(drop, &file, &target).await?;
                drop_marker(drop, flow, &copy.path).await
            };
            (repeat, breaker.call(moved).await)
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
        summary.problems.push(Problem::new(Code::ShelfFailed, sentence).hint("nothing is done a second time; `consign drops` lists them"));
    }
    readiness::hold_duplicates(engine, flow, &left).await
}
