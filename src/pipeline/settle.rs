//! Messages at rest: our own copy moves to its archive, and the source gets the outcome. This never repeats an effect.

use chrono::{DateTime, Utc};

use super::{Run, Summary, dedup::Repeat, engine::GRACE, look, make, retry::next_try, unpack};
use crate::{
    config::Flow,
    endpoint::{ALIVE, DocumentTarget, ItemOrigin, Resting, Settled, Settlement, Target},
    failpoints::checkpoint,
    journal::{NewMessage, Until},
    model::{Code, Intent, Message, Problem, Problems, Stage, codes::Scope, problem::shown},
    storage::RefusedParts,
};

/// Whether our own copy is where a message at rest has it.
fn is_archived(message: &Message) -> bool {
    let archive = if message.stage == Stage::Failed { "error/" } else { "archive/" };
    message.stored.is_empty() || message.stored.starts_with(archive)
}

/// Whether a message of a flow is at rest and not settled yet. A message from before the flow changed its direction is left as it is.
pub(super) fn is_due(flow: &Flow, message: &Message) -> bool {
    let is_own = message.answers.is_some() || message.pipeline() == flow.pipeline();
    let is_open = !message.moved || !is_archived(message) || message.refused > 0;
    is_own && is_open && matches!(message.stage, Stage::Done | Stage::Discarded | Stage::Failed)
}

/// Archives our copies of messages at rest and settles them at their source, in one batch so that waits are shared. A failure is reported,
/// does not affect the others, and is retried at the next run. Returns the acknowledgements to send to partners.
pub(super) async fn settle(run: &Run<'_>, messages: Vec<Message>, summary: &mut Summary) -> Result<Vec<Message>, Problem> {
    let engine = run.engine;
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let (mut archived, mut owed): (Vec<(Message, Vec<Problem>)>, Vec<NewMessage>) = (Vec::new(), Vec::new());
    let mut ours: Vec<Problem> = Vec::new();
    for mut message in messages {
        if message.stage == Stage::Discarded
            && let Err(problem) = withdraw(run, &message).await
        {
            // Retried at the next run.
            tracing::warn!(message = message.id.short(), code = problem.code.as_str(), "{}", problem.message);
            continue;
        }
        let problems = match message.stage {
            Stage::Failed => engine.journal().last_problems(message.id).await?,
            _ => Vec::new(),
        };
        match put_away(run, &mut message, &problems).await {
            Ok(answer) => {
                owed.extend(answer);
                archived.push((message, problems));
            }
            // The same reason is reported once, however many files it affects.
            Err(problem) if ours.iter().any(|reported| reported.code == problem.code) => {}
            Err(problem) => ours.push(problem.in_file(&message.name)),
        }
    }
    summary.problems.extend(ours);
    let messages: Vec<Message> = archived.iter().map(|(message, _)| message.clone()).collect();
    let answers = engine.journal().archived_and_answered(&messages, &owed, engine.clock().now()).await?;
    if !archived.is_empty() {
        checkpoint("archived").await;
    }
    let left: Vec<Message> = messages.into_iter().filter(|message| message.refused > 0).collect();
    archived.retain(|(message, _)| !message.moved);
    if !summary.source_is_away && !archived.is_empty() {
        tell(run, archived, summary).await?;
    }
    if !summary.source_is_away && !left.is_empty() {
        leave(run, left, summary).await?;
    }
    Ok(answers)
}

/// Moves our copy of a message to its folder; returns the acknowledgement to send to the partner for it.
async fn put_away(run: &Run<'_>, message: &mut Message, problems: &[Problem]) -> Result<Option<NewMessage>, Problem> {
    let storage = run.engine.storage();
    // A copy in its right place is not read and hashed again when only its source cannot be reached.
    if message.stage == Stage::Failed || !message.stored.starts_with("archive/") {
        message.stored = storage.archive(message, problems).await?;
    }
    // An acknowledgement has no source to settle.
    message.moved |= message.answers.is_some();
    let is_zip = match &run.flow.documents {
        Some(documents) if run.flow.answer.is_some() => unpack::is_package(storage, documents, message).await?,
        _ => false,
    };
    Ok(make::owed(run.flow, message, is_zip))
}

