//! Where files come to rest on the partner's side: `archive/` when their effect is complete, `error/` with a report when they were
//! refused. A move is repeated until it succeeds; an effect never.

use super::{
    Engine, checkpoint, same,
    storage::{name_with_id, partner_report},
};
use crate::{
    config::Flow,
    journal::{Message, NewMessage},
    model::{Problem, Problems, Stage, codes, problem::shown},
    transport::{Drop, join},
};

/// Puts a message that is done or failed on its shelves, ours and the partner's.
///
/// # Errors
/// A shelf cannot be reached; the message keeps its stage and the move is tried again at the next poll.
pub(super) async fn shelve(engine: &Engine, flow: &Flow, message: &mut Message) -> Result<(), Problem> {
    let problems = match message.stage {
        Stage::Failed => engine.journal.attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default(),
        _ => Vec::new(),
    };
    let stored = engine.storage.shelve(message, &problems)?;
    // Nothing is left to move at the partner's where another file has taken the place of this one.
    let moved = message.moved;
    engine.journal.shelved(message, &stored, moved).await?;
    checkpoint::reach("shelved").await;
    if moved {
        return Ok(());
    }
    let drop = engine.drop(&flow.partner).await?;
    move_there(engine, &*drop, flow, message, &problems).await?;
    engine.journal.shelved(message, &stored, true).await
}

/// A move that failed, as ops reads it.
pub(super) fn told(message: &Message, cause: Problem) -> Problem {
    let sentence = format!("`{}` could not be moved on the partner's side: {}", message.name, cause.message);
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
    if drop.stat(target).await?.is_none() {
        // Only the very file we took is moved: one that has come under its name since then is a new one.
        let source = match drop.stat(&message.path).await? {
            Some(entry) if same::same_file(message, &entry) => Some(&message.path),
            _ => drop.stat(other).await?.map(|_| other),
        };
        match source {
            Some(source) => drop.rename(source, target).await?,
            None => {
                tracing::warn!(message = message.id.short(), flow = flow.id, "the file is no longer on the partner's side; ours is kept")
            }
        }
    }
    let report = format!("{refused}.problem.txt");
    if failed {
        drop.write(&report, partner_report(message, problems).as_bytes()).await
    } else if drop.stat(&report).await?.is_some() {
        drop.remove(&report).await
    } else {
        Ok(())
    }
}

/// Shelves an exact duplicate beside the file it repeats, if it is still the very file that was read: one that has come in its
/// place meanwhile is a new one, and the next poll's.
pub(super) async fn duplicate(engine: &Engine, drop: &dyn Drop, flow: &Flow, copy: &NewMessage, known: &Message) -> Result<(), Problem> {
    let Some(partner) = engine.workspace.partners.get(&flow.partner) else { return Ok(()) };
    tracing::info!(
        flow = flow.id,
        name = shown(&copy.name),
        known = known.id.short(),
        code = codes::DUPLICATE.info().code,
        "exact duplicate, shelved"
    );
    drop.make_folder(&partner.archive).await?;
    if drop.stat(&copy.path).await?.is_some_and(|now| same::same(copy.size, copy.modified, &now)) {
        drop.rename(&copy.path, &join(&partner.archive, &name_with_id(&format!("duplicate-{}", copy.name), copy.id))).await?;
    }
    Ok(())
}
