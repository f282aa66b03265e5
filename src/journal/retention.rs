//! What the journal deletes: finished messages with everything about them, after their retention has passed.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite};

use super::sql::{Cells, Journal, all, commit, push_list, stamp};
use crate::model::{Code, MessageId, Problem};

/// Messages deleted in one transaction.
const AT_ONCE: u32 = 500;

impl Journal {
    /// Whether a flow has messages of a day that are not finished.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_day_open(&self, flow: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<bool, Problem> {
        let query = sqlx::query(
            "select 1 from message where flow = ? and received >= ? and received < ?
             and (stage not in ('done', 'failed', 'discarded') or unarchived = 1) limit 1",
        );
        let row = query.bind(flow).bind(stamp(from)).bind(stamp(to)).fetch_optional(&self.pool).await;
        Ok(row?.is_some())
    }

    /// Days before a time of which a flow still has messages in the archive.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn days_of(&self, flow: &str, before: DateTime<Utc>) -> Result<Vec<chrono::NaiveDate>, Problem> {
        let query = sqlx::query(
            "select distinct substr(received, 1, 10) as day from message where flow = ? and received < ? and stored like 'archive/%'",
        );
        let rows = query.bind(flow).bind(stamp(before)).fetch_all(&self.pool).await?;
        all(&rows, |row| Cells::of("message", "day", row).parsed("day", "a day", |day| day.parse().ok()))
    }

    /// Deletes a flow's messages from before a time that are done or discarded, some at a time; returns the deleted ones. Which Odoo
    /// records were sent stays known, so that nothing is sent twice.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn forget(&self, flow: &str, before: DateTime<Utc>) -> Result<Vec<MessageId>, Problem> {
        let mut to = self.begin().await?;
        let query = sqlx::query(
            "select id from message where flow = ? and stage in ('done', 'discarded') and received < ? and moved = 1 and unarchived = 0 and refused = 0
             and not exists (select 1 from message a where a.parent = message.id and a.answers is not null
                and a.stage not in ('done', 'failed', 'discarded'))
             order by received, id limit ?",
        );
        let rows = query.bind(flow).bind(stamp(before)).bind(AT_ONCE).fetch_all(&mut *to).await?;
        let ids = all(&rows, |row| Cells::of("message", "id", row).message("id"))?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        for table in ["event", "attempt", "record", "term", "trouble", "answer", "intent", "ledger", "audit"] {
            let mut delete = QueryBuilder::<Sqlite>::new(format!("delete from {table} where"));
            push_list(&mut delete, " message", &ids);
            delete.build().execute(&mut *to).await?;
        }
        let mut delete = QueryBuilder::<Sqlite>::new("delete from message where");
        push_list(&mut delete, " id", &ids);
        delete.build().execute(&mut *to).await?;
        commit(to).await?;
        Ok(ids)
    }

    /// Deletes what no message needs any more: audit and ledger entries from before a time.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn forget_the_rest(&self, before: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        for statement in ["delete from audit where message is null and at < ?", "delete from ledger where message is null and at < ?"] {
            sqlx::query(statement).bind(stamp(before)).execute(&mut *to).await?;
        }
        commit(to).await
    }

    /// Flows that have messages.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn flows(&self) -> Result<Vec<String>, Problem> {
        let rows = sqlx::query("select distinct flow from stage_count").fetch_all(&self.pool).await?;
        all(&rows, |row| Cells::of("stage_count", "flow", row).get("flow"))
    }

    /// Writes a complete copy of the journal, as it is at this moment, to a new file, while others continue to write.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<(), Problem> {
        let copy = sqlx::query("vacuum into ?").bind(path.to_string_lossy().into_owned());
        copy.execute(&self.pool).await?;
        Ok(())
    }

    /// Whether the file is a whole journal.
    ///
    /// # Errors
    /// It is damaged.
    pub async fn is_whole(&self) -> Result<(), Problem> {
        let row = sqlx::query("pragma integrity_check(1)").fetch_one(&self.pool).await?;
        match Cells::of("journal", "integrity_check", &row).get::<String>("integrity_check")?.as_str() {
            "ok" => Ok(()),
            _ => Err(Problem::new(Code::Journal, "the journal is damaged").hint("restore an older backup")),
        }
    }
}
