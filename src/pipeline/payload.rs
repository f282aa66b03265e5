//! Documents that are sent as bytes: made of records, passed on unchanged, or acknowledgements. Received, planned, staged, applied, done.
//!
//! Never sent twice: a row in the journal says what is about to happen before it does. If a crash or a lost answer leaves that row open,
//! the target is probed. If the probe cannot tell, a person decides.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    Run, Summary,
    carry::{StageSteps, carry, foreign},
    effects::JournalledEffects,
    engine::GRACE,
    make::{self, Maker},
    react::Next,
};
use crate::{
    config::answers::SentAck,
    endpoint::{Committed, DocumentTarget, Probe},
    failpoints::{Planted, planted},
    journal::Written,
    model::{BoxFuture, Code, Effect, Intent, Message, Pipeline, Problem, Problems, Stage, intent::Outcome, pipeline, problem::shown},
};

/// Carries a message as far as possible.
pub(super) async fn carry_payload<'f>(
    run: &'f Run<'f>,
    target: &'f dyn DocumentTarget,
    maker: Maker<'f>,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    carry(run, &mut Payload { run, target, maker }, message, summary).await
}

/// The steps of a document that is sent.
struct Payload<'f> {
    run: &'f Run<'f>,
    target: &'f dyn DocumentTarget,
    maker: Maker<'f>,
}

impl StageSteps for Payload<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        &pipeline::RENDER
    }

    fn lands_within(&self) -> TimeDelta {
        TimeDelta::from_std(self.target.lands_within()).unwrap_or(TimeDelta::MAX)
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, _: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        Box::pin(async move {
            match self.maker {
                Maker::Answer(answer) if message.stage != Stage::Applied => self.answer(answer, message).await,
                _ => self.go_on(message, None).await,
            }
        })
    }
}

impl Payload<'_> {
    /// The step of an acknowledgement, unless it is outdated. An older one never replaces a younger one.
    async fn answer(&mut self, answer: &SentAck, message: &mut Message) -> Result<(), Problems> {
        let engine = self.run.engine;
        let Some(about) = make::answered(engine, message).await? else { return Ok(make::superseded(engine, message).await?) };
        if message.checked && engine.journal().is_answered_later(message).await? {
            return Ok(make::superseded(engine, message).await?);
        }
        self.go_on(message, Some((answer, &about))).await.map_err(|found| make::ungiven(&about, found))?;
        if message.stage == Stage::Applied {
            let said = if about.stage == Stage::Done { "accepted" } else { "refused" };
            let text = format!("acknowledged with {}: {said}", shown(&message.path));
            engine.journal().remark(&about, &text, engine.clock().now()).await?;
        }
        Ok(())
    }

    async fn go_on(&mut self, message: &mut Message, answer: Option<(&SentAck, &Message)>) -> Result<(), Problems> {
        let (journal, clock) = (self.run.engine.journal(), self.run.engine.clock());
        match message.stage {
            Stage::Received => match (&mut self.maker, answer) {
                (_, Some((answer, about))) => make::answer(self.run, answer, about, self.target, message).await,
                (Maker::Records(outbound, read), _) => make::of_records(self.run, *outbound, read.take(), self.target, message).await,
                _ => Ok(journal.planned(message, &[], None, clock.now()).await?),
            },
            Stage::Planned => {
                // Nobody can see it yet, and a repetition uses the same name.
                let Some(prepared) = self.run.engine.unless_stopped(Duration::ZERO, self.target.prepare(message)).await else {
                    return Ok(());
                };
                prepared?;
                Ok(journal.advance(message, Stage::Staged, None, clock.now()).await?)
            }
            Stage::Staged => Ok(self.hand_over(message).await?),
            Stage::Applied => Ok(journal.done(message, None, clock.now()).await?),
            _ => Err(foreign(message)),
        }
    }

    /// Sends it, unless that has already happened.
    async fn hand_over(&self, message: &mut Message) -> Result<(), Problem> {
        let engine = self.run.engine;
        let Some(took_place) = engine.unless_stopped(GRACE, self.took_place(message)).await else { return Ok(()) };
        if took_place? {
            return Ok(());
        }
        let effects = JournalledEffects::of(&engine.site, message);
        let Committed { effect, note } = self.target.commit(message, &effects).await?;
        let written = effect.as_ref().map(happened).unwrap_or_default();
        engine.journal().applied(message, written, note, engine.clock().now()).await
    }

    /// Checks earlier effects of this run: returns whether one took place. An effect with a clear answer is closed.
    async fn took_place(&self, message: &mut Message) -> Result<bool, Problem> {
        let (journal, clock) = (self.run.engine.journal(), self.run.engine.clock());
        let intents = journal.intents_of_run(message).await?;
        if intents.iter().any(Intent::sent) {
            journal.applied(message, Written::default(), None, clock.now()).await?;
            return Ok(true);
        }
        for intent in intents.iter().filter(|intent| intent.is_undecided()) {
            let may_land = intent.closed.is_none() && intent.opened + self.lands_within() > clock.now();
            if may_land && !planted(Planted::ProbedEarly) {
                let text = format!("this may still happen: {}", intent.effect);
                return Err(Problem::new(Code::MayLand, text));
            }
            let probe = self.target.probe(message, intent).await?;
            match if planted(Planted::ProbeIgnored) { Probe::NotCommitted } else { probe } {
                Probe::Committed(why) => {
                    journal.applied(message, happened(&intent.effect), Some(why), clock.now()).await?;
                    return Ok(true);
                }
                Probe::NotCommitted => {
                    journal.conclude(message, std::slice::from_ref(&intent.effect), Outcome::NotHappened, clock.now()).await?;
                    self.target.withdraw(message, Some(&intent.effect)).await?;
                }
                // It is repeated, under its existing name.
                Probe::Idempotent => {}
                Probe::Unknown(why) => {
                    let mut problem = intent.uncertain(&message.id.short());
                    problem.message = format!("{} ({why})", problem.message).into();
                    return Err(problem);
                }
            }
        }
        Ok(false)
    }
}

/// The result of an effect that took place.
fn happened(effect: &Effect) -> Written<'_> {
    Written { ended: Some((effect, Outcome::Happened)), ..Written::default() }
}
