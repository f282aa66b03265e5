//! Runs that were broken off in the middle, by a stop or by a crash: what Odoo may still be at is not looked for before it has landed.

use std::{collections::BTreeSet, future::Future, time::Duration};

use chrono::{DateTime, Utc};

use super::{Engine, retry::next_try};
use crate::{
    endpoint::ALIVE,
    failpoints,
    model::{Code, Intent, Message, Problem, Problems, Stage},
};

/// How soon it is tried again to write down that something is under way.
const SOON: Duration = Duration::from_secs(5);

impl Engine {
    /// Lets messages wait whose call to Odoo is about to be broken off with the run that made it: the next run, of this process or of one
    /// that is started at once, would look for records that Odoo has not committed yet. To be called while the runs still have their locks;
    /// what they come to after that is as if a person had moved the message meanwhile.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn wait_for_what_may_land(&self, flows: &BTreeSet<String>) -> Result<(), Problem> {
        let (journal, now) = (self.journal(), self.clock().now());
        let why = Problems::from(Problem::new(Code::OdooTimeout, "consign was stopped before Odoo had answered"));
        for flow in flows {
            for mut message in journal.unfinished(flow, now, true).await? {
                let lands_within = self.site.lands_within(&message.odoo);
                if message.stage == Stage::Done && !message.moved && !message.pipeline().maps() {
                    // Its note may be under way.
                    journal.settle_later(&[(&message, next_try((message.id, 0), &why, lands_within, None, now))]).await?;
                } else if is_under_way(self, &message).await? {
                    let until = next_try((message.id, message.attempts), &why, lands_within, None, now);
                    match journal.wait(&mut message, until, &why, now).await {
                        // Its run has come further meanwhile: there is nothing to wait for.
                        Err(problem) if problem.code != Code::MessageMoved => return Err(problem),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries out what writes to Odoo. Whatever it takes, the journal says that it was under way at most [`ALIVE`] ago: `say` writes that
    /// down.
    pub(super) async fn under_way<T, S>(&self, say: impl Fn(DateTime<Utc>) -> S, work: impl Future<Output = T>) -> T
    where
        S: Future<Output = Result<(), Problem>>,
    {
        let usual = failpoints::alive().or(ALIVE.to_std().ok()).unwrap_or_default();
        let said_again = async {
            let mut pause = usual;
            loop {
                tokio::time::sleep(pause).await;
                pause = usual;
                if let Err(problem) = say(self.clock().now()).await {
                    // What is under way goes on, and this is written down soon.
                    pause = usual.min(SOON);
                    tracing::warn!(code = problem.code.as_str(), "{}", problem.message);
                }
            }
        };
        tokio::select! {
            done = work => done,
            never = said_again => never,
        }
    }
}

/// Whether Odoo may be at what a message has begun there, which it does at this stage alone.
async fn is_under_way(engine: &Engine, message: &Message) -> Result<bool, Problem> {
    let is_open = |intent: &Intent| intent.closed.is_none() && intent.effect.is_in_odoo();
    Ok(message.stage == Stage::Planned && engine.journal().intents_of_run(message).await?.iter().any(is_open))
}
