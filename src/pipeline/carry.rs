//! The one step machine: carries a message from the stage it is at until it is at rest or waits.
//!
//! **Invariant:** work moves a message only here, whatever its source and target. [`StageSteps`] implements the stages of one kind of
//! message; [`react`] does what a problem leads to.

use chrono::TimeDelta;

use super::{
    Engine, Run, Summary,
    react::{Next, react},
};
use crate::{
    failpoints::checkpoint,
    model::{BoxFuture, Code, Message, Pipeline, Problem, Problems, Stage},
};

/// What is done at the stages of one kind of message.
pub(super) trait StageSteps: Send {
    /// The stages of that kind.
    fn pipeline(&self) -> &'static Pipeline;

    /// How long an effect may still take place after nobody waits for its answer any more.
    fn lands_within(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    /// Does what is due at the stage that the message is at, and moves it on.
    ///
    /// # Errors
    /// What is wrong; the message is then at the stage it was at.
    fn step<'s>(&'s mut self, message: &'s mut Message, summary: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>>;
}

/// Carries a message as far as it goes; whether the next one of the run is worth trying.
///
/// # Errors
/// The journal cannot be used. A person who has moved the message meanwhile is no error: the next run takes it as it is.
pub(super) async fn carry(
    run: &Run<'_>,
    steps: &mut dyn StageSteps,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    match go(run, steps, message, summary).await {
        Err(problems) if problems.lead().code == Code::MessageMoved => {
            tracing::info!(message = message.id.short(), flow = message.flow, "somebody else has moved it meanwhile");
            Ok(Next::Go)
        }
        carried => carried,
    }
}

async fn go(run: &Run<'_>, steps: &mut dyn StageSteps, message: &mut Message, summary: &mut Summary) -> Result<Next, Problems> {
    let engine = run.engine;
    while !message.stage.is_at_rest() {
        // The next run goes on from where it is. What has had its effect only has to be written down.
        if engine.is_stopping() && message.stage != Stage::Applied {
            return Ok(Next::Stop);
        }
        resume(engine, message).await?;
        if message.pipeline() != steps.pipeline() && message.stage != Stage::Applied {
            engine.journal().hold(message, &foreign(message), engine.clock().now()).await?;
            engine.settled(message, summary);
            return Ok(Next::Go);
        }
        match steps.step(message, summary).await {
            Ok(()) if message.stage.is_at_rest() => engine.settled(message, summary),
            Ok(()) => checkpoint(message.stage.as_str()).await,
            // Nothing is left to do but to write that down.
            Err(problems) if message.stage == Stage::Applied && !problems.lead().is_temporary() => {
                return Err(problems);
            }
            // A call may still be running in Odoo. The message keeps its stage, and those behind it keep theirs: the order stays.
            Err(problems) if problems.lead().code == Code::MayLand && message.pipeline().maps() => {
                summary.odoo_is_busy = true;
                summary.not_written += 1;
                if let Some((problem, true)) = engine.site.still_landing(&message.odoo).await? {
                    summary.problems.push(problem);
                }
                return Ok(if message.odoo == run.flow.odoo { Next::Stop } else { Next::Go });
            }
            Err(problems) => return Ok(react(run, message, problems, steps.lands_within(), summary).await?),
        }
    }
    Ok(Next::Go)
}

/// Ends a wait: the message goes on from where it was.
async fn resume(engine: &Engine, message: &mut Message) -> Result<(), Problem> {
    match message.stage {
        Stage::Waiting => {
            let stage = message.resume.unwrap_or(Stage::Received);
            engine.journal().advance(message, stage, None, engine.clock().now()).await
        }
        _ => Ok(()),
    }
}

/// A message of another kind than its flow has today, or at a stage that its kind does not have.
pub(super) fn foreign(message: &Message) -> Problems {
    let way = message.direction.as_str();
    let text = format!("message {} is {} and was received while its flow had the direction `{way}`", message.id.short(), message.stage);
    Problem::new(Code::Stage, text).hint("restore the direction of the flow and release the message, or discard it").into()
}

/// A message that cannot take its next step. The problem decides whether it waits, is held or fails; one that has had its effect is done.
pub(super) struct Blocked<'f> {
    engine: &'f Engine,
    pipeline: &'static Pipeline,
    problems: Option<Problems>,
}

impl<'f> Blocked<'f> {
    pub(super) fn by(engine: &'f Engine, message: &Message, problems: impl Into<Problems>) -> Self {
        Self { engine, pipeline: message.pipeline(), problems: Some(problems.into()) }
    }
}

impl StageSteps for Blocked<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        self.pipeline
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, _: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        Box::pin(async move {
            match message.stage {
                Stage::Applied => Ok(self.engine.journal().done(message, None, self.engine.clock().now()).await?),
                _ => Err(self.problems.take().unwrap_or_else(|| foreign(message))),
            }
        })
    }
}
