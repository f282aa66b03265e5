//! Runs that end in the middle of a call to Odoo. The journal records until when the call was running; after a stop its message waits.

use std::{collections::BTreeSet, future::Future, time::Duration};

use chrono::{DateTime, Utc};

use super::{Engine, retry::next_try};
use crate::{
    endpoint::ALIVE,
    failpoints,
    model::{Code, Intent, Message, Problem, Problems, Stage},
};

/// Pause before the next attempt to record that a call is running.
const SOON: Duration = Duration::from_secs(5);

impl Engine {
    /// Makes messages wait whose call to Odoo is about to be interrupted with its run. Otherwise the next run, of this process or a new
    /// one, would look for records that Odoo has not committed yet. Call it while the runs still have their locks. Their later results
    /// count as if a person had moved the message meanwhile.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn wait_for_what_may_land(&self, flows: &BTreeSet<String>) -> Result<(), Problem> {
        let (journal, now) = (self.journal(), self.clock().now());
        let why = Problems::from(Problem::new(Code::OdooTimeout, "consign was stopped before Odoo answered"));
        for flow in flows {
            for mut message in journal.unfinished(flow, now, true).await? {
                let lands_within = self.site.lands_within(&message.odoo);
                if message.stage == Stage::Done && !message.moved && !message.pipeline().maps() {
                    // Its note may be in progress.
                    journal.settle_later(&[(&message, next_try((message.id, 0), &why, lands_within, None, now))]).await?;
                } else if is_under_way(self, &message).await? {
                    let until = next_try((message.id, message.attempts), &why, lands_within, None, now);
                    match journal.wait(&mut message, until, &why, now).await {
                        // Its run has continued meanwhile: there is nothing to wait for.
                        Err(problem) if problem.code != Code::MessageMoved => return Err(problem),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs `work`, which writes to Odoo, and calls `say` every [`ALIVE`] until it ends: `say` writes down that it is still running.
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
                    // The work continues; the next attempt to record it comes sooner.
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

/// Whether a call for a message may be running in Odoo. Only a message that is planned makes such calls.
async fn is_under_way(engine: &Engine, message: &Message) -> Result<bool, Problem> {
    let is_open = |intent: &Intent| intent.closed.is_none() && intent.effect.is_in_odoo();
    Ok(message.stage == Stage::Planned && engine.journal().intents_of_run(message).await?.iter().any(is_open))
}
