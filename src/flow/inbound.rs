//! Inbound: drop, check, plan, Odoo, shelf.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    Engine, Summary, checkpoint,
    examine::{Schemas, examine, read},
    intake, look, retry, shelf,
};
use crate::{
    config::{Flow, InFlow},
    format::Source,
    journal::Message,
    model::{
        Document, Plan, Problem, Problems, Stage,
        codes::{self, Code},
    },
    odoo::{
        Odoo,
        execute::{execute, known},
    },
};

/// The documents of one file.
type Documents = Arc<Vec<Document>>;

/// Whether the next message is worth trying in this run.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    /// Odoo is away or does not let us in: every further message would only wait as well.
    Stop,
}

/// Problems that every further file of the drop would meet as well.
pub(super) const STOPS: [Code; 6] =
    [codes::DROP_UNREACHABLE, codes::DROP_LOGIN, codes::DROP_HOST_UNKNOWN, codes::DROP_HOST_CHANGED, codes::DISK_FULL, codes::JOURNAL];

pub(super) async fn run(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    look: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let one = |problem: Problem| vec![problem];
    let begun = engine.journal.unfinished(&flow.id, engine.clock.now(), engine.eager).await.map_err(one)?;
    if !begun.is_empty() {
        engine.watcher.found(&flow.id, begun.len());
    }
    let mut odoo_is_away = false;
    carry_all(engine, flow, inbound, schemas, begun, &mut odoo_is_away, summary).await?;
    if !look || engine.is_stopping() {
        return Ok(());
    }
    let lease = Lease::of(engine, flow);
    if !lease.take().await.map_err(one)? {
        return Err(one(Problem::new(codes::LEASED, format!("another consign looks at {}/{} now", flow.partner, flow.folder))));
    }
    let result = poll(engine, flow, inbound, schemas, &lease, odoo_is_away, summary).await;
    lease.release().await.map_err(one)?;
    result
}

async fn poll(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    lease: &Lease<'_>,
    mut odoo_is_away: bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let one = |problem: Problem| vec![problem];
    let drop = engine.drop(&flow.partner).await.map_err(one)?;
    let mut found = look::poll(engine, &*drop, flow, inbound, summary).await.map_err(one)?;
    let ready = std::mem::take(&mut found.ready);
    if !ready.is_empty() {
        engine.watcher.found(&flow.id, ready.len());
    }
    for batch in intake::batches(ready) {
        if engine.is_stopping() || !lease.take().await.map_err(one)? {
            return Ok(());
        }
        // Partners take turns: one batch, then whoever waits longest.
        let turn = engine.turns.take(&flow.partner).await;
        let messages = intake::take(engine, &*drop, flow, inbound, batch, &found, summary).await.map_err(one)?;
        std::mem::drop(turn);
        carry_all(engine, flow, inbound, schemas, messages, &mut odoo_is_away, summary).await?;
    }
    Ok(())
}

/// Carries messages one after the other, in their order, and shelves those that came to rest together.
async fn carry_all(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    schemas: &Schemas,
    messages: Vec<Message>,
    odoo_is_away: &mut bool,
    summary: &mut Summary,
) -> Result<(), Problems> {
    let mut rest = Vec::new();
    let mut trouble = None;
    for mut message in messages {
        if engine.is_stopping() {
            break;
        }
        // One failure tells for all: a lost Odoo is not asked again for every message of a run.
        if !message.stage.is_at_rest() {
            if *odoo_is_away {
                continue;
            }
            match carry(engine, inbound, schemas, &mut message, summary).await {
                Ok(next) => *odoo_is_away |= next == Next::Stop,
                Err(problems) => {
                    trouble = Some(problems);
                    break;
                }
            }
        }
        let unshelved = !message.moved || message.stored.starts_with("spool/");
        if matches!(message.stage, Stage::Done | Stage::Failed) && unshelved {
            rest.push(message);
        }
    }
    shelf::shelve(engine, flow, rest, summary).await.map_err(|problem| vec![problem])?;
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
        Self { engine, name: format!("{}/{}", flow.partner, flow.folder) }
    }

    /// Takes or renews it; `false` when another has it.
    async fn take(&self) -> Result<bool, Problem> {
        let now = self.engine.clock.now();
        self.engine.journal.lease(&self.name, &self.engine.owner, now + LEASE, now).await
    }

    async fn release(&self) -> Result<(), Problem> {
        self.engine.journal.release(&self.name, &self.engine.owner).await
    }
}

