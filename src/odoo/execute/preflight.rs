//! Finds everything that prevents a plan, before anything is written.

use super::{CHUNK, ExecuteOptions, MOST, Part, Run, markup};
use crate::{
    model::{
        Effect, Plan, Problem, Problems,
        plan::{Record, WriteMode},
    },
    odoo::Odoo,
};

/// Looks up every reference and every record to change, and writes nothing: returns what would prevent the plan.
///
/// # Errors
/// As [`super::execute`], before it writes.
pub async fn preflight(odoo: &Odoo, plan: &Plan, setup: ExecuteOptions<'_>) -> Result<Vec<(Part, Problem)>, Problems> {
    let plan = &*markup::escaped(plan, setup.catalog);
    let mut run = Run::new(odoo, plan, ExecuteOptions { partial: true, ..setup });
    // Whether an earlier try has begun is unknown here: records that it may have moved out of the scope are examined in their step.
    run.begun = true;
    for step in &plan.steps {
        run.look_up(step).await?;
    }
    let trouble = run.trouble(0).await?;
    let mut refused = run.outcome.refused;
    refused.extend(trouble.into_iter().map(|(step, record, problem)| (plan.steps[step].records[record].part, problem)));
    Ok(refused)
}

impl Run<'_> {
    fn write(&self) -> Effect {
        Effect::Write(self.setup.mark.to_string())
    }

    /// Whether an earlier try has begun to write, if a step needs to know.
    pub(super) async fn look_back(&mut self) -> Result<(), Problems> {
        if self.plan.steps.iter().any(|step| step.write == WriteMode::Update && !step.scope.is_empty()) {
            self.begun = self.setup.memory.has_begun(&self.write()).await?;
        }
        Ok(())
    }

    /// Writes to the journal that this try begins to write.
    pub(super) async fn begin(&mut self) -> Result<(), Problems> {
        if !self.plan.is_empty() {
            let known = self.setup.memory.intend(&[self.write()]).await?;
            self.writes = known.first().copied();
        }
        Ok(())
    }

    /// Everything that is wrong with the whole plan, since it is all or nothing.
    pub(super) async fn all_or_nothing(&self) -> Result<Vec<Problem>, Problems> {
        let mut bad = Vec::new();
        for (at, step) in self.plan.steps.iter().enumerate() {
            let records: Vec<(usize, &Record)> = step.records.iter().enumerate().collect();
            bad.extend(self.work(at, String::new()).doubled(&records).into_iter().map(|(_, problem)| problem));
        }
        if bad.is_empty() {
            // The first chunk of the first step is examined on its own before it is written.
            bad.extend(self.trouble(1).await?.into_iter().map(|(_, _, problem)| problem));
        }
        bad.truncate(MOST);
        Ok(bad)
    }

    /// Records of the plan that match several in Odoo, or that should be changed and do not exist, with step and index; of the first
    /// step without the chunks before `from`.
    async fn trouble(&self, from: usize) -> Result<Vec<(usize, usize, Problem)>, Problems> {
        let mut trouble = Vec::new();
        // A record that an earlier step may make is not missing.
        let mut only_updates = true;
        for (at, step) in self.plan.steps.iter().enumerate() {
            let left: Vec<(usize, &Record)> =
                step.records.iter().enumerate().filter(|(record, _)| !self.refused.contains(&(at, *record))).collect();
            let skipped = if at == 0 { from } else { 0 };
            if step.write != WriteMode::Create {
                for chunk in left.chunks(CHUNK).skip(skipped) {
                    let found = self.work(at, String::new()).trouble(chunk, only_updates).await?;
                    trouble.extend(found.into_iter().map(|(record, problem)| (at, record, problem)));
                }
            }
            only_updates &= step.write == WriteMode::Update;
        }
        Ok(trouble)
    }
}