/// Settles messages at the source; `None` if a stop interrupted it. A move of a file is repeated until it succeeds. A note in Odoo is
/// waited for: otherwise nobody would know whether it was written. If the process is killed, the next one checks for the note later.
async fn hear(run: &Run<'_>, resting: &[Resting<'_>]) -> Option<Result<Vec<Settled>, Problem>> {
    let engine = run.engine;
    if !run.source.settles_late() {
        return engine.unless_stopped(GRACE, run.source.settle(resting)).await;
    }
    let say = async |now: DateTime<Utc>| {
        let until = |message: &Message| Until { at: now + ALIVE + engine.site.lands_within(&message.odoo), firm: true };
        let done = resting.iter().map(|resting| resting.message).filter(|message| message.stage == Stage::Done);
        engine.journal().settle_later(&done.map(|message| (message, until(message))).collect::<Vec<_>>()).await
    };
    if let Err(problem) = say(engine.clock().now()).await {
        return Some(Err(problem));
    }
    Some(engine.under_way(say, run.source.settle(resting)).await)
}

/// Settles messages at the source.
async fn tell(run: &Run<'_>, messages: Vec<(Message, Vec<Problem>)>, summary: &mut Summary) -> Result<(), Problem> {
    let engine = run.engine;
    let (messages, problems): (Vec<Message>, Vec<Vec<Problem>>) = messages.into_iter().unzip();
    let outcome = |message: &Message, problems| match message.stage {
        Stage::Failed => Settlement::Failed(problems),
        Stage::Discarded => Settlement::Discarded,
        _ => Settlement::Done,
    };
    let resting: Vec<Resting<'_>> =
        messages.iter().zip(problems).map(|(message, problems)| Resting { message, outcome: outcome(message, problems) }).collect();
    let reported = match hear(run, &resting).await {
        Some(Ok(reported)) => reported,
        Some(Err(problem)) => {
            summary.source_is_away = true;
            summary.problems.push(problem);
            return Ok(());
        }
        None => {
            summary.source_is_away = true;
            return Ok(());
        }
    };
    drop(resting);
    let now = engine.clock().now();
    let mut settled = Vec::new();
    let mut failures: Vec<(Message, Problem)> = Vec::new();
    for (message, reported) in messages.into_iter().zip(reported) {
        match reported {
            Ok(records) => {
                if !records.is_empty() {
                    engine.journal().touched(&message, &records, now).await?;
                }
                settled.push(Message { moved: true, ..message });
            }
            Err(problem) if message.pipeline().maps() || is_worth_another_try(&problem) => failures.push((message, problem)),
            // Odoo will never accept this note: that is recorded, and nothing is retried.
            Err(problem) => {
                engine.journal().remark(&message, &format!("no note: {}", problem.message), now).await?;
                summary.problems.push(problem);
                settled.push(Message { moved: true, ..message });
            }
        }
    }
    engine.journal().archived_all(&settled).await?;
    // After a lost answer Odoo may still be writing the note: the next look comes later, so that the note is not written twice.
    let later: Vec<(&Message, Until)> = failures
        .iter()
        .filter(|(message, _)| !message.pipeline().maps())
        .map(|(message, problem)| {
            (message, next_try((message.id, 0), &Problems::from(problem.clone()), engine.site.lands_within(&message.odoo), None, now))
        })
        .collect();
    engine.journal().settle_later(&later).await?;
    for (message, problem) in failures.iter().filter(|(message, _)| !message.pipeline().maps()) {
        engine.forget_what_is_away(run.flow, &message.odoo, &Problems::from(problem.clone())).await;
    }
    // Notes for an Odoo that the flow no longer uses do not affect others.
    let is_away = |(message, problem): &(Message, Problem)| {
        problem.code.scope() >= Scope::Flow && (message.pipeline().maps() || message.odoo == run.flow.odoo)
    };
    summary.source_is_away |= failures.iter().any(is_away);
    report(run, failures, summary);
    Ok(())
}

/// Whether a note is retried. One for an Odoo that is no longer in the workspace is not.
fn is_worth_another_try(problem: &Problem) -> bool {
    problem.is_temporary() && problem.code != Code::ConfigUnknownName
}

/// Reports what could not be settled, each reason once.
fn report(run: &Run<'_>, mut failures: Vec<(Message, Problem)>, summary: &mut Summary) {
    failures.sort_by_key(|(message, problem)| (problem.code.as_str(), message.id));
    for same in failures.chunk_by(|(_, one), (_, other)| one.code == other.code) {
        if let Some((message, problem)) = same.first() {
            summary.problems.push(run.source.unsettled(message, problem.clone(), same.len() - 1));
        }
    }
}

