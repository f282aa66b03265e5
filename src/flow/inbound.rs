//! Inbound: drop, check, plan, Odoo, shelf.

use std::collections::VecDeque;

use chrono::TimeDelta;

use super::{
    Engine, Summary, apply,
    examine::Schemas,
    intake, look, mappings,
    material::{self, Material},
    react::{Next, react, unless_moved},
    shelf, unpack,
};
use crate::{
    config::{Flow, InFlow},
    failpoints::checkpoint,
    journal::Message,
    model::{Code, Problem, Problems, Stage},
};

pub(super) async fn run(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    look: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let begun = engine.journal.unfinished(&flow.id, engine.clock.now(), engine.eager).await?;
    if !begun.is_empty() {
        engine.watcher.found(&flow.id, begun.len());
    }
    let mut is_stopped = false;
    carry_all(engine, flow, inbound, schemas, begun, &mut is_stopped, summary).await?;
    if !look || engine.is_stopping() {
        return Ok(());
    }
    let lease = Lease::of(engine, flow);
    if !lease.take().await? {
        return Err(Problem::new(Code::Leased, format!("another consign looks at {}/{} now", flow.partner, flow.folder)).into());
    }
    let result = poll(engine, flow, inbound, schemas, &lease, is_stopped, summary).await;
    lease.release().await?;
    result
}

async fn poll(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    lease: &Lease<'_>,
    mut is_stopped: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let drop = engine.drop(&flow.partner).await?;
    let mut found = look::poll(engine, &*drop, flow, inbound, summary).await?;
    let ready = std::mem::take(&mut found.ready);
    if !ready.is_empty() {
        engine.watcher.found(&flow.id, ready.len());
    }
    for batch in intake::batches(ready) {
        if engine.is_stopping() || !lease.take().await? {
            return Ok(());
        }
        // Partners take turns: one batch, then whoever waits longest.
        let turn = engine.turns.take(&flow.partner).await;
        let messages = intake::take(engine, &*drop, flow, inbound, batch, &found, summary).await?;
        std::mem::drop(turn);
        carry_all(engine, flow, inbound, schemas, messages, &mut is_stopped, summary).await?;
    }
    Ok(())
}

/// Carries messages one after the other, in their order, and shelves those that came to rest together.
async fn carry_all(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    messages: Vec<Message>,
    is_stopped: &mut bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let mut rest = Vec::new();
    let mut trouble = None;
    let mut queue = VecDeque::from(messages);
    while let Some(mut message) = queue.pop_front() {
        if engine.is_stopping() {
            break;
        }
        // One failure tells for all: a lost Odoo is not asked again for every message of a run.
        if !message.stage.is_at_rest() {
            if *is_stopped {
                continue;
            }
            let carried = match unpack::is_package(&engine.storage, inbound, &message).await {
                Ok(true) => unpack::carry(engine, flow, inbound, &mut message, summary).await.map(|(documents, next)| {
                    engine.watcher.found(&flow.id, documents.len());
                    documents.into_iter().rev().for_each(|document| queue.push_front(document));
                    next
                }),
                Ok(false) => carry(engine, flow, inbound, schemas, &mut message, summary).await,
                Err(problem) => later(engine, flow, &mut message, problem, summary).await,
            };
            match unless_moved(&message, carried) {
                Ok(next) => *is_stopped |= next == Next::Stop,
                Err(problems) => {
                    trouble = Some(problems);
                    break;
                }
            }
        }
        let unshelved = !message.moved || !shelf::is_shelved(&message);
        if matches!(message.stage, Stage::Done | Stage::Discarded | Stage::Failed) && unshelved {
            rest.push(message);
        }
    }
    shelf::shelve(engine, flow, schemas, rest, summary).await?;
    trouble.map_or(Ok(()), Err)
}

/// Lets one message whose own copy cannot be read now wait, and keeps no other.
async fn later(engine: &Engine, flow: &Flow, message: &mut Message, problem: Problem, summary: &mut Summary) -> Result<Next, Problems> {
    if !problem.is_temporary() {
        return Err(problem.into());
    }
    if message.stage == Stage::Waiting {
        let resume = message.resume.unwrap_or(Stage::Received);
        engine.journal.advance(message, resume, None, engine.clock.now()).await?;
    }
    Ok(react(engine, flow, message, problem.into(), summary).await?)
}

/// The right to look at a folder of a drop, kept in the journal for as long as the work takes.
struct Lease<'a> {
    engine: &'a Engine,
    name: String,
}

/// How long a lease holds when its owner falls silent.
const LEASE: TimeDelta = TimeDelta::minutes(10);

impl<'a> Lease<'a> {
    fn of(engine: &'a Engine, flow: &Flow) -> Self {
        Self { engine, name: format!("{}/{}", flow.partner, flow.folder) }
    }

    /// Takes or renews it; `false` when another has it.
    async fn take(&self) -> Result<bool, Problem> {
        let now = self.engine.clock.now();
        self.engine.journal.lease(&self.name, &self.engine.owner, now + LEASE, now).await
    }

