//! Alerts that are on, and what is still to be told of them. What is decided and what is to be told are written together, so that a
//! crash neither forgets an alert nor tells it twice by a way that has had it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::{
    audit::{self, AuditEntry},
    sql::{Cells, Journal, all, commit, signed, stamp},
};
use crate::model::Problem;

/// An alert, from when it began until it has been over for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What it is about: its kind and its flow.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Flow, where it is about one.
    pub flow: Option<String>,
    /// What is the matter, in a sentence.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// How many messages, files or numbers it is about.
    pub count: u64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was told last.
    pub reported: Option<DateTime<Utc>>,
    /// The count that was told last.
    pub reported_count: u64,
    /// Since when it is over.
    pub ended: Option<DateTime<Utc>>,
    /// A person has said that it is known: it is not told again until it is over.
    pub silenced: bool,
}

/// Something to be told by one way.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Number.
    pub id: i64,
    /// The way: `mail`, `webhook`.
    pub channel: String,
    /// What, as JSON.
    pub body: String,
    /// Tries so far.
    pub tries: u32,
}

/// What has been decided about alerts.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// Alerts as they are now.
    pub alerts: Vec<Alert>,
    /// Keys of those that are forgotten.
    pub forgotten: Vec<String>,
    /// What is to be told, as JSON; by every way.
    pub news: Option<String>,
}

impl Journal {
    /// Alerts that are on or were lately.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Problem> {
        let rows = sqlx::query("select * from alert order by key").fetch_all(&self.pool).await?;
        all(&rows, alert)
    }

    /// Decides about alerts and writes down what was decided, as one step.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn decide(
        &self,
        channels: &[&str],
        now: DateTime<Utc>,
        decide: impl FnOnce(Vec<Alert>) -> Decided + Send,
    ) -> Result<Decided, Problem> {
        let mut to = self.begin().await?;
        let rows = sqlx::query("select * from alert order by key").fetch_all(&mut *to).await?;
        let decided = decide(all(&rows, alert)?);
        for key in &decided.forgotten {
            sqlx::query("delete from alert where key = ?").bind(key).execute(&mut *to).await?;
        }
        for alert in &decided.alerts {
            let write = sqlx::query(
                "insert or replace into alert (key, kind, flow, text, hint, count, since, reported, reported_count, ended, silenced)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            );
            let write = write.bind(&alert.key).bind(&alert.kind).bind(&alert.flow).bind(&alert.text).bind(&alert.hint);
            let write =
                write.bind(signed(alert.count)).bind(stamp(alert.since)).bind(alert.reported.map(stamp)).bind(signed(alert.reported_count));
            let write = write.bind(alert.ended.map(stamp)).bind(alert.silenced);
            write.execute(&mut *to).await?;
        }
        for channel in channels.iter().filter(|_| decided.news.is_some()) {
            let insert = sqlx::query("insert into notice (channel, at, body, tries, until) values (?1, ?2, ?3, 0, ?2)");
            insert.bind(channel).bind(stamp(now)).bind(&decided.news).execute(&mut *to).await?;
        }
        commit(to).await?;
        Ok(decided)
    }

    /// A person knows of an alert: it is not told again until it is over. `false` where there is none.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn silence(&self, key: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let update = sqlx::query("update alert set silenced = 1 where key = ? and ended is null").bind(key);
        let mut to = self.begin().await?;
        let is_on = update.execute(&mut *to).await?.rows_affected() > 0;
        if is_on {
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(is_on)
    }

    /// What is to be told by now, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn notices(&self, now: DateTime<Utc>) -> Result<Vec<Notice>, Problem> {
        let query = sqlx::query("select id, channel, body, tries from notice where until <= ? order by id").bind(stamp(now));
        let rows = query.fetch_all(&self.pool).await?;
        all(&rows, |row| {
            let cells = Cells::of("notice", "id", row);
            Ok(Notice { id: cells.get("id")?, channel: cells.get("channel")?, body: cells.get("body")?, tries: cells.number("tries")? })
        })
    }

    /// Something was told.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn reported(&self, notice: i64) -> Result<(), Problem> {
        let delete = sqlx::query("delete from notice where id = ?").bind(notice);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }

    /// Something could not be told; it is tried again then.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn unreported(&self, notice: i64, until: DateTime<Utc>) -> Result<(), Problem> {
        let update = sqlx::query("update notice set tries = tries + 1, until = ? where id = ?").bind(stamp(until)).bind(notice);
        let mut to = self.begin().await?;
        update.execute(&mut *to).await?;
        commit(to).await
    }
}

fn alert(row: &SqliteRow) -> Result<Alert, Problem> {
    let cells = Cells::of("alert", "key", row);
    Ok(Alert {
        key: cells.get("key")?,
        kind: cells.get("kind")?,
        flow: cells.get("flow")?,
        text: cells.get("text")?,
        hint: cells.get("hint")?,
        count: cells.number("count")?,
        since: cells.time("since")?,
        reported: cells.maybe_time("reported")?,
        reported_count: cells.number("reported_count")?,
        ended: cells.maybe_time("ended")?,
        silenced: cells.get("silenced")?,
    })
}
