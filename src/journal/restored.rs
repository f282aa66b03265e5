//! What a journal does not know: after a restore, what was sent since the backup; with another Odoo, what was sent from there under
//! another name. Each outbound flow is marked until a person has seen what it would send.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use super::{
    message::message,
    sql::{Cells, Journal, all, commit, stamp},
};
use crate::model::{Message, Problem};

/// Why it is unknown what a flow has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The journal was restored to its state at this time.
    Restored(DateTime<Utc>),
    /// A new journal was started at this time.
    Begun(DateTime<Utc>),
    /// The flow uses another Odoo than before.
    OtherOdoo,
}

impl Journal {
    /// Marks flows whose sendings after a time are unknown.
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

    /// Marks flows of a new journal: it is unknown what they have sent. Sets the next number of those whose documents are numbered.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn mark_begun(&self, flows: &[String], next: &[(String, i64)], now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        for flow in flows {
            let insert = sqlx::query("insert or replace into restored (flow, made, reason) values (?, ?, 'begun')");
            insert.bind(flow).bind(stamp(now)).execute(&mut *to).await?;
        }
        for (flow, number) in next {
            let insert = sqlx::query("insert or replace into sequence (flow, next) values (?, ?)").bind(flow).bind(number);
            insert.execute(&mut *to).await?;
        }
        commit(to).await
    }

    /// Flows that have ever sent documents.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sending_flows(&self) -> Result<Vec<String>, Problem> {
        let rows = sqlx::query(
            "select distinct flow from sent union select distinct flow from message where direction = 'out' and answers is null",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        all(&rows, |row| Cells::of("sent", "flow", row).get("flow"))
    }

    /// Why it is unknown what a flow has sent; for most flows it is known. A flow that has sent from another Odoo and never from this one
    /// is marked: the records may be the same under another name.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn doubt(&self, flow: &str, odoo: &str, now: DateTime<Utc>) -> Result<Option<Doubt>, Problem> {
        let elsewhere = sqlx::query(
            "insert into restored (flow, made, reason) select ?1, ?3, 'odoo' where exists (select 1 from sent where flow = ?1 and odoo <> ?2)
             and not exists (select 1 from sent where flow = ?1 and odoo = ?2) on conflict do nothing",
        );
        let mut to = self.begin().await?;
        elsewhere.bind(flow).bind(odoo).bind(stamp(now)).execute(&mut *to).await?;
        commit(to).await?;
        let row = sqlx::query("select flow, made, reason from restored where flow = ?").bind(flow).fetch_optional(&self.pool).await?;
        row.as_ref()
            .map(|row| {
                let cells = Cells::of("restored", "flow", row);
                let made = cells.time("made")?;
                cells.parsed("reason", "a reason", |reason| match reason {
                    "restored" => Some(Doubt::Restored(made)),
                    "begun" => Some(Doubt::Begun(made)),
                    "odoo" => Some(Doubt::OtherOdoo),
                    _ => None,
                })
            })
            .transpose()
    }

    /// Clears the mark: everything that the flow would send is held now.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn seen_restored(&self, flow: &str) -> Result<(), Problem> {
        let delete = sqlx::query("delete from restored where flow = ?").bind(flow);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }

    /// Messages whose bytes are stored, in the order of their rows, at most `most`, with the number to continue after.
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
