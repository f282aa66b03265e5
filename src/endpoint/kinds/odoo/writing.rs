//! Executes plans in an Odoo: as a whole or part by part, all or nothing or as much as possible.

use crate::{
    endpoint::{
        site::Site,
        target::{PlanParts, PlanTarget, TookPlace},
    },
    failpoints::checkpoint,
    journal::{Journal, RecordRow},
    model::{BoxFuture, Code, Effect, Message, Plan, Problem, Problems, intent::Outcome, problem::shown},
    odoo::{
        ExecuteOptions, Odoo,
        execute::{self, Stopped, execute, existing_ids, preflight, write_history::WriteHistory},
    },
};

/// Maximum number of preflight problems.
const MOST: usize = 100;

/// Executes plans in the Odoo of each message.
pub(super) struct Writer<'f> {
    pub(super) site: &'f Site,
}

impl PlanTarget for Writer<'_> {
    fn carry_out<'a>(
        &'a self,
        message: &'a Message,
        parts: &'a mut dyn PlanParts,
        effects: &'a dyn WriteHistory,
    ) -> BoxFuture<'a, Result<(), Problems>> {
        Box::pin(async move {
            // The whole id: a mark that is met again years later would make a count do nothing.
            let mark = format!("consign {}.{}", message.id, message.run);
            let catalog = self.site.workspace().catalog(&message.odoo);
            let setup = ExecuteOptions { mark: &mark, memory: effects, catalog, partial: parts.is_partial() };
            let turn = self.site.turn_to_write(&message.odoo).await?;
            let odoo = match self.site.odoo(&message.odoo).await {
                Ok(odoo) => odoo,
                Err(problem) => {
                    turn.end();
                    return Err(problem.into());
                }
            };
            let mut lost = false;
            let written = self.write(&odoo, setup, (message, parts), &mut lost).await;
            if !lost {
                if written.is_err() {
                    self.site.journal().all_answered(message).await?;
                }
                turn.end();
            }
            written
        })
    }
}

impl Writer<'_> {
    /// Executes every part. Sets `lost` if a call that writes was not answered, whatever else fails after it.
    async fn write(
        &self,
        odoo: &Odoo,
        setup: ExecuteOptions<'_>,
        (message, parts): (&Message, &mut dyn PlanParts),
        lost: &mut bool,
    ) -> Result<(), Problems> {
        self.not_late(odoo, setup, message, parts).await?;
        if parts.is_streamed() && !parts.is_partial() {
            preflight_parts(odoo, setup, parts).await?;
        }
        parts.rewind();
        let mut number = 0;
        while let Some(plan) = parts.next().await? {
            number += 1;
            let mark = if number == 1 { setup.mark.to_string() } else { format!("{}-{number}", setup.mark) };
            let outcome = execute(odoo, &plan, ExecuteOptions { mark: &mark, ..setup }).await;
            if number == 1 && outcome.is_ok() {
                checkpoint("effect").await;
            }
            let write = Effect::Write(mark);
            match outcome {
                Ok(outcome) => {
                    // If nothing was written, it did not take place.
                    let ended = if outcome.records.is_empty() { Outcome::NotHappened } else { Outcome::Happened };
                    parts.took_place(took_place(message, outcome, write, Some(ended))).await?;
                }
                Err(Stopped { done, problems, ended, lost: is_lost }) => {
                    *lost = is_lost;
                    // Stored records stay, and the message lists them.
                    parts.stopped(took_place(message, done, write, ended)).await?;
                    return Err(problems);
                }
            }
        }
        Ok(())
    }

    /// A message that was delayed (retried, reprocessed, edited, or from a delayed zip) must not overwrite newer values, unless
    /// `--overwrite` says so.
    async fn not_late(&self, odoo: &Odoo, setup: ExecuteOptions<'_>, message: &Message, parts: &mut dyn PlanParts) -> Result<(), Problems> {
        let journal = self.site.journal();
        let lay_here = match message.parent.filter(|_| message.is_part()) {
            Some(zip) => journal.is_behind(&message.flow, zip).await?,
            None => false,
        };
        let may_be_late = message.rested || message.edited || lay_here;
        if !may_be_late || message.again.overwrite {
            return Ok(());
        }
        parts.rewind();
        while let Some(plan) = parts.next().await? {
            not_overtaken(journal, odoo, &plan, setup, message).await?;
        }
        Ok(())
    }
}

fn took_place(message: &Message, outcome: execute::PlanOutcome, write: Effect, ended: Option<Outcome>) -> TookPlace {
    let row = |record: execute::Touched| RecordRow {
        odoo: message.odoo.clone(),
        model: record.model,
        id: record.id,
        name: record.name,
        change: record.change.as_str().to_string(),
    };
    let records = outcome.records.into_iter().map(row).collect();
    TookPlace { records, notes: outcome.notes, refused: outcome.refused, write, ended }
}

/// Looks up every reference of a chunked file before its first part is written.
async fn preflight_parts(odoo: &Odoo, setup: ExecuteOptions<'_>, parts: &mut dyn PlanParts) -> Result<(), Problems> {
    let mut bad = Vec::new();
    parts.rewind();
    while let Some(plan) = parts.next().await? {
        bad.extend(preflight(odoo, &plan, setup).await?.into_iter().map(|(_, problem)| problem));
        if bad.len() >= MOST {
            break;
        }
    }
    Problems::check(bad)
}

/// Refuses a message if a younger one of the same flow has written its records meanwhile.
///
/// # Errors
/// There is one, or Odoo or the journal cannot be asked.
pub async fn not_overtaken(
    journal: &Journal,
    odoo: &Odoo,
    plan: &Plan,
    setup: ExecuteOptions<'_>,
    message: &Message,
) -> Result<(), Problems> {
    for (model, ids) in existing_ids(odoo, plan, setup).await? {
        let younger = journal.overtaken(message, &model, &ids).await?;
        let Some(younger) = younger else { continue };
        let text = format!("`{}` (message {}) was received later and wrote the same records", shown(&younger.name), younger.id.short());
        let hint = format!("none needed; to force it: consign reprocess {} --overwrite", message.id.short());
        return Err(Problem::new(Code::Overtaken, text).in_file(&message.name).hint(hint).into());
    }
    Ok(())
}
