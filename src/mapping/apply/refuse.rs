//! A plan without the refused parts of a file: the rest is written.

use std::collections::HashSet;

use super::ElementStart;
use crate::model::{
    Plan,
    plan::{PlanValue, Record},
};

/// Removes the records of these parts, and corrects the references to the remaining ones.
pub(super) fn without(plan: &mut Plan, parts: &HashSet<ElementStart>) {
    if !plan.steps.iter().flat_map(|step| &step.records).any(|record| parts.contains(&record.part)) {
        return;
    }
    let mut numbers: Vec<Vec<Option<usize>>> = Vec::with_capacity(plan.steps.len());
    for step in &mut plan.steps {
        let mut left = 0;
        let number = |record: &Record| {
            (!parts.contains(&record.part)).then(|| {
                left += 1;
                left - 1
            })
        };
        numbers.push(step.records.iter().map(number).collect());
        step.records.retain(|record| !parts.contains(&record.part));
    }
    for record in plan.steps.iter_mut().flat_map(|step| &mut step.records) {
        renumber(record, &numbers);
    }
}

/// A reference to a removed record becomes a reference to none, and is refused when its step is executed.
fn renumber(record: &mut Record, numbers: &[Vec<Option<usize>>]) {
    for field in &mut record.fields {
        match &mut field.value {
            PlanValue::Record(reference) => {
                let number = numbers.get(reference.step).and_then(|step| step.get(reference.record)).copied().flatten();
                reference.record = number.unwrap_or(usize::MAX);
            }
            PlanValue::Lines(lines) => lines.records.iter_mut().for_each(|line| renumber(line, numbers)),
            PlanValue::Find(find) => find.create.iter_mut().for_each(|create| renumber(create, numbers)),
            PlanValue::Literal(_) | PlanValue::Set(_) | PlanValue::Field(_) => {}
        }
    }
}
