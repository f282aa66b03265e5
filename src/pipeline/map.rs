//! Documents become plans, which are executed: received, checked, planned, applied, done.

use super::{
    Engine, Run, Summary, apply,
    carry::{Blocked, StageSteps, carry, foreign},
    document_stream::{self, Stream},
    mapping_store,
    react::Next,
    validate::Schemas,
};
use crate::{
    config::Inbound,
    endpoint::PlanTarget,
    model::{BoxFuture, Message, Pipeline, Problems, Stage, pipeline},
};

/// Carries a message of documents.
pub(super) async fn documents(
    run: &Run<'_>,
    inbound: Inbound<'_>,
    target: &dyn PlanTarget,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    let engine = run.engine;
    let at = if message.stage == Stage::Waiting { message.resume } else { Some(message.stage) };
    let then = match message.again.as_then {
        // Its effect took place; the rest needs no mapping.
        true if at != Some(Stage::Applied) => {
            let snapshot = mapping_store::load(engine.storage(), message).await.map_err(Problems::from);
            match snapshot.and_then(|snapshot| inbound.map.as_then(&snapshot)) {
                Ok(then) => Some(then),
                Err(problems) => return carry(run, &mut Blocked::by(engine, message, problems), message, summary).await,
            }
        }
        _ => None,
    };
    let inbound = Inbound { map: then.as_ref().unwrap_or(inbound.map), ..inbound };
    let mut steps = Documents { run, inbound, target, stream: None };
    carry(run, &mut steps, message, summary).await
}

/// The steps of documents into Odoo: received, checked, planned, applied, done.
struct Documents<'f> {
    run: &'f Run<'f>,
    inbound: Inbound<'f>,
    target: &'f dyn PlanTarget,
    /// The documents of the message that this process has read.
    stream: Option<Stream>,
}

impl StageSteps for Documents<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        &pipeline::MAP
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, summary: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        Box::pin(async move {
            match message.stage {
                Stage::Received => self.check(message).await,
                Stage::Checked => self.plan(message).await,
                Stage::Planned => self.apply(message, summary).await,
                Stage::Applied => Ok(self.run.engine.journal().done(message, None, self.run.engine.clock().now()).await?),
                _ => Err(foreign(message)),
            }
        })
    }
}

impl Documents<'_> {
    async fn check(&mut self, message: &mut Message) -> Result<(), Problems> {
        let engine = self.run.engine;
        match document_stream::check(engine, self.inbound, &self.run.schemas, message).await {
            Ok(checked) => {
                self.stream = Some(checked);
                Ok(engine.journal().advance(message, Stage::Checked, None, engine.clock().now()).await?)
            }
            Err(problems) => {
                number_refused(engine, self.inbound, &self.run.schemas, message).await?;
                Err(problems)
            }
        }
    }

    async fn plan(&mut self, message: &mut Message) -> Result<(), Problems> {
        let (engine, inbound) = (self.run.engine, self.inbound);
        let documents = known(engine, inbound, &self.run.schemas, message, &mut self.stream).await?;
        let mut numbers = Vec::new();
        let planned = apply::plan(inbound, message, documents, &mut numbers).await;
        let mapping = mapping_store::save(engine.storage(), &inbound.map.snapshot).await;
        if let Err(problems) = planned {
            // People search for refused messages most.
            engine.journal().numbered(message.id, &numbers, mapping.as_deref()).await?;
            return Err(problems);
        }
        engine.journal().planned(message, &numbers, mapping.as_deref(), engine.clock().now()).await?;
        message.mapping = mapping.or(message.mapping.take());
        Ok(())
    }

    async fn apply(&mut self, message: &mut Message, summary: &mut Summary) -> Result<(), Problems> {
        let (engine, inbound) = (self.run.engine, self.inbound);
        let resumed = self.stream.is_none();
        let documents = known(engine, inbound, &self.run.schemas, message, &mut self.stream).await?;
        if resumed {
            // The mapping may have changed since it was planned.
            let mut numbers = Vec::new();
            apply::plan(inbound, message, documents, &mut numbers).await?;
            let mapping = mapping_store::save(engine.storage(), &inbound.map.snapshot).await;
            if mapping.is_some() && mapping != message.mapping {
                engine.journal().numbered(message.id, &numbers, mapping.as_deref()).await?;
                message.mapping = mapping;
            }
        }
        let applied = apply::apply(self.run, inbound, self.target, message, documents).await?;
        summary.refused += applied.refused;
        summary.values_preserved += applied.kept;
        message.refused = u32::try_from(applied.refused).unwrap_or(u32::MAX);
        Ok(engine.journal().applied(message, applied.written(), applied.note().as_deref(), engine.clock().now()).await?)
    }
}

/// The numbers of a document that its schema refuses, if it can be read at all.
async fn number_refused(engine: &Engine, inbound: Inbound<'_>, schemas: &Schemas, message: &Message) -> Result<(), Problems> {
    if message.size > document_stream::LARGE {
        return Ok(());
    }
    let read = match document_stream::reload(engine, inbound, schemas, message).await {
        Ok(documents) => Ok(documents),
        Err(_) => document_stream::reload_untyped(engine, inbound, message).await,
    };
    let Ok(mut documents) = read else { return Ok(()) };
    let mut numbers = Vec::new();
    // Other mapping problems are reported once the document is valid.
    let _ = apply::plan(inbound, message, &mut documents, &mut numbers).await;
    engine.journal().numbered(message.id, &numbers, None).await.map_err(Problems::from)
}

/// The documents of a message, read again if this process has not read them yet.
async fn known<'m>(
    engine: &Engine,
    inbound: Inbound<'_>,
    schemas: &Schemas,
    message: &Message,
    stream: &'m mut Option<Stream>,
) -> Result<&'m mut Stream, Problems> {
    let documents = match stream.take() {
        Some(documents) => documents,
        None => document_stream::reload(engine, inbound, schemas, message).await?,
    };
    Ok(stream.insert(documents))
}
