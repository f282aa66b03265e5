//! A message's plan: made of its documents, executed by its target; then the refused rest.

use std::collections::HashSet;

use super::{
    Engine, Run, answers,
    document_stream::{self, Plans, Stream},
    effects::JournalledEffects,
    parts::{Applied, Planned, applying},
    validate,
};
use crate::{
    config::Inbound,
    endpoint::PlanTarget,
    model::{Code, Message, Problem, Problems, answer},
};

/// Maps the documents, so that their problems are known before Odoo is asked anything.
pub(super) async fn plan(
    inbound: Inbound<'_>,
    message: &Message,
    stream: &mut Stream,
    numbers: &mut Vec<(String, String)>,
) -> Result<(), Problems> {
    let mut applying = applying(inbound, message);
    let mut whole = None;
    let is_whole = matches!(stream, Stream::InMemory(..));
    let (mut any, mut reported) = (false, Vec::new());
    let mut plans = Plans::of(inbound, message, stream);
    loop {
        match plans.next(&mut applying).await {
            Ok(None) => break,
            Ok(Some(plan)) => {
                any |= !plan.is_empty();
                whole = is_whole.then_some(plan);
            }
            Err(problems) => {
                reported.extend(problems);
                break;
            }
        }
    }
    *numbers = applying.numbers();
    let refused = applying.refused();
    if !inbound.map.partial || refused.iter().any(|(part, _)| part.is_none()) || (!any && !refused.is_empty()) || !reported.is_empty() {
        reported.extend(refused.into_iter().map(|(_, problem)| problem).take(100));
        Problems::check(reported)?;
        if let (Stream::InMemory(_, known), Some(plan)) = (stream, whole) {
            *known = Some(plan.into());
        }
    }
    Ok(())
}

/// Has the plan executed and records the result.
pub(super) async fn apply(
    run: &Run<'_>,
    inbound: Inbound<'_>,
    target: &dyn PlanTarget,
    message: &Message,
    stream: &Stream,
) -> Result<Applied, Problems> {
    if inbound.map.mapping.written().is_empty() {
        return only_answers(run, inbound, message, stream).await;
    }
    let engine = run.engine;
    let effects = JournalledEffects::of(&engine.site, message);
    let mut parts = Planned::of(run, inbound, message, stream);
    let say = |now| engine.journal().still_under_way(message, now);
    engine.under_way(say, target.carry_out(message, &mut parts, &effects)).await?;
    let (mut applied, refused) = parts.ended();
    let parts: HashSet<(u32, u32)> = refused.iter().map(|(part, _)| *part).collect();
    applied.refused = parts.len();
    let reported: Vec<Problem> = refused.into_iter().map(|(_, problem)| problem).collect();
    if applied.records == 0 {
        // Nothing was written: the message is refused like any other.
        if let Some(problems) = Problems::of(reported.iter().take(100).cloned().collect()) {
            engine.journal().wrote(message, applied.written(), engine.clock().now()).await?;
            return Err(problems);
        }
    }
    if !parts.is_empty() {
        leave(engine, inbound, message, &parts, reported).await?;
    }
    Ok(applied)
}

/// A document that only acknowledges others: Odoo has no part in it.
async fn only_answers(run: &Run<'_>, inbound: Inbound<'_>, message: &Message, stream: &Stream) -> Result<Applied, Problems> {
    let mut applying = applying(inbound, message);
    let mut plans = Plans::of(inbound, message, stream);
    let (mut all, mut applied) = (Vec::new(), Applied::default());
    while let Some(plan) = plans.next(&mut applying).await? {
        all.extend(answer::split(plan)?.1);
    }
    Problems::check(applying.refused().into_iter().filter_map(|(part, problem)| part.map(|_| problem)).collect())?;
    // All or none: half an acknowledgement is useless.
    let about = answers::matched(run, &all).await?;
    applied.records = all.len();
    answers::record(run.engine, message, &all.into_iter().zip(about).collect::<Vec<_>>()).await?;
    Ok(applied)
}

/// Writes the refused part as a smaller file to the error folder, with its report.
async fn leave(
    engine: &Engine,
    inbound: Inbound<'_>,
    message: &Message,
    parts: &HashSet<(u32, u32)>,
    reported: Vec<Problem>,
) -> Result<(), Problems> {
    let Some(unit) = inbound.map.mapping.unit() else { return Ok(()) };
    let source = document_stream::source(engine, message).await?;
    let bytes = tokio::task::block_in_place(|| validate::rest(&source, &message.name, inbound, &unit, parts))?;
    let reported: Vec<Problem> = reported.into_iter().take(1000).collect();
    let name = engine.storage().leave(message, bytes, reported).await?;
    let text = format!("{}: {} records refused, written to {name}", Code::RecordRefused.info().code, parts.len());
    engine.journal().remark(message, &text, engine.clock().now()).await?;
    Ok(())
}
