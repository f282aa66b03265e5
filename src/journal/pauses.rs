//! Flows that people have paused, and runs that they have asked for.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    audit::{self, AuditEntry},
    sql::{Cells, Journal, all, commit, stamp},
};
use crate::model::Problem;

/// How long somebody waits for a run that was asked for: a consign that starts later runs by its schedules.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// Since when a flow receives nothing new, and who wanted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who paused it.
    pub who: String,
    /// Why.
    pub reason: Option<String>,
}

impl Journal {
    /// The flows that are paused.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn pauses(&self) -> Result<HashMap<String, Pause>, Problem> {
        let rows = sqlx::query("select flow, at, who, reason from pause where ended is null").fetch_all(&self.pool).await?;
        let pauses = all(&rows, |row| {
            let cells = Cells::of("pause", "flow", row);
            Ok((cells.get("flow")?, Pause { at: cells.time("at")?, who: cells.get("who")?, reason: cells.get("reason")? }))
        })?;
        Ok(pauses.into_iter().collect())
    }

    /// Whether a flow is paused.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_paused(&self, flow: &str) -> Result<bool, Problem> {
        Ok(sqlx::query("select 1 from pause where flow = ? and ended is null").bind(flow).fetch_optional(&self.pool).await?.is_some())
    }

    /// Pauses a flow; `false` where it is paused already.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn pause(&self, flow: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let insert = sqlx::query(
            "insert into pause (flow, at, who, reason) values (?, ?, ?, ?) on conflict do update
             set at = excluded.at, who = excluded.who, reason = excluded.reason, ended = null where ended is not null",
        );
        let insert = insert.bind(flow).bind(stamp(now)).bind(&entry.who).bind(&entry.reason);
        let is_new = insert.execute(&mut *to).await?.rows_affected() > 0;
        if is_new {
            sqlx::query("delete from run_request where flow = ?").bind(flow).execute(&mut *to).await?;
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(is_new)
    }

    /// When a flow was resumed last.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn resumed(&self, flow: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let query = sqlx::query("select flow, ended from pause where flow = ? and ended is not null");
        let row = query.bind(flow).fetch_optional(&self.pool).await?;
        row.map(|row| Cells::of("pause", "flow", &row).time("ended")).transpose()
    }

    /// Lets a paused flow receive again, with a run at once; `false` where it is not paused.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn resume(&self, flow: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let update = sqlx::query("update pause set ended = ? where flow = ? and ended is null").bind(stamp(now)).bind(flow);
        let was_paused = update.execute(&mut *to).await?.rows_affected() > 0;
        if was_paused {
            let insert = sqlx::query("insert or replace into run_request (flow, at) values (?, ?)").bind(flow).bind(stamp(now));
            insert.execute(&mut *to).await?;
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(was_paused)
    }

    /// Asks for a run of a flow now; `false` where one is asked for already, or the flow is paused.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn request_run(&self, flow: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let insert = sqlx::query(
            "insert or ignore into run_request (flow, at) select ?1, ?2 where not exists (select 1 from pause where flow = ?1 and ended is null)",
        );
        let insert = insert.bind(flow).bind(stamp(now));
        let is_new = insert.execute(&mut *to).await?.rows_affected() > 0;
        if is_new {
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(is_new)
    }

    /// Forgets all requests for runs: a restored journal has those of its day.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn forget_run_requests(&self) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        sqlx::query("delete from run_request").execute(&mut *to).await?;
        commit(to).await
    }

    /// When a run of a flow was asked for that has not begun yet.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn requested_run(&self, flow: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let row = sqlx::query("select flow, at from run_request where flow = ?").bind(flow).fetch_optional(&self.pool).await?;
        row.map(|row| Cells::of("run_request", "flow", &row).time("at")).transpose()
    }

    /// Takes a request for a run; `false` where there is none, or only one that nobody waits for any more.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn take_run_request(&self, flow: &str, now: DateTime<Utc>) -> Result<bool, Problem> {
        // Asked every two seconds for every flow: nothing is written where there is none.
        let Some(at) = self.requested_run(flow).await? else { return Ok(false) };
        let mut to = self.begin().await?;
        let taken = sqlx::query("delete from run_request where flow = ?").bind(flow).execute(&mut *to).await?.rows_affected() > 0;
        commit(to).await?;
        Ok(taken && now - at <= PATIENCE)
    }
}
