//! The plan of a message as its target sees it: part by part, with the result of each.

use super::{
    Run, answers,
    document_stream::{Plans, Stream},
    plan_store,
};
use crate::{
    config::Inbound,
    endpoint::{PlanParts, TookPlace},
    journal::{RecordRow, Written},
    mapping::Applying,
    model::{
        BoxFuture, Effect, Message, Plan, Problem, Problems,
        answer::{self, Acknowledgement},
        intent::Outcome,
        problem::shown,
    },
};

/// Maximum number of remarks about preserved values for one message.
const REMARKS: usize = 20;

/// Maps documents with the mapping of a flow.
pub(super) fn applying<'m>(inbound: Inbound<'m>, message: &'m Message) -> Applying<'m> {
    let applying = Applying::new(&inbound.map.mapping, &message.name, &inbound.map.given);
    if inbound.map.partial { applying.part_by_part() } else { applying }
}

/// The result of a message's plan.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Records stored or found as planned.
    pub(super) records: usize,
    /// Parts of the file that were refused.
    pub(super) refused: usize,
    /// Values that people changed and consign preserved.
    pub(super) kept: usize,
    /// The result of the last part, to record together with the message's next step.
    last: Option<Part>,
}

/// The result of a plan, or of one part of it.
#[derive(Debug)]
struct Part {
    records: Vec<RecordRow>,
    notes: Vec<String>,
    write: Effect,
    ended: Option<Outcome>,
}

impl Part {
    fn written(&self) -> Written<'_> {
        Written { records: &self.records, notes: &self.notes, ended: self.ended.map(|ended| (&self.write, ended)) }
    }
}

impl Applied {
    /// The result of the last part: it is complete.
    pub(super) fn written(&self) -> Written<'_> {
        self.last.as_ref().map(Part::written).unwrap_or_default()
    }

    /// A note for the message, if there is more to say than that it is done.
    pub(super) fn note(&self) -> Option<String> {
        let refused = (self.refused > 0)
            .then(|| format!("{} of {} records refused; they are in the error folder", self.refused, self.refused + self.records));
        let kept = (self.kept > 0).then(|| format!("{} values that people changed were not overwritten", self.kept));
        let parts: Vec<String> = refused.into_iter().chain(kept).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// A part of a document, by its line and column, and why it was refused.
pub(super) type Refused = ((u32, u32), Problem);

/// The plan of one message, and its result so far.
pub(super) struct Planned<'r> {
    run: &'r Run<'r>,
    inbound: Inbound<'r>,
    message: &'r Message,
    stream: &'r Stream,
    applying: Applying<'r>,
    plans: Plans,
    /// The last part, if it is the only one.
    whole: Option<Plan>,
    /// The acknowledgements of our documents in the last part.
    says: Vec<(Acknowledgement, Message)>,
    applied: Applied,
    refused: Vec<Refused>,
}

impl<'r> Planned<'r> {
    pub(super) fn of(run: &'r Run<'r>, inbound: Inbound<'r>, message: &'r Message, stream: &'r Stream) -> Self {
        Self {
            run,
            inbound,
            message,
            stream,
            applying: applying(inbound, message),
            plans: Plans::of(inbound, message, stream),
            whole: None,
            says: Vec::new(),
            applied: Applied::default(),
            refused: Vec::new(),
        }
    }

    /// The result of all parts, and the refused parts.
    pub(super) fn ended(self) -> (Applied, Vec<Refused>) {
        let mut refused = self.refused;
        refused.extend(self.applying.refused().into_iter().filter_map(|(part, problem)| Some((part?, problem))));
        (self.applied, refused)
    }

    /// Adds the result of one part; returns it for the journal.
    fn count(&mut self, part: &TookPlace) -> Part {
        let notes: Vec<&Problem> = part.notes.iter().take(REMARKS.saturating_sub(self.applied.kept)).collect();
        for note in &notes {
            tracing::warn!(message = self.message.id.short(), code = note.code.as_str(), "{}", shown(&note.message));
        }
        self.applied.records += part.records.len();
        self.applied.kept += part.notes.len();
        Part {
            records: part.records.clone(),
            notes: notes.iter().map(|note| format!("{}: {}", note.code.as_str(), note.message)).collect(),
            write: part.write.clone(),
            ended: part.ended,
        }
    }
}

impl PlanParts for Planned<'_> {
    fn rewind(&mut self) {
        self.applying = applying(self.inbound, self.message);
        self.plans = Plans::of(self.inbound, self.message, self.stream);
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Option<Plan>, Problems>> {
        Box::pin(async move {
            let Some(plan) = self.plans.next(&mut self.applying).await? else { return Ok(None) };
            let (plan, says) = answer::split(plan)?;
            let about = answers::matched(self.run, &says).await?;
            self.says = says.into_iter().zip(about).collect();
            self.whole = (!self.is_streamed()).then(|| plan.clone());
            Ok(Some(plan))
        })
    }

    fn is_streamed(&self) -> bool {
        matches!(self.stream, Stream::Chunked(..))
    }

    fn is_partial(&self) -> bool {
        self.inbound.map.partial
    }

    fn took_place(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            let engine = self.run.engine;
            if let Some(plan) = self.whole.take() {
                plan_store::save(engine.storage(), self.message, &plan).await;
            }
            answers::record(engine, self.message, &self.says).await?;
            let reported = self.count(&part);
            if let Some(before) = self.applied.last.replace(reported) {
                engine.journal().wrote(self.message, before.written(), engine.clock().now()).await?;
            }
            self.refused.extend(part.refused);
            Ok(())
        })
    }

    fn stopped(&mut self, part: TookPlace) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            let engine = self.run.engine;
            let part = self.count(&part);
            engine.journal().wrote(self.message, part.written(), engine.clock().now()).await
        })
    }
}
