//! Before a run is broken off in the middle: what Odoo may still be at is not looked for before it has landed.

use std::collections::BTreeSet;

use super::{Engine, retry::next_try};
use crate::model::{Code, Effect, Intent, Message, Problem, Problems, Stage};

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
                if message.stage == Stage::Done && !message.moved && !message.pipeline().maps() {
                    // Its note may be under way.
                    journal.settle_later(&[(&message, next_try(message.id, 0, &why, None, now))]).await?;
                } else if Stage::UNDER_WAY.contains(&message.stage) && self.is_under_way_in_odoo(&message).await? {
                    let until = next_try(message.id, message.attempts, &why, None, now);
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

    async fn is_under_way_in_odoo(&self, message: &Message) -> Result<bool, Problem> {
        let is_open = |intent: &Intent| intent.closed.is_none() && matches!(intent.effect, Effect::Call(_) | Effect::Write(_));
        Ok(message.stage != Stage::Applied && self.journal().intents_of_run(message).await?.iter().any(is_open))
    }
}
