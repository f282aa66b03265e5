//! What a restored journal does not know: what was sent after it was copied. Each outbound flow is marked until a person has seen what
//! it would send.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use super::{
    message::message,
    sql::{Cells, Journal, all, commit, stamp},
};
use crate::model::{Message, Problem};

impl Journal {
    /// Marks flows whose sendings after a time are not known.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn mark_restored(&self, flows: &[String], made: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        for flow in flows {
            let insert = sqlx::query("insert or replace into restored (flow, made) values (?, ?)").bind(flow).bind(stamp(made));
            insert.execute(&mut *to).await?;
        }
        commit(to).await
    }

    /// Flows that documents were ever sent by.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sending_flows(&self) -> Result<Vec<String>, Problem> {
        let rows = sqlx::query("select distinct flow from sent union select distinct flow from message where direction = 'out'");
        let rows = rows.fetch_all(&self.pool).await?;
        all(&rows, |row| Cells::of("sent", "flow", row).get("flow"))
    }

    /// The time after which it is not known what a flow has sent; none of most.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn restored(&self, flow: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        let row = sqlx::query("select flow, made from restored where flow = ?").bind(flow).fetch_optional(&self.pool).await;
        row?.as_ref().map(|row| Cells::of("restored", "flow", row).time("made")).transpose()
    }

    /// What a flow would send is held now, all of it.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn seen_restored(&self, flow: &str) -> Result<(), Problem> {
        let delete = sqlx::query("delete from restored where flow = ?").bind(flow);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }

    /// Messages whose bytes are kept, in the order of their rows, so many at most, with the number to go on behind.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn stored_after(&self, number: i64, most: u32) -> Result<(Vec<Message>, i64), Problem> {
        let mut query = QueryBuilder::new("select *, rowid as number from message where stored <> '' and rowid > ");
        query.push_bind(number).push(" order by rowid limit ").push_bind(i64::from(most));
        let rows = query.build().fetch_all(&self.pool).await?;
        let last = match rows.last() {
            Some(row) => Cells::of("message", "id", row).get("number")?,
            None => number,
        };
        Ok((all(&rows, message)?, last))
    }
}
