//! The state machine: carries a message from its stage until it is at rest or waits.
//!
//! **Invariant:** work moves a message only here, whatever its source and target. [`StageSteps`] implements the stages of one kind of
//! message; [`react`] applies the reaction to a problem.

use chrono::TimeDelta;

use super::{
    Engine, Run, Summary,
    react::{Next, react},
};
use crate::{
    failpoints::checkpoint,
    model::{BoxFuture, Code, Message, Pipeline, Problem, Problems, Stage},
};

/// The work at the stages of one kind of message.
pub(super) trait StageSteps: Send {
    /// The stages of that kind.
    fn pipeline(&self) -> &'static Pipeline;

    /// How long an effect may still take place after nobody waits for its answer any more.
    fn lands_within(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    /// Does the work of the message's stage, and moves it on.
    ///
    /// # Errors
    /// The problems; the message is then still at its stage.
    fn step<'s>(&'s mut self, message: &'s mut Message, summary: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>>;
}

/// Carries a message as far as possible; returns whether the run should continue with the next one.
///
/// # Errors
/// The journal cannot be used. It is no error if a person has moved the message meanwhile: the next run continues with it.
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
        // The next run continues from there. If the effect took place, only the record of it is missing.
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
            // Only the record of it is missing.
            Err(problems) if message.stage == Stage::Applied && !problems.lead().is_temporary() => {
                return Err(problems);
            }
            // A call may still be running in Odoo. The message keeps its stage, and so do those after it: the order stays.
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

/// Ends a wait: the message continues from its stage.
async fn resume(engine: &Engine, message: &mut Message) -> Result<(), Problem> {
    match message.stage {
        Stage::Waiting => {
            let stage = message.resume.unwrap_or(Stage::Received);
            engine.journal().advance(message, stage, None, engine.clock().now()).await
        }
        _ => Ok(()),
    }
}

/// A message whose kind differs from its flow's current one, or at a stage that its kind does not have.
pub(super) fn foreign(message: &Message) -> Problems {
    let way = message.direction.as_str();
    let text = format!("message {} is {} and was received while its flow had the direction `{way}`", message.id.short(), message.stage);
    Problem::new(Code::Stage, text).hint("restore the direction of the flow and release the message, or discard it").into()
}

/// A message that cannot take its next step. The problem decides whether it waits, is held or fails; after its effect it is done.
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