/// Sends the refused parts of documents to the source. A failure here does not affect the settling of other messages.
async fn leave(run: &Run<'_>, messages: Vec<Message>, summary: &mut Summary) -> Result<(), Problem> {
    let engine = run.engine;
    let (mut taken, mut resting, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        match engine.storage().left(&message).await {
            Ok(Some(left)) => taken.push((message, left)),
            // Somebody has removed it from the error folder: there is nothing to send.
            Ok(None) => done.push(Message { refused: 0, ..engine.journal().find(&message.id.to_string()).await? }),
            Err(problem) => summary.problems.push(problem.in_file(&message.name)),
        }
    }
    if taken.is_empty() {
        return engine.journal().archived_all(&done).await;
    }
    let (messages, left): (Vec<Message>, Vec<RefusedParts>) = taken.into_iter().unzip();
    resting.extend(messages.iter().zip(left).map(|(message, left)| Resting { message, outcome: Settlement::Partly(left) }));
    let reported = match hear(run, &resting).await {
        Some(Ok(reported)) => reported,
        None => return engine.journal().archived_all(&done).await,
        Some(Err(problem)) => {
            summary.problems.push(problem);
            return engine.journal().archived_all(&done).await;
        }
    };
    drop(resting);
    let mut failures = Vec::new();
    for (message, reported) in messages.into_iter().zip(reported) {
        match reported {
            // Read from the journal: the move of its file may have been recorded meanwhile.
            Ok(_) => done.push(Message { refused: 0, ..engine.journal().find(&message.id.to_string()).await? }),
            Err(problem) => failures.push((message, problem)),
        }
    }
    engine.journal().archived_all(&done).await?;
    report(run, failures, summary);
    Ok(())
}

/// Removes the upload of a discarded message. It stays if nobody knows whether the file was sent: it is the proof.
async fn withdraw(run: &Run<'_>, message: &Message) -> Result<(), Problem> {
    if message.pipeline().maps() || !message.checked {
        return Ok(());
    }
    if message.answers.is_some() {
        return match run.answers() {
            Some((_, target)) => target.withdraw(message, None).await,
            None => Ok(()),
        };
    }
    let intents = run.engine.journal().intents_of_run(message).await?;
    match &run.target {
        Target::Documents(target) if !intents.iter().any(Intent::is_undecided) => target.withdraw(message, None).await,
        _ => Ok(()),
    }
}

/// Tells the source which items are duplicates. If one cannot be moved, it is reported and left there; the others continue.
pub(super) async fn duplicates(run: &Run<'_>, repeats: &[Repeat], summary: &mut Summary) -> Result<(), Problem> {
    if repeats.is_empty() {
        return Ok(());
    }
    let now = run.engine.clock().now();
    let copies: Vec<Message> = repeats.iter().map(|(copy, _)| copy.message(now)).collect();
    let resting: Vec<Resting<'_>> = copies
        .iter()
        .zip(repeats)
        .map(|(copy, (_, known))| {
            let (name, known_as, code) = (shown(&copy.name), known.id.short(), Code::Duplicate.as_str());
            tracing::info!(flow = run.flow.id, name, known = known_as, code, "exact duplicate, archived");
            Resting { message: copy, outcome: Settlement::Duplicate(known.id) }
        })
        .collect();
    let reported = match hear(run, &resting).await {
        None => return Ok(()),
        Some(Ok(reported)) => reported,
        Some(Err(problem)) => copies.iter().map(|_| Err(problem.clone())).collect(),
    };
    let failures: Vec<(&Message, &Message, Problem)> = copies
        .iter()
        .zip(repeats)
        .zip(reported)
        .filter_map(|((copy, (_, known)), reported)| Some((copy, known, reported.err()?)))
        .collect();
    if let Some((copy, _, problem)) = failures.first() {
        let more = if failures.len() == 1 { String::new() } else { format!(", nor {} more", failures.len() - 1) };
        let sentence = format!("the duplicate `{}` was not moved on the partner's server{more}: {}", shown(&copy.name), problem.message);
        summary
            .problems
            .push(Problem::new(Code::AcknowledgeFailed, sentence).hint("nothing is processed twice; `consign drops` lists them"));
    }
    // They are not fetched again at every poll.
    let origins: Vec<(ItemOrigin, Problem)> = failures
        .into_iter()
        .map(|(copy, known, problem)| {
            let why = format!("it is a duplicate of message {} and could not be moved: {}", known.id.short(), problem.message);
            let hint = "remove it, or give the user the right to rename; consign retries after an hour";
            let (key, name, size, modified) = (copy.path.clone(), copy.name.clone(), copy.size, copy.modified);
            let origin = ItemOrigin { key, name, size, modified, ..ItemOrigin::default() };
            (origin, Problem::new(Code::Duplicate, why).hint(hint))
        })
        .collect();
    let left: Vec<(&ItemOrigin, Problem)> = origins.iter().map(|(origin, problem)| (origin, problem.clone())).collect();
    look::leave(run, &left).await
}
