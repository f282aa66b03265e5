//! Which Odoo records were sent, with what content, and how far a flow has read.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Sqlite};

use super::sql::{CHUNK, Cells, Journal, Writing, all, commit, push_list};
use crate::model::{Message, MessageId, Problem};

/// Writes the content of records that are being sent: `model,id` and a digest.
pub(super) async fn note(
    to: &mut Writing<'_>,
    flow: &str,
    odoo: &str,
    digests: impl Iterator<Item = (String, String)> + Send,
) -> Result<(), Problem> {
    for (record, digest) in digests {
        let update = sqlx::query("update sent set digest = ? where flow = ? and odoo = ? and record = ?");
        update.bind(digest).bind(flow).bind(odoo).bind(record).execute(&mut **to).await?;
    }
    Ok(())
}

impl Journal {
    /// Which of these records of an Odoo, as `model,id`, a flow has sent or is sending: each with its content's digest if known, and
    /// whether its message is finished.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sent(&self, flow: &str, odoo: &str, records: &[String]) -> Result<HashMap<String, (Option<String>, bool)>, Problem> {
        let mut sent = HashMap::new();
        for chunk in records.chunks(CHUNK) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "select s.record, s.digest, coalesce(m.stage in ('done', 'discarded'), 1) as ended from sent s left join message m on m.id = s.message where s.flow = ",
            );
            query.push_bind(flow.to_string()).push(" and s.odoo = ").push_bind(odoo.to_string());
            push_list(&mut query, " and s.record", chunk);
            let rows = query.build().fetch_all(&self.pool).await?;
            sent.extend(all(&rows, |row| {
                let cells = Cells::of("sent", "record", row);
                Ok((cells.get("record")?, (cells.get("digest")?, cells.get("ended")?)))
            })?);
        }
        Ok(sent)
    }

    /// Writes the content of records that are being sent: `model,id` and a digest.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn sent_as(&self, flow: &str, odoo: &str, digests: impl Iterator<Item = (String, String)> + Send) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        note(&mut to, flow, odoo, digests).await?;
        commit(to).await
    }

    /// Records that a message sends: model and id.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn claims(&self, message: MessageId) -> Result<Vec<(String, i64)>, Problem> {
        let query = sqlx::query("select record from sent where message = ?").bind(message.to_string());
        let claim = |text: &str| text.split_once(',').and_then(|(model, id)| Some((model.to_string(), id.parse().ok()?)));
        all(&query.fetch_all(&self.pool).await?, |row| Cells::of("sent", "record", row).parsed("record", "an Odoo record", claim))
    }

    /// Lets a record of an Odoo be sent again.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn unclaim(&self, flow: &str, odoo: &str, record: &str) -> Result<(), Problem> {
        let delete = sqlx::query("delete from sent where flow = ? and odoo = ? and record = ?").bind(flow).bind(odoo).bind(record);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }

    /// How often its flow sent the records of a message before: the highest count of any of them.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sendings(&self, message: &Message) -> Result<u64, Problem> {
        let query = sqlx::query(
            "select coalesce(max(times), 0) as times from (
                select count(distinct r.message) as times from sent s
                cross join record r on r.odoo = s.odoo and r.model = substr(s.record, 1, instr(s.record, ',') - 1)
                    and r.odoo_id = cast(substr(s.record, instr(s.record, ',') + 1) as integer) and r.change = 'sent'
                cross join message m on m.id = r.message and m.flow = s.flow and m.id <> s.message
                where s.message = ? group by s.record)",
        );
        let row = query.bind(message.id.to_string()).fetch_one(&self.pool).await?;
        Cells::of("sent", "times", &row).number("times")
    }

    /// How far a flow has read in an Odoo: the latest time of a record that it has seen, as Odoo writes it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn cursor(&self, flow: &str, odoo: &str) -> Result<Option<String>, Problem> {
        let row = sqlx::query("select at from cursor where flow = ? and odoo = ?").bind(flow).bind(odoo).fetch_optional(&self.pool).await;
        row?.as_ref().map(|row| Cells::of("cursor", "at", row).get("at")).transpose()
    }

    /// Moves it forward, never back.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn move_cursor(&self, flow: &str, odoo: &str, at: &str) -> Result<(), Problem> {
        let insert =
            sqlx::query("insert into cursor (flow, odoo, at) values (?, ?, ?) on conflict do update set at = max(at, excluded.at)");
        let mut to = self.begin().await?;
        insert.bind(flow).bind(odoo).bind(at).execute(&mut *to).await?;
        commit(to).await
    }
}
