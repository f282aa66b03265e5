//! Applies the reaction to a problem from the register of codes. Nothing else does.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Engine, Run, Summary, retry::next_try};
use crate::{
    failpoints::{Planted, planted},
    model::{
        Message, Problem, Problems,
        codes::{Area, Reaction, Scope},
    },
};

/// Whether the next message is worth trying in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is.
    Go,
    /// No: every other message would meet the same problem.
    Stop,
}

/// Makes a message wait, holds it, or fails it, as its problems say. A message with an unknown effect never fails: it is held.
pub(super) async fn react(
    run: &Run<'_>,
    message: &mut Message,
    problems: Problems,
    lands_within: TimeDelta,
    summary: &mut Summary,
) -> Result<Next, Problem> {
    let (engine, flow) = (run.engine, run.flow);
    let (journal, now) = (engine.journal(), engine.clock().now());
    let reaction = problems.reaction();
    for problem in problems.iter().filter(|problem| std::error::Error::source(*problem).is_some()) {
        tracing::warn!(message = message.id.short(), flow = flow.id, code = problem.code.as_str(), cause = problem.causes());
    }
    match reaction {
        Reaction::Wait | Reaction::Stop => {
            let landed = landed(engine, message, lands_within).await?;
            let until = next_try((message.id, message.attempts), &problems, engine.site.lands_within(&message.odoo), landed, now);
            journal.wait(message, until, &problems, now).await?;
        }
        Reaction::Hold | Reaction::Leave => journal.hold(message, &problems, now).await?,
        Reaction::Fail => match unclear(engine, message).await? {
            Some(unclear) => journal.hold(message, &Problems::from(unclear).and(problems.iter().cloned()), now).await?,
            None => journal.fail(message, &problems, now).await?,
        },
    }
    engine.settled(message, summary);
    if message.answers.is_some() {
        // Counts exclude acknowledgements, so its problem is reported separately; the run reports a server that is down.
        summary.problems.extend(problems.iter().filter(|problem| problem.code.scope() < Scope::Endpoint).cloned());
    }
    // If a flow has moved to another Odoo, messages for the old one stop nothing.
    if problems.lead().code.area() == Area::Odoo && message.odoo != flow.odoo {
        engine.site.forget_odoo(&message.odoo).await;
        return Ok(Next::Go);
    }
    let waits = matches!(reaction, Reaction::Wait | Reaction::Stop);
    let is_away = waits && engine.forget_what_is_away(flow, &message.odoo, &problems).await;
    // An acknowledgement needs no Odoo: an Odoo that is down stops none.
    let is_away = is_away && message.answers.is_none();
    Ok(if is_away || reaction == Reaction::Stop { Next::Stop } else { Next::Go })
}

/// Why a message must not fail: an effect of which nobody knows whether it took place.
async fn unclear(engine: &Engine, message: &Message) -> Result<Option<Problem>, Problem> {
    let intents = engine.journal().intents_of_run(message).await?;
    Ok(intents.iter().find(|intent| intent.needs_a_person()).map(|intent| intent.uncertain(&message.id.short())))
}

/// When no started effect of a message can take place any more.
async fn landed(engine: &Engine, message: &Message, within: TimeDelta) -> Result<Option<DateTime<Utc>>, Problem> {
    if within <= TimeDelta::zero() || planted(Planted::ProbedEarly) {
        return Ok(None);
    }
    let intents = engine.journal().intents_of_run(message).await?;
    Ok(intents.iter().filter(|intent| intent.closed.is_none()).map(|intent| intent.opened + within).max())
}