/// Carries a message from the stage it is at as far as it goes.
async fn carry(
    engine: &Engine,
    inbound: &InFlow,
    schemas: &Schemas,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Next, Problems> {
    let told = |problem: Problem| vec![problem];
    let mut documents: Option<Documents> = None;
    let mut next = Next::Go;
    loop {
        let now = engine.clock.now();
        let problems = match message.stage {
            Stage::Waiting => {
                let resume = message.resume.unwrap_or(Stage::Received);
                engine.journal.advance(message, resume, None, now).await.map_err(told)?;
                continue;
            }
            Stage::Received => match check(engine, inbound, schemas, message).await {
                Ok(checked) => {
                    documents = Some(checked);
                    engine.journal.advance(message, Stage::Checked, None, now).await.map_err(told)?;
                    checkpoint::reach("checked").await;
                    continue;
                }
                Err(problems) => problems,
            },
            Stage::Checked => match plan(engine, inbound, message, &mut documents) {
                Ok(_) => {
                    engine.journal.advance(message, Stage::Planned, None, now).await.map_err(told)?;
                    checkpoint::reach("planned").await;
                    continue;
                }
                Err(problems) => problems,
            },
            Stage::Planned => match apply(engine, inbound, message, &mut documents).await {
                Ok(()) => {
                    engine.journal.advance(message, Stage::Applied, None, engine.clock.now()).await.map_err(told)?;
                    checkpoint::reach("applied").await;
                    continue;
                }
                Err(problems) => problems,
            },
            Stage::Applied => {
                engine.journal.succeeded(message, now).await.map_err(told)?;
                engine.journal.advance(message, Stage::Done, None, now).await.map_err(told)?;
                engine.settled(message, summary);
                continue;
            }
            Stage::Done | Stage::Failed | Stage::Held | Stage::Staged => return Ok(next),
        };
        if let [problem] = problems.as_slice()
            && problem.code == codes::OVERTAKEN
        {
            engine.journal.hold(message, problem.clone(), now).await.map_err(told)?;
            engine.settled(message, summary);
            return Ok(next);
        }
        if retry::is_temporary(&problems) {
            if engine.is_away(&problems).await {
                next = Next::Stop;
            }
            let until = retry::next_try(message.id, message.attempts, &problems, now);
            engine.journal.wait(message, until, &problems, now).await.map_err(told)?;
            engine.settled(message, summary);
            return Ok(next);
        }
        engine.journal.fail(message, &problems, now).await.map_err(told)?;
        engine.settled(message, summary);
    }
}

async fn check(engine: &Engine, inbound: &InFlow, schemas: &Schemas, message: &Message) -> Result<Documents, Problems> {
    let bytes = engine.storage.read(message).map_err(|problem| vec![problem])?;
    let source = Source::Bytes(bytes.into());
    // Validation is work for a processor; the runtime's threads are for waiting.
    tokio::task::block_in_place(|| examine(&source, &message.name, inbound, schemas)).map(Arc::new)
}

fn plan(engine: &Engine, inbound: &InFlow, message: &Message, documents: &mut Option<Documents>) -> Result<Plan, Problems> {
    let documents = match documents {
        Some(documents) => Arc::clone(documents),
        None => {
            let bytes = engine.storage.read(message).map_err(|problem| vec![problem])?;
            let read = Arc::new(read(&Source::Bytes(bytes.into()), &message.name, inbound)?);
            *documents = Some(Arc::clone(&read));
            read
        }
    };
    tokio::task::block_in_place(|| inbound.mapping.apply(&documents, &message.name))
}

async fn apply(engine: &Engine, inbound: &InFlow, message: &mut Message, documents: &mut Option<Documents>) -> Result<(), Problems> {
    let one = |problem: Problem| vec![problem];
    let plan = plan(engine, inbound, message, documents)?;
    let odoo = engine.odoo().await.map_err(one)?;
    // Tried before, and not because someone asks again: what came later must not be set back.
    if message.attempts > 0 && message.run == 1 {
        not_overtaken(engine, &odoo, &plan, message).await?;
    }
    // The whole id: a mark that is met again years later would make a count do nothing.
    let mark = format!("consign {}.{}", message.id, message.run);
    let outcome = {
        let _alone = engine.applying.lock().await;
        execute(&odoo, &plan, &mark).await?
    };
    checkpoint::reach("effect").await;
    let records = outcome.records.into_iter().map(|record| (record.model, record.id, record.name, record.change.as_str()));
    engine.journal.touched(message.id, records, engine.clock.now()).await.map_err(one)
}

/// Refuses a message whose records a younger one of the same flow has written meanwhile.
async fn not_overtaken(engine: &Engine, odoo: &Odoo, plan: &Plan, message: &Message) -> Result<(), Problems> {
    let ids = known(odoo, plan).await?;
    let younger = engine.journal.overtaken(message, &plan.model, &ids).await.map_err(|problem| vec![problem])?;
    let Some(younger) = younger else { return Ok(()) };
    let text = format!("`{}` (message {}) wrote the same records while this one waited", younger.name, younger.id.short());
    let hint = format!("nothing, or to do it all the same: consign reprocess {}", message.id.short());
    Err(vec![Problem::new(codes::OVERTAKEN, text).in_file(&message.name).hint(hint)])
}
