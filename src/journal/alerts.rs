//! Active alerts, and their notices that are not sent yet. One transaction writes a decision and its notices, so a crash neither loses
//! an alert nor sends it twice by a channel that has sent it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::{
    audit::{self, AuditEntry},
    sql::{Cells, Journal, all, commit, signed, stamp},
};
use crate::model::Problem;

/// An alert, from its start until some time after it resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Key: its kind and its flow.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Flow, if it concerns one.
    pub flow: Option<String>,
    /// What is wrong, in a sentence.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// How many messages, files or numbers it concerns.
    pub count: u64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last sent.
    pub reported: Option<DateTime<Utc>>,
    /// The count that was last sent.
    pub reported_count: u64,
    /// When its condition ended.
    pub ended: Option<DateTime<Utc>>,
    /// Muted by a person: it is not sent again before it resolves.
    pub muted: bool,
}

/// A notice to send by one channel.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Number.
    pub id: i64,
    /// The channel: `mail`, `webhook`.
    pub channel: String,
    /// The content, as JSON.
    pub body: String,
    /// Tries so far.
    pub tries: u32,
}

/// What has been decided about alerts.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// Alerts as they are now.
    pub alerts: Vec<Alert>,
    /// Keys of those to delete.
    pub forgotten: Vec<String>,
    /// Notices to send by every channel, as JSON.
    pub news: Option<String>,
}

impl Journal {
    /// Alerts that are active or resolved a short time ago.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Problem> {
        let rows = sqlx::query("select * from alert order by key").fetch_all(&self.pool).await?;
        all(&rows, alert)
    }

    /// Decides about alerts and writes the decision, in one transaction.
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
            let write = write.bind(alert.ended.map(stamp)).bind(alert.muted);
            write.execute(&mut *to).await?;
        }
        for channel in channels.iter().filter(|_| decided.news.is_some()) {
            let insert = sqlx::query("insert into notice (channel, at, body, tries, until) values (?1, ?2, ?3, 0, ?2)");
            insert.bind(channel).bind(stamp(now)).bind(&decided.news).execute(&mut *to).await?;
        }
        commit(to).await?;
        Ok(decided)
    }

    /// Mutes an alert until it resolves. `false` if there is no such alert.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn mute(&self, key: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let update = sqlx::query("update alert set silenced = 1 where key = ? and ended is null").bind(key);
        let mut to = self.begin().await?;
        let is_on = update.execute(&mut *to).await?.rows_affected() > 0;
        if is_on {
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(is_on)
    }

    /// Notices that are due now, oldest first.
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

    /// Deletes a notice that was sent.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn reported(&self, notice: i64) -> Result<(), Problem> {
        let delete = sqlx::query("delete from notice where id = ?").bind(notice);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }

    /// A notice could not be sent; it is retried at `until`.
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
        muted: cells.get("silenced")?,
    })
}
