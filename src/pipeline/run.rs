//! A run of a flow: it finishes unfinished messages, polls the source, and processes what is ready.

use std::{collections::VecDeque, time::Duration};

use chrono::TimeDelta;
use serde_json::Value as Json;

use super::{
    Engine, Run, Summary,
    carry::{Blocked, carry},
    look,
    make::Maker,
    map, payload,
    react::Next,
    receive, settle, unpack,
};
use crate::{
    config::Transform,
    endpoint::{History, Polled, Resting, Settlement, Signal, Target},
    failpoints::{Planted, checkpoint, planted},
    model::{Code, Message, Problem, Problems, codes::Scope},
};

/// A message to carry, with its records if this run has read them.
type Due = (Message, Option<Vec<Json>>);

impl Run<'_> {
    /// Finishes unfinished messages; with `look`, it also receives what is ready.
    pub(super) async fn go(&self, look: bool, summary: &mut Summary) -> Result<(), Problems> {
        let engine = self.engine;
        let begun = engine.journal().unfinished(&self.flow.id, engine.clock().now(), engine.eager).await?;
        if !begun.is_empty() {
            engine.watcher.found(&self.flow.id, begun.len());
        }
        let mut is_stopped = self.is_landing(summary).await?;
        self.carry_all(begun.into_iter().map(|message| (message, None)).collect(), &mut is_stopped, summary).await?;
        // Items that can wait at their source are not received while the target is down.
        if !look || engine.is_stopping() || (is_stopped && self.source.can_wait()) {
            return Ok(());
        }
        // The next run repeats what is only polled, or fetched and not recorded yet.
        let Some(followed) = engine.unless_stopped(Duration::ZERO, self.follow(summary)).await else { return Ok(()) };
        followed?;
        if self.is_paused(summary).await? {
            return Ok(());
        }
        let Some(name) = self.source.lease() else { return self.poll(None, is_stopped, summary).await };
        let lease = Lease { engine, name };
        if !lease.take().await? {
            return Err(Problem::new(Code::Leased, format!("another consign is polling {} now", lease.name)).into());
        }
        let polled = self.poll(Some(&lease), is_stopped, summary).await;
        lease.release().await?;
        polled
    }

    /// Whether a person has paused the flow: then nothing new is received.
    async fn is_paused(&self, summary: &mut Summary) -> Result<bool, Problem> {
        summary.paused |= self.engine.journal().is_paused(&self.flow.id).await?;
        Ok(summary.paused)
    }

    /// Whether a call may still be running in Odoo. Then consign writes nothing to it, and all messages keep their order.
    async fn is_landing(&self, summary: &mut Summary) -> Result<bool, Problem> {
        let Target::Plans(_) = &self.target else { return Ok(false) };
        let landing = self.engine.site.still_landing(&self.flow.odoo).await?;
        summary.problems.extend(landing.iter().filter(|(_, is_new)| *is_new).map(|(problem, _)| problem.clone()));
        summary.odoo_is_busy = landing.is_some();
        Ok(summary.odoo_is_busy)
    }

    /// Records what has become of sent messages.
    async fn follow(&self, summary: &mut Summary) -> Result<(), Problem> {
        let Target::Documents(target) = &self.target else { return Ok(()) };
        let (journal, now) = (self.engine.journal(), self.engine.clock().now());
        let followed = target.follow().await;
        summary.problems.extend(followed.findings);
        let mut collected = Vec::new();
        for signal in followed.signals {
            match signal {
                Signal::Collected(message) => collected.push(message),
                Signal::Answered(message, answer) => {
                    let (id, flow, reply) = (message.id.short(), &message.flow, answer.reply.as_str());
                    journal.answered(&message, &answer, None, now).await?;
                    tracing::info!(message = id, flow, reply, "answered");
                }
            }
        }
        journal.collected(&collected, now).await
    }

    async fn poll(&self, lease: Option<&Lease<'_>>, mut is_stopped: bool, summary: &mut Summary) -> Result<(), Problems> {
        let (engine, flow) = (self.engine, self.flow);
        let doubt = match &self.target {
            Target::Documents(target) if !target.recognises_repeats() => {
                engine.journal().doubt(&flow.id, &flow.odoo, engine.clock().now()).await?
            }
            _ => None,
        };
        let known = History { one_record_each: doubt.is_some(), ..History::of(&engine.site, flow).await? };
        let Some(polled) = engine.unless_stopped(Duration::ZERO, look::look(self, known, summary)).await else { return Ok(()) };
        let Polled { candidates, cursor, .. } = polled?;
        let ready = look::ready(flow, candidates, summary);
        if !ready.is_empty() {
            engine.watcher.found(&flow.id, ready.len());
        }
        let mut unread: Option<Problem> = None;
        for batch in receive::batches(ready) {
            let goes_on = match lease {
                Some(lease) => lease.take().await?,
                None => true,
            };
            if engine.is_stopping() || !goes_on || (is_stopped && self.source.can_wait()) {
                return Ok(());
            }
            if let Some(problem) = engine.lacks_room() {
                return Err(problem.into());
            }
            // Partners take turns: one batch, then whoever has waited longest. Records need no turn: a few calls read them, and they block
            // no partner.
            let fetching = async {
                if self.source.can_wait() {
                    return (None, self.source.fetch(batch).await);
                }
                let mut turn = engine.shared.turns.take(&flow.partner).await;
                let fetched = match &mut turn {
                    Some(turn) => turn.during(self.source.fetch(batch)).await,
                    None => self.source.fetch(batch).await,
                };
                (turn, fetched)
            };
            let Some((turn, fetched)) = engine.unless_stopped(Duration::ZERO, fetching).await else { return Ok(()) };
            let mut fetched = match fetched {
                Ok(fetched) => fetched,
                Err(problem) if problem.is_temporary() || problem.code.scope() >= Scope::Flow => return Err(problem.into()),
                // The next batch may succeed.
                Err(problem) => {
                    unread = Some(problem);
                    continue;
                }
            };
            checkpoint("fetched").await;
            // What is fetched and not received yet is found again after the pause.
            if self.is_paused(summary).await? {
                return Ok(());
            }
            if !self.source.can_wait() {
                let messages = receive::receive(self, fetched, doubt, summary).await?;
                drop(turn);
                self.carry_all(messages, &mut is_stopped, summary).await?;
                continue;
            }
            drop(turn);
            // Received one by one, as long as each succeeds.
            fetched.reverse();
            while let Some(one) = fetched.pop() {
                if self.is_paused(summary).await? {
                    return Ok(());
                }
                let messages = receive::receive(self, vec![one], doubt, summary).await?;
                self.carry_all(messages, &mut is_stopped, summary).await?;
                if engine.is_stopping() || is_stopped {
                    return Ok(());
                }
            }
        }
        if let Some(problem) = unread {
            return Err(problem.into());
        }
        // Everything ready is claimed now, and not looked for again.
        if let Some(cursor) = cursor {
            engine.journal().move_cursor(&flow.id, &flow.odoo, &cursor).await?;
        }
        if doubt.is_some() {
            engine.journal().seen_restored(&flow.id).await?;
        }
        Ok(())
    }

    /// Carries messages one after another, in their order, and settles those that came to rest together. Then it sends the acknowledgements
    /// for them.
    async fn carry_all(&self, due: Vec<Due>, is_stopped: &mut bool, summary: &mut Summary) -> Result<(), Problems> {
        let mut trouble = None;
        let mut queue = VecDeque::from(due);
        while !queue.is_empty() && trouble.is_none() {
            let mut rest = Vec::new();
            while let Some((mut message, records)) = queue.pop_front() {
                if self.engine.is_stopping() {
                    break;
                }
                // One failure is enough: a server that is down is not asked again for every message of a run.
                let is_answer = message.answers.is_some();
                let stopped = if is_answer { summary.answers_stopped || summary.source_is_away } else { *is_stopped };
                if !message.stage.is_at_rest() {
                    if stopped {
                        summary.not_written += usize::from(summary.odoo_is_busy && !is_answer);
                        continue;
                    }
                    if planted(Planted::SettledEarly) {
                        self.source.settle(&[Resting { message: &message, outcome: Settlement::Done }]).await?;
                    }
                    match self.carry_one(&mut message, records, &mut queue, summary).await {
                        Ok(Next::Stop) if is_answer => summary.answers_stopped = true,
                        Ok(next) => *is_stopped |= next == Next::Stop,
                        Err(problems) => {
                            trouble = Some(problems);
                            break;
                        }
                    }
                }
                if settle::is_due(self.flow, &message) {
                    rest.push(message);
                }
            }
            queue.clear();
            queue.extend(settle::settle(self, rest, summary).await?.into_iter().map(|answer| (answer, None)));
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn carry_one(
        &self,
        message: &mut Message,
        records: Option<Vec<Json>>,
        queue: &mut VecDeque<Due>,
        summary: &mut Summary,
    ) -> Result<Next, Problems> {
        if message.answers.is_some() {
            return match &self.answers() {
                Some((answer, target)) => payload::carry_payload(self, target, Maker::Answer(answer), message, summary).await,
                None => {
                    let text = format!("message {} is an acknowledgement, but its flow no longer has [answer]", message.id.short());
                    let hint = format!("restore [answer] in {} and release the message, or discard it", self.flow.file);
                    let blocked = &mut Blocked::by(self.engine, message, Problem::new(Code::AnswerGone, text).hint(hint));
                    carry(self, blocked, message, summary).await
                }
            };
        }
        let package = match &self.flow.documents {
            Some(documents) => unpack::is_package(self.engine.storage(), documents, message).await,
            None => Ok(false),
        };
        match (package, &self.flow.transform, &self.target) {
            (Ok(true), ..) => {
                let (documents, next) = unpack::carry(self, message, summary).await?;
                self.engine.watcher.found(&self.flow.id, documents.len());
                documents.into_iter().rev().for_each(|document| queue.push_front((document, None)));
                Ok(next)
            }
            (Ok(false), Transform::Map(_), Target::Plans(target)) => match self.flow.inbound() {
                Some(inbound) => map::documents(self, inbound, &**target, message, summary).await,
                None => Ok(Next::Go),
            },
            (Ok(false), _, Target::Documents(target)) => {
                let maker = self.flow.outbound().map_or(Maker::Nothing, |outbound| Maker::Records(outbound, records));
                payload::carry_payload(self, &**target, maker, message, summary).await
            }
            // The configuration allows no other pair.
            (Ok(false), _, Target::Plans(_)) => Ok(Next::Go),
            // A message whose copy cannot be read now waits, and does not affect others.
            (Err(problem), ..) if problem.is_temporary() => {
                carry(self, &mut Blocked::by(self.engine, message, problem), message, summary).await
            }
            (Err(problem), ..) => Err(problem.into()),
        }
    }
}

/// The lease of a source, kept in the journal for as long as the work takes.
struct Lease<'a> {
    engine: &'a Engine,
    name: String,
}

/// How long a lease is valid after its owner's last renewal.
const LEASE: TimeDelta = TimeDelta::minutes(10);

impl Lease<'_> {
    /// Takes or renews it; `false` if another process has it.
    async fn take(&self) -> Result<bool, Problem> {
        let now = self.engine.clock().now();
        self.engine.journal().lease(&self.name, &self.engine.shared.owner, now + LEASE, now).await
    }

    async fn release(&self) -> Result<(), Problem> {
        self.engine.journal().give_lease_back(&self.name, &self.engine.shared.owner).await
    }
}
