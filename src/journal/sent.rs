//! What was sent of Odoo's records: which, saying what, and how far a flow has looked.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Journal, Message, problem, write::commit};
use crate::model::Problem;

/// Records asked for in one query.
const CHUNK: usize = 1000;

impl Journal {
    /// Which of some records, as `model,id`, a flow has sent, or is sending, each with what it said then where that is known, and
    /// whether its message has come to its end.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sent(&self, flow: &str, records: &[String]) -> Result<HashMap<String, (Option<String>, bool)>, Problem> {
        let mut sent = HashMap::new();
        for chunk in records.chunks(CHUNK) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "select s.record, s.digest, coalesce(m.stage in ('done', 'discarded'), 1) as ended from sent s left join message m on m.id = s.message where s.flow = ",
            );
            query.push_bind(flow.to_string()).push(" and s.record in (");
            let mut list = query.separated(", ");
            for record in chunk {
                list.push_bind(record.clone());
            }
            query.push(")");
            let rows = query.build().fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
            sent.extend(
                rows.iter()
                    .filter_map(|row| Some((row.try_get("record").ok()?, (row.try_get("digest").ok()?, row.try_get("ended").ok()?)))),
            );
        }
        Ok(sent)
    }

    /// Writes down what records say that are being sent: `model,id` and a digest.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn sent_as(&self, flow: &str, digests: impl Iterator<Item = (String, String)>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        for (record, digest) in digests {
            let update = sqlx::query("update sent set digest = ? where flow = ? and record = ?").bind(digest).bind(flow).bind(record);
            update.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }

    /// Lets a record be sent again.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn unclaim(&self, flow: &str, record: &str) -> Result<(), Problem> {
        let delete = sqlx::query("delete from sent where flow = ? and record = ?").bind(flow).bind(record);
        delete.execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }

    /// How often the records of a message were sent before by its flow, the most of any of them.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sendings(&self, message: &Message) -> Result<u64, Problem> {
        let query = sqlx::query(
            "select coalesce(max(times), 0) as times from (
                select count(distinct r.message) as times from sent s
                cross join record r on r.model = substr(s.record, 1, instr(s.record, ',') - 1)
                    and r.odoo_id = cast(substr(s.record, instr(s.record, ',') + 1) as integer) and r.change = 'sent'
                cross join message m on m.id = r.message and m.flow = s.flow and m.id <> s.message
                where s.message = ? group by s.record)",
        );
        let row = query.bind(message.id.to_string()).fetch_one(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(row.try_get::<i64, _>("times").ok().and_then(|times| u64::try_from(times).ok()).unwrap_or(0))
    }

    /// How far a flow has looked: the latest time of a record that it has seen, as Odoo writes it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn cursor(&self, flow: &str) -> Result<Option<String>, Problem> {
        let row = sqlx::query("select at from cursor where flow = ?").bind(flow).fetch_optional(&self.pool).await;
        Ok(row.map_err(|error| problem(&error))?.and_then(|row| row.try_get("at").ok()))
    }

    /// Moves it on; never back.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn move_cursor(&self, flow: &str, at: &str) -> Result<(), Problem> {
        let insert = sqlx::query("insert into cursor (flow, at) values (?, ?) on conflict do update set at = max(at, excluded.at)");
        insert.bind(flow).bind(at).execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }
}
