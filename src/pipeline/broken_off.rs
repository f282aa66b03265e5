//! Runs that were broken off in the middle, by a stop or by a crash: what Odoo may still be at is not looked for before it has landed.

use std::{collections::BTreeSet, future::Future};

use chrono::{DateTime, Utc};

use super::{Engine, Summary, retry::next_try};
use crate::{
    journal::Until,
    model::{Code, Intent, Message, Problem, Problems, Stage, intent::ALIVE},
};

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
                } else if !self.open_in_odoo(&message).await?.is_empty() {
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

    /// Lets a message wait that a process was at when it was killed, as long as Odoo may still be at what it was asked then: a look would
    /// not find what it has not committed. Gives whether the message waits. To be called under the lock of its flow, so that nobody else
    /// is at the message.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub(super) async fn waits_for_what_was_cut(&self, message: &mut Message, summary: &mut Summary) -> Result<bool, Problem> {
        let now = self.clock().now();
        // What moved after it had begun something was moved by a person, who was told when it goes on.
        let is_cut = |intent: &&Intent| intent.opened >= message.updated;
        let intents = self.open_in_odoo(message).await?;
        let lands_by = intents.iter().filter(is_cut).filter_map(Intent::lands_by).max();
        let Some(at) = lands_by.filter(|at| *at > now) else { return Ok(false) };
        let why = Problems::from(Problem::new(Code::MayLand, "consign was killed before Odoo had answered, and Odoo may still be at it"));
        match self.journal().wait(message, Until { at, firm: true }, &why, now).await {
            Ok(()) => self.settled(message, summary),
            // By a person, meanwhile: the next run takes it as it is then.
            Err(problem) if problem.code == Code::MessageMoved => {}
            Err(problem) => return Err(problem),
        }
        Ok(true)
    }

    /// Carries out what writes to Odoo. Whatever it takes, the journal says that it was under way at most [`ALIVE`] ago: `say` writes that
    /// down.
    pub(super) async fn under_way<T, S>(&self, say: impl Fn(DateTime<Utc>) -> S, work: impl Future<Output = T>) -> T
    where
        S: Future<Output = Result<(), Problem>>,
    {
        let pause = ALIVE.to_std().unwrap_or_default();
        let said_again = async {
            loop {
                tokio::time::sleep(pause).await;
                if let Err(problem) = say(self.clock().now()).await {
                    // What is under way goes on, and this is written down the next time.
                    tracing::warn!(code = problem.code.as_str(), "{}", problem.message);
                }
            }
        };
        tokio::select! {
            done = work => done,
            never = said_again => never,
        }
    }

    /// What a message has begun in Odoo and not ended, which it does at this stage alone.
    async fn open_in_odoo(&self, message: &Message) -> Result<Vec<Intent>, Problem> {
        let mut intents = match message.stage {
            Stage::Planned => self.journal().intents_of_run(message).await?,
            _ => Vec::new(),
        };
        intents.retain(|intent| intent.lands_by().is_some());
        Ok(intents)
    }
}
