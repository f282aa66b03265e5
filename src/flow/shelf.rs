//! Where files come to rest on the partner's side: `archive/` when their effect is complete, `error/` with a report when they were
//! refused. A move is repeated until it succeeds; an effect never.

use futures_util::{StreamExt, stream};

use super::{
    Engine, Summary,
    checkpoint::reach,
    inbound::STOPS,
    intake::Repeat,
    look::marker_of,
    same,
    storage::{digest, name_with_id, partner_report},
};
use crate::{
    config::{Flow, Work},
    journal::Message,
    model::{BoxFuture, MessageId, Problem, Problems, Stage, codes, problem::shown},
    transport::{Drop, join, leaf},
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
        message.stored = engine.storage.shelve(message, &problems)?;
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
    // The sign that the file is complete goes with the file.
    let marker = match &flow.work {
        Work::In(inbound) => inbound.marker.as_deref(),
        Work::Out(_) => None,
    };
    let (target, other) = if failed { (&refused, &archived) } else { (&archived, &refused) };
    drop.make_folder(if failed { &partner.error } else { &partner.archive }).await?;
    // Only the very file we took is moved: one that has come under its name since then is a new one.
    let here = drop.stat(&message.path).await?.is_some_and(|entry| same::same_file(message, &entry));
    let done = !here && drop.stat(target).await?.is_some();
    if here {
        match drop.rename(&message.path, target).await {
            Ok(()) => {}
            // The same name and time came back after it was moved: what lies there now is a file of its own, and the next poll's.
            Err(_) if drop.stat(target).await?.is_some() => return Ok(()),
            Err(problem) => return Err(problem),
        }
    } else if !done {
        match drop.stat(other).await? {
            Some(_) => drop.rename(other, target).await?,
            None => {
                tracing::warn!(message = message.id.short(), flow = flow.id, "the file is no longer on the partner's side; ours is kept")
            }
        }
    }
    if here || done {
        give_back_another(drop, message, target).await?;
    }
    if let Some(marker) = marker {
        let folder = message.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        drop.remove(&join(folder, &marker_of(marker, leaf(&message.path)))).await?;
    }
    let report = format!("{refused}.problem.txt");
    if failed {
        drop.write(&report, partner_report(message, problems).as_bytes()).await
    } else if message.run > 1 && drop.stat(&report).await?.is_some() {
        drop.remove(&report).await
    } else {
        Ok(())
    }
}

/// Files up to this size are read again after the move.
const VERIFIED: u64 = 1 << 20;

/// A file that was put in the place of ours with the same size and time cannot be told by a listing, only by its bytes: it is read
/// again where it lies now under a name of its own, and given back if it is another, so that the next poll takes it.
async fn give_back_another(drop: &dyn Drop, message: &Message, target: &str) -> Result<(), Problem> {
    if message.size > VERIFIED || message.sha256.is_empty() {
        return Ok(());
    }
    let bytes = match drop.read(target, message.size, VERIFIED).await {
        Ok(bytes) => bytes,
        // A partner that takes things out of the archive at once, or may not be read there, has nothing to be given back.
        Err(problem) if [codes::DROP_MISSING, codes::DROP_DENIED].contains(&problem.code) => return Ok(()),
        Err(problem) => return Err(problem),
    };
    if digest(&bytes) == message.sha256 {
        return Ok(());
    }
    tracing::warn!(
        message = message.id.short(),
        name = shown(&message.name),
        "another file had taken its place with the same size and time; it is given back"
    );
    let back = if drop.stat(&message.path).await?.is_none() {
        message.path.clone()
    } else {
        let folder = message.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        join(folder, &name_with_id(&message.name, MessageId::new()))
    };
    drop.rename(target, &back).await
}

/// Shelves exact duplicates beside the files they repeat, if each is still the very file that was read: one that has come in its
/// place meanwhile is a new one, and the next poll's.
pub(super) async fn duplicates(engine: &Engine, drop: &dyn Drop, flow: &Flow, copies: &[Repeat]) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner).filter(|_| !copies.is_empty()) else { return Ok(()) };
    drop.make_folder(&partner.archive).await?;
    let mut shelving: Vec<BoxFuture<'_, Result<(), Problem>>> = Vec::with_capacity(copies.len());
    for (copy, known) in copies {
        shelving.push(Box::pin(async move {
            tracing::info!(
                flow = flow.id,
                name = shown(&copy.name),
                known = known.id.short(),
                code = codes::DUPLICATE.info().code,
                "exact duplicate, shelved"
            );
            if drop.stat(&copy.path).await?.is_some_and(|now| same::same(copy.size, copy.modified, &now)) {
                let target = join(&partner.archive, &name_with_id(&format!("duplicate-{}", copy.name), copy.id));
                drop.rename(&copy.path, &target).await?;
            }
            Ok(())
        }));
    }
    let mut shelving = stream::iter(shelving).buffer_unordered(drop.at_once().max(1));
    let mut first = Ok(());
    while let Some(result) = shelving.next().await {
        first = first.and(result);
    }
    first
}
