//! Executes a plan: looks up references, matches records by their identity, creates them or updates differences, calls actions and reads
//! their effect back. Work of an earlier try that was interrupted at any point is found and not repeated.

mod actions;
mod changes;
mod decide;
mod diagnose;
mod lines;
mod markup;
mod missing;
mod outcome;
mod preflight;
mod rows;
mod types;
mod work;
mod write;
pub mod write_history;
mod write_lines;

use std::collections::HashSet;

pub use self::outcome::{Change, Differs, ExecuteOptions, Foreseen, ForeseenLines, Part, PlanOutcome, Stopped, Touched};
pub use self::preflight::preflight;
use self::types::{Done, Work};
use super::{
    Odoo,
    client::id_of,
    place,
    resolve::{Resolved, judge, make, read_referred, resolve},
};
use crate::model::{
    Code, Plan, Problem, Problems,
    i18n::say,
    intent::{self, Prior},
    plan::{PlanValue, Record, RecordStep},
};

/// Records in one writing call.
pub const CHUNK: usize = 1000;

/// Executes a plan.
///
/// # Errors
/// Everything that is wrong with it, found before anything is written; or the problem that stopped the work.
pub async fn execute(odoo: &Odoo, plan: &Plan, setup: ExecuteOptions<'_>) -> Result<PlanOutcome, Stopped> {
    let plan = &*markup::escaped(plan, setup.catalog);
    let odoo = odoo.accounted();
    let mut run = Run::new(&odoo, plan, setup);
    match run.all().await {
        Ok(()) => Ok(run.outcome),
        Err(problems) => Err(Stopped { ended: run.ended(&problems), lost: odoo.changes().may_be(), done: run.outcome, problems }),
    }
}

/// Problems reported for one file, at most.
const MOST: usize = 100;

/// What a plan would do, without writing anything: each record with its differences. Records that depend on records that an earlier
/// step has not made yet are reported as new.
///
/// # Errors
/// As [`execute`], before it writes.
pub async fn preview(odoo: &Odoo, plan: &Plan, setup: ExecuteOptions<'_>) -> Result<(Vec<Foreseen>, Vec<Problem>), Problems> {
    let plan = &*markup::escaped(plan, setup.catalog);
    let mut run = Run::new(odoo, plan, ExecuteOptions { partial: true, ..setup });
    let mut all = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        run.look_up(step).await?;
        let mut ids = vec![None; step.records.len()];
        for chunk in (0..step.records.len()).collect::<Vec<_>>().chunks(CHUNK) {
            let work = run.work(at, String::new());
            let left = chunk.iter().filter(|number| !run.refused.contains(&(at, **number)));
            let records: Vec<(usize, &Record)> = left.map(|at| (*at, &step.records[*at])).collect();
            for (at, foreseen) in work.preview(&records).await? {
                ids[at] = foreseen.known.as_ref().map(|(id, _)| *id);
                all.push(foreseen);
            }
        }
        run.resolved.made(at, ids);
        read_referred(odoo, &mut run.resolved, plan, at).await?;
    }
    Ok((all, run.outcome.refused.into_iter().map(|(_, problem)| problem).collect()))
}

/// Ids of the existing records that a plan matches, without writing anything: by model.
///
/// # Errors
/// As [`execute`], before it writes.
pub async fn existing_ids(odoo: &Odoo, plan: &Plan, setup: ExecuteOptions<'_>) -> Result<Vec<(String, Vec<i64>)>, Problems> {
    let (foreseen, _) = preview(odoo, plan, setup).await?;
    let mut ids: Vec<(String, Vec<i64>)> = Vec::new();
    for one in foreseen {
        let Some((id, _)) = one.known else { continue };
        match ids.iter_mut().find(|(model, _)| *model == one.model) {
            Some((_, known)) => known.push(id),
            None => ids.push((one.model, vec![id])),
        }
    }
    Ok(ids)
}

struct Run<'r> {
    odoo: &'r Odoo,
    plan: &'r Plan,
    setup: ExecuteOptions<'r>,
    resolved: Resolved,
    outcome: PlanOutcome,
    /// Records that are refused already: step and index.
    refused: HashSet<(usize, usize)>,
    /// An earlier try of this run has begun to write.
    begun: bool,
    /// This try has begun to write; what was known of the intent before.
    writes: Option<Prior>,
}

impl<'r> Run<'r> {
    fn new(odoo: &'r Odoo, plan: &'r Plan, setup: ExecuteOptions<'r>) -> Self {
        let (resolved, outcome) = (Resolved::default(), PlanOutcome::default());
        Self { odoo, plan, setup, resolved, outcome, refused: HashSet::new(), begun: false, writes: None }
    }

    async fn all(&mut self) -> Result<(), Problems> {
        let plan = self.plan;
        let mut bad: Vec<Problem> = Vec::new();
        for step in &plan.steps {
            bad.extend(self.look_up(step).await?);
        }
        if bad.is_empty() {
            self.look_back().await?;
        }
        if bad.is_empty() && !self.setup.partial {
            bad = self.all_or_nothing().await?;
        }
        bad.truncate(MOST);
        Problems::check(bad)?;
        self.begin().await?;
        for (at, step) in plan.steps.iter().enumerate() {
            if at > 0 {
                // References to records of earlier steps.
                self.fine(step).await?;
            }
            self.make(at, step).await?;
            self.step(at, step).await?;
        }
        Ok(())
    }

