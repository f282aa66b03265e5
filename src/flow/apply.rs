//! A message's plan, carried out in Odoo: whole or a part at a time, all or nothing or whatever can go in; and what is remembered of
//! it.

use std::collections::{HashMap, HashSet};

use super::{
    Engine, answers,
    document_stream::{self, Plans, Stream},
    plans, validate,
};
use crate::{
    config::{Flow, Inbound},
    failpoints::checkpoint,
    journal::{Journal, RecordRow, Written},
    mapping::Applying,
    model::{
        BoxFuture, Clock, Code, Effect, Message, Plan, Problem, Problems, answer,
        intent::{self, Known},
        problem::shown,
    },
    odoo::{
        Odoo, Setup,
        execute::{Outcome, Stopped, Touched, execute, known, memory, rehearse},
    },
};

/// What was done of a message's plan.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Records stored or found as planned.
    pub(super) records: usize,
    /// Parts of the file that were refused.
    pub(super) refused: usize,
    /// Values that were left as a person has changed them.
    pub(super) kept: usize,
    /// What the last part left behind, to be written down with the step that the message takes by it.
    last: Option<Part>,
}

/// What carrying out a plan, or one part of it, left behind.
#[derive(Debug)]
struct Part {
    records: Vec<RecordRow>,
    notes: Vec<String>,
    write: Effect,
}

impl Part {
    /// How its writing ended where it came to its end: where nothing went in, it did not take place.
    fn ended(&self) -> Option<intent::Outcome> {
        Some(if self.records.is_empty() { intent::Outcome::NotHappened } else { intent::Outcome::Happened })
    }

    fn written(&self, ended: Option<intent::Outcome>) -> Written<'_> {
        Written { records: &self.records, notes: &self.notes, ended: ended.map(|ended| (&self.write, ended)) }
    }
}

impl Applied {
    /// What the last part left behind: it is complete.
    pub(super) fn written(&self) -> Written<'_> {
        self.last.as_ref().map(|part| part.written(part.ended())).unwrap_or_default()
    }

    /// What is said of it at the message, where there is more to say than that it is done.
    pub(super) fn note(&self) -> Option<String> {
        let refused = (self.refused > 0)
            .then(|| format!("{} of {} records refused; they lie in the error folder", self.refused, self.refused + self.records));
        let kept = (self.kept > 0).then(|| format!("{} values left as people have changed them", self.kept));
        let parts: Vec<String> = refused.into_iter().chain(kept).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl Applied {
    /// Counts what one part did; gives it for the journal.
    fn add(&mut self, message: &Message, outcome: &Outcome, write: Effect) -> Part {
        let row = |record: &Touched| RecordRow {
            odoo: message.odoo.clone(),
            model: record.model.clone(),
            id: record.id,
            name: record.name.clone(),
            change: record.change.as_str().to_string(),
        };
        let notes: Vec<&Problem> = outcome.notes.iter().take(REMARKS.saturating_sub(self.kept)).collect();
        for note in &notes {
            tracing::warn!(message = message.id.short(), code = note.code.as_str(), "{}", shown(&note.message));
        }
        self.records += outcome.records.len();
        self.kept += outcome.notes.len();
        Part {
            records: outcome.records.iter().map(row).collect(),
            notes: notes.iter().map(|note| format!("{}: {}", note.code.as_str(), note.message)).collect(),
            write,
        }
    }
}

/// The journal as the memory of one message.
struct Remembering<'a> {
    journal: &'a Journal,
    clock: &'a dyn Clock,
    message: &'a Message,
}

impl memory::Memory for Remembering<'_> {
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, memory::Written>, Problem>> {
        Box::pin(self.journal.written(&self.message.odoo, model, ids))
    }

    fn remember<'a>(&'a self, model: &'a str, records: &'a [(i64, memory::Written)]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.journal.remember(&self.message.odoo, model, records, self.clock.now()))
    }

    fn intend<'a>(&'a self, effects: &'a [Effect]) -> BoxFuture<'a, Result<Vec<Known>, Problem>> {
        Box::pin(self.journal.intend(self.message, effects, self.clock.now()))
    }

    fn conclude<'a>(&'a self, effects: &'a [Effect], outcome: intent::Outcome) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.journal.conclude(self.message, effects, outcome, self.clock.now()))
    }

    fn has_begun<'a>(&'a self, write: &'a Effect) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move {
            let intents = self.journal.intents_of_run(self.message).await?;
            Ok(intents.iter().any(|intent| intent.effect == *write && intent.outcome() != Some(intent::Outcome::NotHappened)))
        })
    }
}

/// Remarks about values left as they are, written down of one message.
const REMARKS: usize = 20;

