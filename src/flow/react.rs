//! What becomes of a message that met problems: the register of codes says it, and this is the one place that follows.

use super::{Engine, Summary, retry::next_try};
use crate::{
    config::Flow,
    model::{
        Message, Problem, Problems, Stage,
        codes::{Area, Reaction},
    },
};

/// Whether the next message is worth trying in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is.
    Go,
    /// What this one met every further one would meet.
    Stop,
}

/// Lets a message wait, holds it, or ends it, as its problems say. One of which it is not known whether it has had its effect never
/// fails: it is held.
pub(super) async fn react(
    engine: &Engine,
    flow: &Flow,
    message: &mut Message,
    problems: Problems,
    summary: &mut Summary,
) -> Result<Next, Problem> {
    let (journal, now) = (&engine.journal, engine.clock.now());
    let reaction = problems.reaction();
    for problem in problems.iter().filter(|problem| std::error::Error::source(*problem).is_some()) {
        tracing::warn!(message = message.id.short(), flow = flow.id, code = problem.code.as_str(), cause = problem.causes());
    }
    match reaction {
        Reaction::Wait | Reaction::Stop => {
            let until = next_try(message.id, message.attempts, &problems, now);
            journal.wait(message, until, &problems, now).await?;
        }
        _ if message.stage == Stage::Applied => {
            // The effect is there, and only what is said of it in Odoo is missing: that is told, and no reason to go on for ever.
            for problem in &problems {
                journal.remark(message, &format!("no note: {}", problem.message), now).await?;
            }
            journal.done(message, &[], Some("sent; the note could not be written"), now).await?;
            summary.problems.extend(problems.iter().cloned());
        }
        Reaction::Hold | Reaction::Leave => journal.hold(message, &problems, now).await?,
        Reaction::Fail => match unclear(engine, message).await? {
            Some(unclear) => journal.hold(message, &Problems::from(unclear).and(problems.iter().cloned()), now).await?,
            None => journal.fail(message, &problems, now).await?,
        },
    }
    engine.settled(message, summary);
    // Of a flow that has moved to another Odoo, what is left for the old one stops nothing.
    if problems.lead().code.area() == Area::Odoo && message.odoo != flow.odoo {
        engine.odoos.forget(&message.odoo).await;
        return Ok(Next::Go);
    }
    let waits = matches!(reaction, Reaction::Wait | Reaction::Stop);
    let is_away = waits && engine.forget_what_is_away(flow, &message.odoo, &problems).await;
    Ok(if is_away || reaction == Reaction::Stop { Next::Stop } else { Next::Go })
}

/// Why a message must not fail: an effect of which nobody knows whether it took place.
async fn unclear(engine: &Engine, message: &Message) -> Result<Option<Problem>, Problem> {
    let intents = engine.journal.intents_of_run(message).await?;
    Ok(intents.iter().find(|intent| intent.needs_a_person()).map(|intent| intent.uncertain(&message.id.short())))
}