    /// How the writing of a stopped plan ended. A plan that will be retried has not ended with a part of it.
    fn ended(&self, problems: &Problems) -> Option<intent::Outcome> {
        let changes = self.odoo.changes();
        match self.writes? {
            _ if changes.may_be() => None,
            _ if changes.any() && problems.iter().any(Problem::is_temporary) => None,
            _ if changes.any() => Some(intent::Outcome::Happened),
            Prior::New => Some(intent::Outcome::NotHappened),
            Prior::Open | Prior::Done => None,
        }
    }

    fn work(&self, at: usize, mark: String) -> Work<'_> {
        let step = &self.plan.steps[at];
        Work { odoo: self.odoo, step, setup: self.setup, resolved: &self.resolved, mark, begun: self.begun }
    }

    /// Looks up the references of a step; a problem stops the plan if it is all or nothing.
    async fn fine(&mut self, step: &RecordStep) -> Result<(), Problems> {
        Problems::check(self.look_up(step).await?)
    }

    fn index(&self, step: &RecordStep) -> usize {
        self.plan.steps.iter().position(|known| std::ptr::eq(known, step)).unwrap_or_default()
    }

    /// Looks up the references of a step; returns their problems, or refuses only those records.
    async fn look_up(&mut self, step: &RecordStep) -> Result<Vec<Problem>, Problems> {
        resolve(self.odoo, &mut self.resolved, &step.records).await?;
        let at = self.index(step);
        let mut bad = Vec::new();
        for (record, problem) in judge(self.odoo, &self.resolved, &step.records).await? {
            if self.setup.partial {
                if self.refused.insert((at, record)) {
                    self.refuse(&step.records[record], problem);
                }
            } else {
                bad.push(problem);
            }
        }
        Ok(bad)
    }

    fn refuse(&mut self, record: &Record, problem: Problem) {
        self.outcome.refused.push((record.part, problem));
    }

    /// Makes missing records for the remaining ones, and looks up the references in their scopes.
    async fn make(&mut self, at: usize, step: &RecordStep) -> Result<(), Problems> {
        loop {
            let left: Vec<usize> = (0..step.records.len()).filter(|record| !self.refused.contains(&(at, *record))).collect();
            let made = make(self.odoo, &mut self.resolved, &step.records, &left, self.setup.partial).await?;
            let is_done = made.records.is_empty();
            let touched = |(model, id, name)| Touched { model, id, name, change: Change::Created };
            self.outcome.records.extend(made.records.into_iter().map(touched));
            for (record, problem) in made.refused {
                if self.refused.insert((at, record)) {
                    self.refuse(&step.records[record], problem);
                }
            }
            if is_done {
                return Ok(());
            }
            self.fine(step).await?;
        }
    }

    async fn step(&mut self, at: usize, step: &RecordStep) -> Result<(), Problems> {
        let mut ids: Vec<Option<i64>> = vec![None; step.records.len()];
        let mut left = Vec::new();
        let parts: HashSet<Part> = self.outcome.refused.iter().map(|(part, _)| *part).collect();
        for (number, record) in step.records.iter().enumerate() {
            // A part of the document is written completely or not at all, unless it has begun.
            if self.refused.contains(&(at, number)) || self.setup.partial && parts.contains(&record.part) {
                continue;
            }
            if let Some(field) = self.orphan(record) {
                let problem = Problem::new(Code::LookupNone, say!("lookup-not-stored", field = &field));
                self.refuse(record, place::placed(problem, record, Some(&field)));
                continue;
            }
            left.push((number, record));
        }
        for (chunk, records) in left.chunks(CHUNK).enumerate() {
            let mark = if at == 0 { format!("{}/{chunk}", self.setup.mark) } else { format!("{}/{at}.{chunk}", self.setup.mark) };
            let mut done = Done::default();
            let result = self.work(at, mark).chunk(records, &mut done).await;
            for (number, touched) in done.records {
                ids[number] = Some(touched.id);
                self.outcome.records.push(touched);
            }
            self.outcome.notes.extend(done.notes);
            for (number, problem) in done.refused {
                self.refuse(&step.records[number], problem);
            }
            result?;
        }
        self.resolved.made(at, ids);
        read_referred(self.odoo, &mut self.resolved, self.plan, at).await
    }

    /// A field that refers to a record of an earlier step that does not exist.
    fn orphan(&self, record: &Record) -> Option<String> {
        let within = super::resolve::Within { record, outer: None };
        let lost = record.fields.iter().find(|field| {
            matches!(field.value, PlanValue::Record(_))
                && matches!(self.resolved.value(&field.value, &within), super::resolve::Known::Later)
        });
        lost.map(|field| field.name.clone())
    }
}
