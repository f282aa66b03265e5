//! Inbound: drop, check, plan, Odoo, shelf.

use std::collections::VecDeque;

use chrono::TimeDelta;

use super::{
    Engine, Summary, acknowledge, apply,
    carry::{Refused, Steps, carry, foreign},
    document_stream::{self, Stream},
    mappings,
    react::Next,
    readiness, receive, unpack,
    validate::Schemas,
};
use crate::{
    config::{Flow, Inbound},
    model::{BoxFuture, Code, Message, Pipeline, Problem, Problems, Stage, pipeline},
};

pub(super) async fn run(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
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
        return Err(Problem::new(Code::Leased, format!("another consign looks at {}/{} now", flow.partner, flow.folder())).into());
    }
    let result = poll(engine, flow, inbound, schemas, &lease, is_stopped, summary).await;
    lease.release().await?;
    result
}

async fn poll(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
    schemas: &Schemas,
    lease: &Lease<'_>,
    mut is_stopped: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let drop = engine.drop(&flow.partner).await?;
    let mut found = readiness::poll(engine, &*drop, flow, inbound, summary).await?;
    let ready = std::mem::take(&mut found.ready);
    if !ready.is_empty() {
        engine.watcher.found(&flow.id, ready.len());
    }
    for batch in receive::batches(ready) {
        if engine.is_stopping() || !lease.take().await? {
            return Ok(());
        }
        // Partners take turns: one batch, then whoever waits longest.
        let turn = engine.turns.take(&flow.partner).await;
        let messages = receive::receive_batch(engine, &*drop, flow, inbound, batch, &found, summary).await?;
        std::mem::drop(turn);
        carry_all(engine, flow, inbound, schemas, messages, &mut is_stopped, summary).await?;
    }
    Ok(())
}

/// Carries messages one after the other, in their order, and shelves those that came to rest together.
async fn carry_all(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
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
                Ok(false) => documents(engine, flow, inbound, schemas, &mut message, summary).await,
                // One whose own copy cannot be read now waits, and keeps no other.
                Err(problem) if problem.is_temporary() => {
                    carry(engine, flow, &mut Refused(Some(problem.into())), &mut message, summary).await
                }
                Err(problem) => Err(problem.into()),
            };
            match carried {
                Ok(next) => *is_stopped |= next == Next::Stop,
                Err(problems) => {
                    trouble = Some(problems);
                    break;
                }
            }
        }
        let unshelved = !message.moved || !acknowledge::is_shelved(&message);
        if matches!(message.stage, Stage::Done | Stage::Discarded | Stage::Failed) && unshelved && message.pipeline().maps() {
            rest.push(message);
        }
    }
    acknowledge::shelve(engine, flow, schemas, rest, summary).await?;
    trouble.map_or(Ok(()), Err)
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
        Self { engine, name: format!("{}/{}", flow.partner, flow.folder()) }
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

/// Carries a message of documents.
async fn documents(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
    schemas: &Schemas,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    let at = if message.stage == Stage::Waiting { message.resume } else { Some(message.stage) };
    let then = match message.again.as_then {
        // Its effect is there; what is left needs no mapping.
        true if at != Some(Stage::Applied) => {
            let made_of = mappings::recall(&engine.storage, message).await.map_err(Problems::from);
            match made_of.and_then(|made_of| inbound.map.as_then(&made_of)) {
                Ok(then) => Some(then),
                Err(problems) => return carry(engine, flow, &mut Refused(Some(problems)), message, summary).await,
            }
        }
        _ => None,
    };
    let mut steps =
        Documents { engine, flow, inbound: Inbound { map: then.as_ref().unwrap_or(inbound.map), ..inbound }, schemas, stream: None };
    carry(engine, flow, &mut steps, message, summary).await
}

/// The steps of documents into Odoo: received, checked, planned, applied, done.
struct Documents<'f> {
    engine: &'f Engine,
    flow: &'f Flow,
    inbound: Inbound<'f>,
    schemas: &'f Schemas,
    /// What was read of the message by this process.
    stream: Option<Stream>,
}

