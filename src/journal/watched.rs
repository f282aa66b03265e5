//! What alerts look at: messages that stay where they should not, files that did not come, numbers that are missing.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Journal, problem, query::moment, write::stamp};
use crate::model::{Problem, Stage};

/// Messages of one flow that stay somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staying {
    /// Flow.
    pub flow: String,
    /// How many.
    pub count: u64,
    /// Since when the first of them.
    pub since: DateTime<Utc>,
}

/// Numbers of a partner's that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first that is missing.
    pub from: i64,
    /// The last that is missing.
    pub to: i64,
    /// When the number behind came.
    pub noticed: DateTime<Utc>,
}

/// A hole of more numbers is the partner beginning anew.
const RESTART: i64 = 1000;
/// Gaps told of one flow.
const GAPS: i64 = 50;

impl Journal {
    /// Messages at a stage since before a time, by flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn staying(&self, stage: Stage, before: DateTime<Utc>) -> Result<Vec<Staying>, Problem> {
        // A message that waits is written down with each try: how long it has waited counts from when it came.
        let since = if stage == Stage::Waiting { "received" } else { "updated" };
        let query = format!(
            "select flow, count(*) as count, min({since}) as since from message where stage = ? and {since} <= ? group by flow order by flow"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(stage.as_str()).bind(stamp(before));
        let rows = query.fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let staying = |row: &sqlx::sqlite::SqliteRow| Staying {
            flow: row.get("flow"),
            count: u64::try_from(row.get::<i64, _>("count")).unwrap_or_default(),
            since: moment(&row.get::<String, _>("since")),
        };
        Ok(rows.iter().map(staying).collect())
    }

    /// When the last message of a flow came.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_came(&self, flow: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let query = sqlx::query("select max(received) as last from message where flow = ? and edited = 0").bind(flow);
        let row = query.fetch_one(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(row.get::<Option<String>, _>("last").map(|at| moment(&at)))
    }

    /// Numbers that are missing between those that came since a time, lowest first. The number behind must have come before
    /// `settled`: files that come out of order get a moment.
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
        let rows = query.fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let gap = |row: &sqlx::sqlite::SqliteRow| Gap {
            from: row.get::<i64, _>("sequence") + 1,
            to: row.get::<i64, _>("next") - 1,
            noticed: moment(&row.get::<String, _>("noticed")),
        };
        Ok(rows.iter().map(gap).collect())
    }
}
