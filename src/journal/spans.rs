//! Steps of all messages in the order in which they were written: for traces.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

use super::sql::{Cells, Journal, all};
use crate::model::Problem;

/// A step that a message took.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// Place in the order.
    pub number: i64,
    /// Message.
    pub message: String,
    /// Flow.
    pub flow: String,
    /// `in` or `out`.
    pub direction: String,
    /// File name.
    pub name: String,
    /// Which run of the message.
    pub run: u32,
    /// When the run began.
    pub began: DateTime<Utc>,
    /// Stage that it left, and when it had reached that; none for the first step.
    pub from: Option<(String, DateTime<Utc>)>,
    /// Stage that it reached.
    pub stage: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, if there is more to say.
    pub note: Option<String>,
}

impl Journal {
    /// The number of the last step.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_step(&self) -> Result<i64, Problem> {
        let row = sqlx::query("select max(rowid) as last from event").fetch_one(&self.pool).await?;
        Ok(Cells::of("event", "last", &row).get::<Option<i64>>("last")?.unwrap_or_default())
    }

    /// Steps after a number, at most `most`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn steps_after(&self, number: i64, most: u32) -> Result<Vec<StepRow>, Problem> {
        let query = sqlx::query(
            "select e.rowid as number, e.message, m.flow, m.direction, m.name, m.run, e.at, e.stage, e.note, m.received,
             (select p.at from event p where p.message = e.message and p.rowid < e.rowid order by p.rowid desc limit 1) as before,
             (select p.stage from event p where p.message = e.message and p.rowid < e.rowid order by p.rowid desc limit 1) as stage_before,
             (select max(b.at) from event b where b.message = e.message and b.rowid <= e.rowid and b.stage = 'received') as began
             from event e join message m on m.id = e.message where e.rowid > ? order by e.rowid limit ?",
        );
        let rows = query.bind(number).bind(i64::from(most)).fetch_all(&self.pool).await?;
        all(&rows, |row: &SqliteRow| {
            let cells = Cells::of("event", "number", row);
            let began = cells.maybe_time("began")?;
            Ok(StepRow {
                number: cells.get("number")?,
                message: cells.get("message")?,
                flow: cells.get("flow")?,
                direction: cells.get("direction")?,
                name: cells.get("name")?,
                run: cells.number("run")?,
                began: began.map_or_else(|| cells.time("received"), Ok)?,
                from: cells.get::<Option<String>>("stage_before")?.zip(cells.maybe_time("before")?),
                stage: cells.get("stage")?,
                at: cells.time("at")?,
                note: cells.get("note")?,
            })
        })
    }
}
