//! What alerts look at: messages stuck at a stage, files that did not arrive, numbers that are missing.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

use super::sql::{Cells, Journal, all, stamp};
use crate::model::{Problem, Stage};

/// Messages of one flow that are stuck at a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Flow.
    pub flow: String,
    /// How many.
    pub count: u64,
    /// Since when the oldest of them is stuck.
    pub since: DateTime<Utc>,
}

/// Running numbers of a partner that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first that is missing.
    pub from: i64,
    /// The last that is missing.
    pub to: i64,
    /// When the number after the gap came.
    pub noticed: DateTime<Utc>,
}

/// A larger gap means that the partner restarted its numbering.
const RESTART: i64 = 1000;
/// Gaps reported for one flow, at most.
const GAPS: i64 = 50;

pub(super) fn staying(row: &SqliteRow) -> Result<Stuck, Problem> {
    let cells = Cells::of("message", "flow", row);
    Ok(Stuck { flow: cells.get("flow")?, count: cells.number("count")?, since: cells.time("since")? })
}

impl Journal {
    /// Messages at a stage since before a time, by flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn staying(&self, stage: Stage, before: DateTime<Utc>) -> Result<Vec<Stuck>, Problem> {
        // A waiting message is written at each retry: its waiting time counts from when it was received.
        let since = if stage == Stage::Waiting { "received" } else { "updated" };
        let query = format!(
            "select flow, count(*) as count, min({since}) as since from message where stage = ? and {since} <= ? group by flow order by flow"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(stage.as_str()).bind(stamp(before));
        let rows = query.fetch_all(&self.pool).await?;
        all(&rows, staying)
    }

    /// When the last message of a flow was received.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_came(&self, flow: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let query = sqlx::query("select max(received) as last from message where flow = ? and edited = 0 and answers is null").bind(flow);
        let row = query.fetch_one(&self.pool).await?;
        Cells::of("message", "last", &row).maybe_time("last")
    }

    /// Numbers missing between those that came since a time, lowest first. The number after a gap must have come before
    /// `settled`: files that arrive out of order get some time.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn gaps(&self, flow: &str, since: DateTime<Utc>, settled: DateTime<Utc>) -> Result<Vec<Gap>, Problem> {
        let query = sqlx::query(
            "select sequence, next, noticed from (
                select sequence, lead(sequence) over (order by sequence) as next, lead(received) over (order by sequence) as noticed
                from (select sequence, min(received) as received from message where flow = ?1 and sequence is not null group by sequence)
                where received >= ?2)
             where next > sequence + 1 and next - sequence <= ?4 and noticed <= ?3 order by sequence limit ?5",
        );
        let query = query.bind(flow).bind(stamp(since)).bind(stamp(settled)).bind(RESTART).bind(GAPS);
        let rows = query.fetch_all(&self.pool).await?;
        all(&rows, |row| {
            let cells = Cells::of("message", "sequence", row);
            Ok(Gap { from: cells.get::<i64>("sequence")? + 1, to: cells.get::<i64>("next")? - 1, noticed: cells.time("noticed")? })
        })
    }
}
