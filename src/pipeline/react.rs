//! Applies the reaction that the register of codes gives to a problem. Nothing else does.

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
    /// What this one met every further one would meet.
    Stop,
}

/// Lets a message wait, holds it, or ends it, as its problems say. One of which it is not known whether it has had its effect never
/// fails: it is held.
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
        // An answer is in no count of the run, so its problem is reported by itself; that a server is away, the run reports.
        summary.problems.extend(problems.iter().filter(|problem| problem.code.scope() < Scope::Endpoint).cloned());
    }
    // Of a flow that has moved to another Odoo, what is left for the old one stops nothing.
    if problems.lead().code.area() == Area::Odoo && message.odoo != flow.odoo {
        engine.site.forget_odoo(&message.odoo).await;
        return Ok(Next::Go);
    }
    let waits = matches!(reaction, Reaction::Wait | Reaction::Stop);
    let is_away = waits && engine.forget_what_is_away(flow, &message.odoo, &problems).await;
    // An answer needs no Odoo: that one is away stops no other answer.
    let is_away = is_away && message.answers.is_none();
    Ok(if is_away || reaction == Reaction::Stop { Next::Stop } else { Next::Go })
}

/// Why a message must not fail: an effect of which nobody knows whether it took place.
async fn unclear(engine: &Engine, message: &Message) -> Result<Option<Problem>, Problem> {
    let intents = engine.journal().intents_of_run(message).await?;
    Ok(intents.iter().find(|intent| intent.needs_a_person()).map(|intent| intent.uncertain(&message.id.short())))
}

/// When nothing that a message has begun can take place any more by itself.
async fn landed(engine: &Engine, message: &Message, within: TimeDelta) -> Result<Option<DateTime<Utc>>, Problem> {
    if within <= TimeDelta::zero() || planted(Planted::ProbedEarly) {
        return Ok(None);
    }
    let intents = engine.journal().intents_of_run(message).await?;
    Ok(intents.iter().filter(|intent| intent.closed.is_none()).map(|intent| intent.opened + within).max())
}