/// Runs the documents through the mapping, so that what is wrong with them is known before Odoo is asked anything.
pub(super) async fn plan(
    inbound: Inbound<'_>,
    message: &Message,
    stream: &mut Stream,
    numbers: &mut Vec<(String, String)>,
) -> Result<(), Problems> {
    let mut applying = applying(inbound, message);
    let mut whole = None;
    let is_whole = matches!(stream, Stream::InMemory(..));
    let (mut any, mut told) = (false, Vec::new());
    let mut plans = Plans::of(inbound, message, stream);
    loop {
        match plans.next(&mut applying).await {
            Ok(None) => break,
            Ok(Some(plan)) => {
                any |= !plan.is_empty();
                whole = is_whole.then_some(plan);
            }
            Err(problems) => {
                told.extend(problems);
                break;
            }
        }
    }
    *numbers = applying.numbers();
    let refused = applying.refused();
    if !inbound.map.partial || refused.iter().any(|(part, _)| part.is_none()) || (!any && !refused.is_empty()) || !told.is_empty() {
        told.extend(refused.into_iter().map(|(_, problem)| problem).take(100));
        Problems::check(told)?;
        if let (Stream::InMemory(_, known), Some(plan)) = (stream, whole) {
            *known = Some(plan.into());
        }
    }
    Ok(())
}

fn applying<'m>(inbound: Inbound<'m>, message: &'m Message) -> Applying<'m> {
    let applying = Applying::new(&inbound.map.mapping, &message.name, &inbound.map.given);
    if inbound.map.partial { applying.part_by_part() } else { applying }
}

/// Whether a document came in a zip that something else has overtaken, perhaps.
async fn lay_here(journal: &Journal, message: &Message) -> Result<bool, Problem> {
    match message.parent.filter(|_| message.is_part()) {
        Some(zip) => journal.is_behind(&message.flow, zip).await,
        None => Ok(false),
    }
}

/// Carries the plan out and writes down what became of it.
pub(super) async fn apply(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
    message: &mut Message,
    stream: &Stream,
) -> Result<Applied, Problems> {
    if inbound.map.mapping.written().is_empty() {
        return only_answers(engine, flow, inbound, message, stream).await;
    }
    let odoo = engine.odoo(&message.odoo).await?;
    // The whole id: a mark that is met again years later would make a count do nothing.
    let mark = format!("consign {}.{}", message.id, message.run);
    let (message, journal) = (&*message, &engine.journal);
    let memory = Remembering { journal, clock: &*engine.clock, message };
    let setup = Setup { mark: &mark, memory: &memory, catalog: engine.workspace.catalog(&message.odoo), partial: inbound.map.partial };
    // Tried before, done again, edited, or of a zip that may have lain here: what came later must not be set back, unless someone wants just that.
    let may_be_late = message.rested || message.edited || lay_here(journal, message).await?;
    if may_be_late && !message.again.overwrite {
        let mut applying = applying(inbound, message);
        let mut plans = Plans::of(inbound, message, stream);
        while let Some(plan) = plans.next(&mut applying).await? {
            let (plan, _) = answer::split(plan)?;
            not_overtaken(journal, &odoo, &plan, setup, message).await?;
        }
    }
    let alone = engine.odoos.writing(&message.odoo).await?;
    if matches!(stream, Stream::Chunked(..)) && !inbound.map.partial {
        rehearsed(inbound, message, stream, &odoo, setup).await?;
    }
    let mut applied = Applied::default();
    let mut refused: Vec<((u32, u32), Problem)> = Vec::new();
    let mut applying = applying(inbound, message);
    let mut part = 0;
    let mut plans = Plans::of(inbound, message, stream);
    while let Some(plan) = plans.next(&mut applying).await? {
        part += 1;
        let (plan, answers) = answer::split(plan)?;
        let about = answers::matched(engine, flow, &answers).await?;
        let mark = if part == 1 { mark.clone() } else { format!("{mark}-{part}") };
        let write = Effect::Write(mark.clone());
        let outcome = match execute(&odoo, &plan, Setup { mark: &mark, ..setup }).await {
            Ok(outcome) => outcome,
            Err(Stopped { done, problems, ended }) => {
                // What was stored stays, and is to be found at the message.
                let part = applied.add(message, &done, write);
                journal.wrote(message, part.written(ended), engine.clock.now()).await?;
                return Err(problems);
            }
        };
        if part == 1 {
            checkpoint("effect").await;
        }
        if matches!(stream, Stream::InMemory(..)) {
            plans::keep(&engine.storage, message, &plan).await;
        }
        answers::record(engine, message, &answers, &about).await?;
        let part = applied.add(message, &outcome, write);
        if let Some(before) = applied.last.replace(part) {
            journal.wrote(message, before.written(before.ended()), engine.clock.now()).await?;
        }
        refused.extend(outcome.refused);
    }
    refused.extend(applying.refused().into_iter().filter_map(|(part, problem)| Some((part?, problem))));
    drop(alone);
    let parts: HashSet<(u32, u32)> = refused.iter().map(|(part, _)| *part).collect();
    applied.refused = parts.len();
    let told: Vec<Problem> = refused.into_iter().map(|(_, problem)| problem).collect();
    if applied.records == 0 {
        // Nothing went in: it is refused like any other.
        if let Some(problems) = Problems::of(told.iter().take(100).cloned().collect()) {
            if let Some(part) = &applied.last {
                journal.wrote(message, part.written(part.ended()), engine.clock.now()).await?;
            }
            return Err(problems);
        }
    }
    if !parts.is_empty() {
        leave(engine, flow, inbound, message, &parts, told).await?;
    }
    Ok(applied)
}

