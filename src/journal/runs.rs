//! The last run of each flow: when, and what stopped it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::sql::{Cells, Journal, all, commit, stamp};
use crate::model::Problem;

/// The runs of one flow.
#[derive(Debug, Clone, Serialize)]
pub struct FlowRuns {
    /// When it ran for the first time, as far as this journal knows.
    pub first: DateTime<Utc>,
    /// When the last run began.
    pub began: DateTime<Utc>,
    /// When it ended; none while it runs, or if the process died.
    pub ended: Option<DateTime<Utc>>,
    /// The problems that stopped it.
    pub problems: Vec<Problem>,
    /// Since when every run had problems.
    pub failing_since: Option<DateTime<Utc>>,
}

impl Journal {
    /// Writes that a run begins.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn run_begins(&self, flow: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let insert = sqlx::query(
            "insert into run (flow, first, began) values (?1, ?2, ?2) on conflict do update set began = excluded.began, ended = null",
        );
        let mut to = self.begin().await?;
        insert.bind(flow).bind(stamp(now)).execute(&mut *to).await?;
        // It is the run that somebody asked for.
        sqlx::query("delete from run_request where flow = ?").bind(flow).execute(&mut *to).await?;
        commit(to).await
    }

    /// Writes how a run ended. One of a paused flow has not polled, so that it says nothing about whether the flow can work.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn run_ends(&self, flow: &str, problems: &[Problem], is_paused: bool, now: DateTime<Utc>) -> Result<(), Problem> {
        let text = serde_json::to_string(problems).unwrap_or_else(|_| "[]".into());
        let update = sqlx::query(
            "update run set ended = ?2, problems = ?3, failing_since = case when ?4 then coalesce(failing_since, ?2) end where flow = ?1",
        );
        let mut to = self.begin().await?;
        if is_paused && problems.is_empty() {
            let update = sqlx::query("update run set ended = ?2 where flow = ?1").bind(flow).bind(stamp(now));
            update.execute(&mut *to).await?;
            return commit(to).await;
        }
        update.bind(flow).bind(stamp(now)).bind(text).bind(!problems.is_empty()).execute(&mut *to).await?;
        commit(to).await
    }

    /// The runs of every flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn runs(&self) -> Result<BTreeMap<String, FlowRuns>, Problem> {
        let rows = sqlx::query("select flow, first, began, ended, problems, failing_since from run").fetch_all(&self.pool).await?;
        let run = |row: &SqliteRow| {
            let cells = Cells::of("run", "flow", row);
            let run = FlowRuns {
                first: cells.time("first")?,
                began: cells.time("began")?,
                ended: cells.maybe_time("ended")?,
                problems: cells.json("problems")?,
                failing_since: cells.maybe_time("failing_since")?,
            };
            Ok((cells.get("flow")?, run))
        };
        Ok(all(&rows, run)?.into_iter().collect())
    }
}
