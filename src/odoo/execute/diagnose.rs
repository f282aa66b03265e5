//! Finds all problems that Odoo has with new records, not only the first: Odoo's import names each bad row, and a deliberately bad row
//! keeps it from storing the others.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{rows, types::Work};
use crate::{
    model::{Problem, plan::Record},
    odoo::{Call, Fault, FaultKind, place::placed},
};

/// A database id that no record has (measured on Odoo 19: the row is refused, and with it the call).
const NOBODY: &str = "999999999";
/// Test imports for one refused call, at most.
const GROUPS: usize = 10;

impl Work<'_> {
    /// The problems of these records, each at its place; none if rows cannot express the plan, or the test import itself fails.
    pub(super) async fn diagnose(&self, records: &[(usize, &Record)], doing: &str) -> Vec<Problem> {
        // All rows have the same columns: records with different fields are tested separately.
        let mut alike: BTreeMap<Vec<String>, Vec<(usize, &Record)>> = BTreeMap::new();
        for (at, record) in records {
            alike.entry(rows::given(self.resolved, record, None)).or_default().push((*at, record));
        }
        let mut reported: Vec<(usize, Problem)> = Vec::new();
        for group in alike.values().take(GROUPS) {
            reported.extend(self.ask(group, doing).await);
        }
        reported.sort_by_key(|(at, _)| *at);
        reported.dedup();
        reported.into_iter().map(|(_, problem)| problem).take(super::MOST).collect()
    }

    async fn ask(&self, records: &[(usize, &Record)], doing: &str) -> Vec<(usize, Problem)> {
        let keyed: Vec<(String, &Record)> = records.iter().map(|(_, record)| (String::new(), *record)).collect();
        let Some(mut rows) = rows::of_records(self.resolved, self.setup.catalog, &self.step.model, ".id", &keyed) else {
            return Vec::new();
        };
        let poison = rows.data.len();
        let mut last = vec![String::new(); rows.fields.len()];
        last[0] = NOBODY.to_string();
        rows.data.push(last);
        let mut context = self.step.context.clone();
        context.insert("tz".into(), json!("UTC"));
        let call = Call::model(&self.step.model, "load")
            .arg("fields", json!(rows.fields))
            .arg("data", json!(rows.data))
            .context(&context)
            .that_looks();
        let Ok(answer) = self.odoo.call(call).await else { return Vec::new() };
        let mut reported = Vec::new();
        for message in answer.get("messages").and_then(Json::as_array).into_iter().flatten() {
            let row = message.pointer("/rows/from").and_then(Json::as_u64).and_then(|row| usize::try_from(row).ok());
            let text = message.get("message").and_then(Json::as_str);
            let (Some(row), Some(text)) = (row.filter(|row| *row < poison), text) else { continue };
            let Some(at) = rows.record(row) else { continue };
            let problem = Fault::new(FaultKind::Refused, text).problem(doing);
            reported.push((records[at].0, placed(problem, records[at].1, message.get("field").and_then(Json::as_str))));
        }
        reported
    }
}