/// A document that only says something about others: Odoo has no part in it.
async fn only_answers(engine: &Engine, flow: &Flow, inbound: Inbound<'_>, message: &Message, stream: &Stream) -> Result<Applied, Problems> {
    let mut applying = applying(inbound, message);
    let mut plans = Plans::of(inbound, message, stream);
    let (mut all, mut applied) = (Vec::new(), Applied::default());
    while let Some(plan) = plans.next(&mut applying).await? {
        all.extend(answer::split(plan)?.1);
    }
    Problems::check(applying.refused().into_iter().filter_map(|(part, problem)| part.map(|_| problem)).collect())?;
    // All or none: half an answer is none.
    let about = answers::matched(engine, flow, &all).await?;
    answers::record(engine, message, &all, &about).await?;
    applied.records = all.len();
    Ok(applied)
}

/// Every reference of a file that is taken in parts, looked up before the first part is written.
async fn rehearsed(inbound: Inbound<'_>, message: &Message, stream: &Stream, odoo: &Odoo, setup: Setup<'_>) -> Result<(), Problems> {
    let mut bad = Vec::new();
    let mut applying = applying(inbound, message);
    let mut plans = Plans::of(inbound, message, stream);
    while let Some(plan) = plans.next(&mut applying).await? {
        let (plan, _) = answer::split(plan)?;
        bad.extend(rehearse(odoo, &plan, setup).await?.into_iter().map(|(_, problem)| problem));
        if bad.len() >= 100 {
            break;
        }
    }
    Problems::check(bad)
}

/// Leaves what was refused as a smaller file in the error folder, with its report.
async fn leave(
    engine: &Engine,
    flow: &Flow,
    inbound: Inbound<'_>,
    message: &Message,
    parts: &HashSet<(u32, u32)>,
    told: Vec<Problem>,
) -> Result<(), Problems> {
    let Some(unit) = inbound.map.mapping.unit() else { return Ok(()) };
    let source = document_stream::source(engine, message).await?;
    let bytes = tokio::task::block_in_place(|| validate::rest(&source, &message.name, inbound, &unit, parts))?;
    let told: Vec<Problem> = told.into_iter().take(1000).collect();
    let name = engine.storage.leave(message, bytes.clone(), told.clone()).await?;
    let text = format!("{}: {} records refused, written to {name}", Code::RecordRefused.info().code, parts.len());
    engine.journal.remark(message, &text, engine.clock.now()).await?;
    // The partner's side is told as well where it can be; ours is the one that counts.
    let left = async {
        let drop = engine.drop(&flow.partner).await?;
        let partner = engine.workspace.partners.get(&flow.partner);
        let folder = partner.map_or("error", |partner| partner.error.as_str());
        let language = partner.map(|partner| partner.language).unwrap_or_default();
        drop.make_folder(folder).await?;
        let name = crate::transport::join(folder, crate::transport::leaf(&name));
        drop.write(&name, &bytes).await?;
        drop.write(&format!("{name}.problem.txt"), super::partner_report::partner_report(message, &told, language).as_bytes()).await
    };
    if let Err(problem) = left.await {
        let text = format!("the refused records could not be put to the partner's error folder: {}", problem.message);
        engine.journal.remark(message, &text, engine.clock.now()).await?;
    }
    Ok(())
}

/// Refuses a message whose records a younger one of the same flow has written meanwhile.
pub(super) async fn not_overtaken(
    journal: &Journal,
    odoo: &Odoo,
    plan: &Plan,
    setup: Setup<'_>,
    message: &Message,
) -> Result<(), Problems> {
    for (model, ids) in known(odoo, plan, setup).await? {
        let younger = journal.overtaken(message, &model, &ids).await?;
        let Some(younger) = younger else { continue };
        let text = format!("`{}` (message {}) came later and has written the same records", shown(&younger.name), younger.id.short());
        let hint = format!("nothing, or to do it all the same: consign reprocess {} --overwrite", message.id.short());
        return Err(Problem::new(Code::Overtaken, text).in_file(&message.name).hint(hint).into());
    }
    Ok(())
}
