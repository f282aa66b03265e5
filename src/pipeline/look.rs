//! Polls a source: what is ready, and what is held there. Held items are journalled and reported once.

use std::{collections::HashSet, time::Duration};

use super::{Run, Summary};
use crate::{
    config::Flow,
    endpoint::{Candidate, History, ItemOrigin, Polled, Readiness},
    journal::HeldFile,
    model::{Code, Problem, problem::shown},
};

/// Polls the source. If something there only needs time, it polls again after that time, unless an earlier poll has seen it already.
pub(super) async fn look(run: &Run<'_>, known: History, summary: &mut Summary) -> Result<Polled, Problem> {
    let one_record_each = known.one_record_each;
    let first = seen(run, known, summary).await?;
    let Some(time) = first.again_in else { return Ok(first) };
    // A little more than the time, since clocks have ticks; a stop does not wait for it.
    let until = tokio::time::Instant::now() + time + Duration::from_millis(20);
    while tokio::time::Instant::now() < until && !run.engine.is_stopping() {
        tokio::time::sleep_until(until.min(tokio::time::Instant::now() + Duration::from_millis(200))).await;
    }
    let known = History { one_record_each, ..History::of(&run.engine.site, run.flow).await? };
    seen(run, known, summary).await
}

/// Polls once. Marks messages whose file was replaced as having nothing left to move, and records what is held.
async fn seen(run: &Run<'_>, known: History, summary: &mut Summary) -> Result<Polled, Problem> {
    let journal = run.engine.journal();
    let mut polled = run.source.poll(&known).await?;
    summary.problems.append(&mut polled.findings);
    for id in &polled.replaced {
        // The message has nothing left to settle.
        let mut message = journal.find(&id.to_string()).await?;
        let stored = message.stored.clone();
        journal.archived(&mut message, &stored, true).await?;
    }
    let mut safe = Vec::with_capacity(polled.unaccepted.len());
    for id in &polled.unaccepted {
        safe.push(journal.find(&id.to_string()).await?);
    }
    if !safe.is_empty() {
        run.source.accept(&safe).await?;
    }
    summary.held += remember(run, &polled.candidates, known).await?;
    Ok(polled)
}

/// Records what is held now; returns how many items are new.
async fn remember(run: &Run<'_>, candidates: &[Candidate], known: History) -> Result<usize, Problem> {
    let mut held = Vec::new();
    let mut still: HashSet<&str> = HashSet::new();
    let mut new = 0;
    for one in candidates {
        let origin = &one.origin;
        let (problem, since) = match &one.readiness {
            Readiness::Held(problem, since) => (problem, since),
            // The row stays until the item is received: it shows how long a truncated file has waited.
            Readiness::Ready => {
                still.insert(&origin.key);
                continue;
            }
            _ => continue,
        };
        let hold = HeldFile { since: *since, ..hold(origin, problem) };
        let before = known.holds.get(&origin.key);
        if before.is_none_or(|before| before.code != hold.code || before.size != hold.size) && !is_incomplete(problem.code) {
            new += 1;
            tracing::warn!(flow = run.flow.id, name = shown(&origin.name), code = hold.code, "held at its source: {}", problem.message);
        }
        if before.is_none_or(|before| before.code != hold.code || before.since != hold.since || before.why != hold.why) {
            held.push(hold);
        }
        still.insert(&origin.key);
    }
    let gone: Vec<String> = known.holds.into_keys().filter(|key| !still.contains(key.as_str())).collect();
    run.engine.journal().hold_files(&run.flow.id, &held, &gone).await?;
    Ok(new)
}

fn hold(origin: &ItemOrigin, problem: &Problem) -> HeldFile {
    HeldFile {
        path: origin.key.clone(),
        size: origin.size,
        modified: origin.modified,
        code: problem.code.as_str().to_string(),
        why: problem.message.to_string(),
        hint: problem.hint.clone().map(Into::into),
        since: chrono::DateTime::UNIX_EPOCH,
    }
}

/// Holds an item at its source from now on, with a reason.
pub(super) async fn leave(run: &Run<'_>, left: &[(&ItemOrigin, Problem)]) -> Result<(), Problem> {
    let since = run.engine.clock().now();
    let holds: Vec<HeldFile> = left.iter().map(|(origin, problem)| HeldFile { since, ..hold(origin, problem) }).collect();
    run.engine.journal().hold_files(&run.flow.id, &holds, &[]).await
}

/// The items to receive, in order; the rest is counted.
pub(super) fn ready(flow: &Flow, candidates: Vec<Candidate>, summary: &mut Summary) -> Vec<ItemOrigin> {
    let mut ready = Vec::new();
    for one in candidates {
        match one.readiness {
            Readiness::Ready => ready.push(one.origin),
            Readiness::Held(problem, _) if is_incomplete(problem.code) => {
                summary.incomplete += 1;
                let (name, code) = (shown(&one.origin.name), problem.code.as_str());
                tracing::info!(flow = flow.id, name, code, "{}; left for the next poll", problem.message);
            }
            Readiness::Held(..) => summary.left_on_remote += 1,
            _ => {}
        }
    }
    ready
}

/// Whether an item is held only until it is complete.
fn is_incomplete(code: Code) -> bool {
    matches!(code, Code::StillChanging | Code::MarkerAwaited | Code::DocCut)
}