    async fn release(&self) -> Result<(), Problem> {
        self.engine.journal.give_lease_back(&self.name, &self.engine.owner).await
    }
}

/// Carries a message from the stage it is at as far as it goes.
async fn carry(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    let then = match message.again.as_then && !message.stage.is_at_rest() {
        false => None,
        true => {
            match mappings::recall(&engine.storage, message).await.map_err(Problems::from).and_then(|made_of| inbound.as_then(&made_of)) {
                Ok(then) => Some(then),
                Err(problems) if message.stage.may_become(Stage::Failed, message.direction) => {
                    return Ok(react(engine, flow, message, problems, summary).await?);
                }
                // Its effect is there; what is left needs no mapping.
                Err(_) => None,
            }
        }
    };
    let inbound = then.as_ref().unwrap_or(inbound);
    let mut material: Option<Material> = None;
    let mut next = Next::Go;
    loop {
        let now = engine.clock.now();
        let result = match message.stage {
            Stage::Waiting => {
                let resume = message.resume.unwrap_or(Stage::Received);
                engine.journal.advance(message, resume, None, now).await?;
                continue;
            }
            Stage::Received => match material::check(engine, inbound, schemas, message).await {
                Ok(checked) => {
                    material = Some(checked);
                    engine.journal.advance(message, Stage::Checked, None, now).await?;
                    checkpoint("checked").await;
                    Ok(())
                }
                Err(problems) => {
                    number_refused(engine, inbound, message).await?;
                    Err(problems)
                }
            },
            Stage::Checked => plan(engine, inbound, message, &mut material).await,
            Stage::Planned => apply_planned(engine, flow, inbound, message, &mut material, summary).await,
            Stage::Applied => {
                engine.journal.done(message, &[], None, now).await?;
                engine.settled(message, summary);
                Ok(())
            }
            Stage::Done | Stage::Discarded | Stage::Failed | Stage::Held | Stage::Staged => return Ok(next),
        };
        if let Err(problems) = result {
            next = react(engine, flow, message, problems, summary).await?;
            if !matches!(message.stage, Stage::Done | Stage::Failed) {
                return Ok(next);
            }
        }
    }
}

async fn plan(engine: &Engine, inbound: &InFlow, message: &mut Message, material: &mut Option<Material>) -> Result<(), Problems> {
    let documents = known(engine, inbound, message, material).await?;
    let mut numbers = Vec::new();
    let planned = apply::plan(inbound, message, documents, &mut numbers).await;
    let mapping = mappings::keep(&engine.storage, &inbound.made_of).await;
    if let Err(problems) = planned {
        // One that is refused is looked for more than any other.
        engine.journal.numbered(message.id, &numbers, mapping.as_deref()).await?;
        return Err(problems);
    }
    engine.journal.planned(message, &numbers, mapping.as_deref(), engine.clock.now()).await?;
    message.mapping = mapping.or(message.mapping.take());
    checkpoint("planned").await;
    Ok(())
}

/// The numbers of a document that its schema refuses, as far as it can be read at all.
async fn number_refused(engine: &Engine, inbound: &InFlow, message: &Message) -> Result<(), Problems> {
    if message.size > material::LARGE {
        return Ok(());
    }
    let Ok(mut documents) = material::again(engine, inbound, message).await else { return Ok(()) };
    let mut numbers = Vec::new();
    // What else the mapping would refuse is told once the schema is content.
    let _ = apply::plan(inbound, message, &mut documents, &mut numbers).await;
    engine.journal.numbered(message.id, &numbers, None).await.map_err(Problems::from)
}

async fn apply_planned(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    message: &mut Message,
    material: &mut Option<Material>,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let resumed = material.is_none();
    let documents = known(engine, inbound, message, material).await?;
    if resumed {
        // The mapping may be another than when it was planned.
        let mut numbers = Vec::new();
        apply::plan(inbound, message, documents, &mut numbers).await?;
        let mapping = mappings::keep(&engine.storage, &inbound.made_of).await;
        if mapping.is_some() && mapping != message.mapping {
            engine.journal.numbered(message.id, &numbers, mapping.as_deref()).await?;
            message.mapping = mapping;
        }
    }
    let applied = apply::apply(engine, flow, inbound, message, documents).await?;
    summary.refused += applied.refused;
    summary.kept += applied.kept;
    engine.journal.applied(message, applied.written(), applied.note().as_deref(), engine.clock.now()).await?;
    checkpoint("applied").await;
    Ok(())
}

/// The documents of a message, read again where this process has not read them yet.
async fn known<'m>(
    engine: &Engine,
    inbound: &InFlow,
    message: &Message,
    material: &'m mut Option<Material>,
) -> Result<&'m mut Material, Problems> {
    let documents = match material.take() {
        Some(documents) => documents,
        None => material::again(engine, inbound, message).await?,
    };
    Ok(material.insert(documents))
}
