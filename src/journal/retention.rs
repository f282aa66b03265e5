//! What the journal forgets: messages that have come to their end, with everything about them, once their day is over for good.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{
    Journal, problem,
    write::{commit, stamp},
};
use crate::model::{MessageId, Problem};

/// Messages forgotten in one transaction.
const AT_ONCE: u32 = 500;

impl Journal {
    /// Whether a flow has messages of a day that have not come to their end.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_day_open(&self, flow: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<bool, Problem> {
        let query = sqlx::query(
            "select 1 from message where flow = ? and received >= ? and received < ?
             and (stage not in ('done', 'failed', 'discarded') or unshelved = 1) limit 1",
        );
        let row = query.bind(flow).bind(stamp(from)).bind(stamp(to)).fetch_optional(&self.pool).await;
        Ok(row.map_err(|error| problem(&error))?.is_some())
    }

    /// Days of before a time that a flow still has messages of in the archive.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn days_of(&self, flow: &str, before: DateTime<Utc>) -> Result<Vec<chrono::NaiveDate>, Problem> {
        let query = sqlx::query(
            "select distinct substr(received, 1, 10) as day from message where flow = ? and received < ? and stored like 'archive/%'",
        );
        let rows = query.bind(flow).bind(stamp(before)).fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(rows.iter().filter_map(|row| row.get::<String, _>("day").parse().ok()).collect())
    }

    /// Forgets a flow's messages of before a time that are done or discarded, some at a time; gives those that were forgotten. What
    /// has been sent of Odoo's records stays known, so that nothing is sent twice.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn forget(&self, flow: &str, before: DateTime<Utc>) -> Result<Vec<MessageId>, Problem> {
        let mut transaction = self.begin().await?;
        let query = sqlx::query(
            "select id from message where flow = ? and stage in ('done', 'discarded') and received < ? and moved = 1 and unshelved = 0
             order by received, id limit ?",
        );
        let rows =
            query.bind(flow).bind(stamp(before)).bind(AT_ONCE).fetch_all(&mut *transaction).await.map_err(|error| problem(&error))?;
        let ids: Vec<String> = rows.iter().map(|row| row.get("id")).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        for table in ["event", "attempt", "record", "term", "trouble", "answer", "intent", "ledger", "audit"] {
            listed(format!("delete from {table} where message in ("), &ids)
                .build()
                .execute(&mut *transaction)
                .await
                .map_err(|error| problem(&error))?;
        }
        listed("delete from message where id in (".into(), &ids)
            .build()
            .execute(&mut *transaction)
            .await
            .map_err(|error| problem(&error))?;
        commit(transaction).await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Forgets what no message needs any more: deeds and files seen before a time.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn forget_the_rest(&self, before: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        for statement in ["delete from audit where message is null and at < ?", "delete from ledger where message is null and at < ?"] {
            sqlx::query(statement).bind(stamp(before)).execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }

    /// Flows that messages are known of.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn flows(&self) -> Result<Vec<String>, Problem> {
        let rows = sqlx::query("select distinct flow from tally").fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(rows.iter().map(|row| row.get("flow")).collect())
    }

    /// Writes a whole copy of the journal, as it is at this moment, to a new file, while others write on.
    ///
    /// # Errors
    /// The file is there, or cannot be written.
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<(), Problem> {
        let copy = sqlx::query("vacuum into ?").bind(path.to_string_lossy().into_owned());
        copy.execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }

    /// Whether the file is a whole journal.
    ///
    /// # Errors
    /// It is damaged.
    pub async fn is_whole(&self) -> Result<(), Problem> {
        let row = sqlx::query("pragma integrity_check(1)").fetch_one(&self.pool).await.map_err(|error| problem(&error))?;
        match row.get::<String, _>(0).as_str() {
            "ok" => Ok(()),
            _ => Err(Problem::new(crate::model::Code::Journal, "the journal is damaged").hint("restore an older backup")),
        }
    }
}

fn listed(before: String, ids: &[String]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new(before);
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.clone());
    }
    query.push(")");
    query
}
