//! Numbers of outbound files without gaps, and whether a file was collected.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use super::{
    message::still_here,
    sql::{Cells, Journal, Writing, commit, stamp},
};
use crate::model::{Message, Problem};

impl Journal {
    /// The number of a message in its flow's sequence, assigned once: the lowest that was given back, or the next. A crash neither
    /// loses a number nor assigns it twice, since number and message are written together.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn number(&self, message: &mut Message, first: i64) -> Result<i64, Problem> {
        if let Some(number) = message.sequence {
            return Ok(number);
        }
        let mut to = self.begin().await?;
        still_here(&mut to, message).await?;
        let free = sqlx::query("select min(number) as number from sequence_free where flow = ?").bind(&message.flow);
        let free: Option<i64> = Cells::of("sequence_free", "number", &free.fetch_one(&mut *to).await?).get("number")?;
        let number = match free {
            Some(number) => {
                let taken = sqlx::query("delete from sequence_free where flow = ? and number = ?").bind(&message.flow).bind(number);
                taken.execute(&mut *to).await?;
                number
            }
            None => {
                let next = sqlx::query(
                    "insert into sequence (flow, next) values (?1, ?2 + 1) on conflict do update set next = max(next, ?2) + 1 returning next",
                );
                let next = next.bind(&message.flow).bind(first).fetch_one(&mut *to).await?;
                Cells::of("sequence", "next", &next).get::<i64>("next")? - 1
            }
        };
        let update = sqlx::query("update message set sequence = ? where id = ?").bind(number).bind(message.id.to_string());
        update.execute(&mut *to).await?;
        commit(to).await?;
        message.sequence = Some(number);
        Ok(number)
    }

    /// Messages of a flow that were sent and whose file is not known to be collected yet, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn uncollected(&self, flow: &str) -> Result<Vec<Message>, Problem> {
        let mut query = QueryBuilder::new(
            "select * from message where direction = 'out' and collected is null and stage = 'done' and answers is null and flow = ",
        );
        query.push_bind(flow.to_string()).push(" order by id");
        self.messages(query).await
    }

    /// Writes that files are gone from the drop.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn collected(&self, messages: &[Message], now: DateTime<Utc>) -> Result<(), Problem> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut to = self.begin().await?;
        for message in messages {
            let update = sqlx::query("update message set collected = ? where id = ?").bind(stamp(now)).bind(message.id.to_string());
            update.execute(&mut *to).await?;
        }
        commit(to).await
    }
}

/// Gives back the number of a message that was not sent: the next message uses it, so that the partner sees no gap. Part of the
/// transaction in which the message fails, so that a crash cannot leave a number with two owners or none.
pub(super) async fn give_back(to: &mut Writing<'_>, message: &Message) -> Result<(), Problem> {
    let Some(number) = message.sequence else { return Ok(()) };
    let free = sqlx::query("insert or ignore into sequence_free (flow, number) values (?, ?)").bind(&message.flow).bind(number);
    free.execute(&mut **to).await?;
    let update = sqlx::query("update message set sequence = null where id = ?").bind(message.id.to_string());
    update.execute(&mut **to).await?;
    Ok(())
}