impl Steps for Documents<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        &pipeline::MAP
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, summary: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        Box::pin(async move {
            match message.stage {
                Stage::Received => self.check(message).await,
                Stage::Checked => self.plan(message).await,
                Stage::Planned => self.apply(message, summary).await,
                Stage::Applied => Ok(self.engine.journal.done(message, &[], None, self.engine.clock.now()).await?),
                _ => Err(foreign(message)),
            }
        })
    }
}

impl Documents<'_> {
    async fn check(&mut self, message: &mut Message) -> Result<(), Problems> {
        let engine = self.engine;
        match document_stream::check(engine, self.inbound, self.schemas, message).await {
            Ok(checked) => {
                self.stream = Some(checked);
                Ok(engine.journal.advance(message, Stage::Checked, None, engine.clock.now()).await?)
            }
            Err(problems) => {
                number_refused(engine, self.inbound, message).await?;
                Err(problems)
            }
        }
    }

    async fn plan(&mut self, message: &mut Message) -> Result<(), Problems> {
        let (engine, inbound) = (self.engine, self.inbound);
        let documents = known(engine, inbound, message, &mut self.stream).await?;
        let mut numbers = Vec::new();
        let planned = apply::plan(inbound, message, documents, &mut numbers).await;
        let mapping = mappings::keep(&engine.storage, &inbound.map.made_of).await;
        if let Err(problems) = planned {
            // One that is refused is looked for more than any other.
            engine.journal.numbered(message.id, &numbers, mapping.as_deref()).await?;
            return Err(problems);
        }
        engine.journal.planned(message, &numbers, mapping.as_deref(), engine.clock.now()).await?;
        message.mapping = mapping.or(message.mapping.take());
        Ok(())
    }

    async fn apply(&mut self, message: &mut Message, summary: &mut Summary) -> Result<(), Problems> {
        let (engine, inbound) = (self.engine, self.inbound);
        let resumed = self.stream.is_none();
        let documents = known(engine, inbound, message, &mut self.stream).await?;
        if resumed {
            // The mapping may be another than when it was planned.
            let mut numbers = Vec::new();
            apply::plan(inbound, message, documents, &mut numbers).await?;
            let mapping = mappings::keep(&engine.storage, &inbound.map.made_of).await;
            if mapping.is_some() && mapping != message.mapping {
                engine.journal.numbered(message.id, &numbers, mapping.as_deref()).await?;
                message.mapping = mapping;
            }
        }
        let applied = apply::apply(engine, self.flow, inbound, message, documents).await?;
        summary.refused += applied.refused;
        summary.kept += applied.kept;
        Ok(engine.journal.applied(message, applied.written(), applied.note().as_deref(), engine.clock.now()).await?)
    }
}

/// The numbers of a document that its schema refuses, as far as it can be read at all.
async fn number_refused(engine: &Engine, inbound: Inbound<'_>, message: &Message) -> Result<(), Problems> {
    if message.size > document_stream::LARGE {
        return Ok(());
    }
    let Ok(mut documents) = document_stream::reload(engine, inbound, message).await else { return Ok(()) };
    let mut numbers = Vec::new();
    // What else the mapping would refuse is told once the schema is content.
    let _ = apply::plan(inbound, message, &mut documents, &mut numbers).await;
    engine.journal.numbered(message.id, &numbers, None).await.map_err(Problems::from)
}

/// The documents of a message, read again where this process has not read them yet.
async fn known<'m>(
    engine: &Engine,
    inbound: Inbound<'_>,
    message: &Message,
    stream: &'m mut Option<Stream>,
) -> Result<&'m mut Stream, Problems> {
    let documents = match stream.take() {
        Some(documents) => documents,
        None => document_stream::reload(engine, inbound, message).await?,
    };
    Ok(stream.insert(documents))
}
