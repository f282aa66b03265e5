//! What became of the messages that somebody reprocessed together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sql::{Cells, Journal, all};
use crate::model::{Problem, Stage};

/// Messages reprocessed together, by where they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reprocessed {
    /// How many were restarted.
    pub restarted: u64,
    /// How many are in progress, or have not begun.
    pub in_progress: u64,
    /// How many are at another stage, by stage.
    pub stages: BTreeMap<String, u64>,
    /// Their flows.
    pub flows: Vec<String>,
}

impl Journal {
    /// The number of the newest audit entry; 0 if there is none.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn newest_audit_entry(&self) -> Result<i64, Problem> {
        let row = sqlx::query("select coalesce(max(id), 0) as newest from audit").fetch_one(&self.pool).await?;
        Cells::of("audit", "newest", &row).get("newest")
    }

    /// What became of the messages whose audit entries have this detail and come after the entry `mark`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn reprocessed(&self, mark: i64, detail: &str) -> Result<Reprocessed, Problem> {
        let query = sqlx::query(
            "select flow, stage, count(*) as count from message where id in
                (select message from audit where id > ? and action = 'reprocess' and detail = ?) group by flow, stage order by flow",
        );
        let rows = query.bind(mark).bind(detail).fetch_all(&self.pool).await?;
        let rows: Vec<(String, String, u64)> = all(&rows, |row| {
            let cells = Cells::of("message", "flow", row);
            Ok((cells.get("flow")?, cells.get("stage")?, cells.number("count")?))
        })?;
        let mut reprocessed = Reprocessed::default();
        for (flow, stage, count) in rows {
            reprocessed.restarted += count;
            match Stage::UNDER_WAY.iter().any(|under_way| under_way.as_str() == stage) {
                true => reprocessed.in_progress += count,
                false => *reprocessed.stages.entry(stage).or_default() += count,
            }
            if reprocessed.flows.last() != Some(&flow) {
                reprocessed.flows.push(flow);
            }
        }
        Ok(reprocessed)
    }
}
