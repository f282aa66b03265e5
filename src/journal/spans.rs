//! Steps of messages in the order in which they were written, whichever message they are of: for traces.

use chrono::{DateTime, Utc};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Journal, problem, query::moment};
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
    /// Stage that it left, and when it had reached that; none of the first step.
    pub from: Option<(String, DateTime<Utc>)>,
    /// Stage that it reached.
    pub stage: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, where there is more to say.
    pub note: Option<String>,
}

impl Journal {
    /// The number of the last step.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_step(&self) -> Result<i64, Problem> {
        let row = sqlx::query("select max(rowid) as last from event").fetch_one(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(row.get::<Option<i64>, _>("last").unwrap_or_default())
    }

    /// Steps behind a number, so many at most.
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
        let rows = query.bind(number).bind(i64::from(most)).fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let row = |row: &SqliteRow| {
            let text = |name: &str| row.get::<String, _>(name);
            let maybe = |name: &str| row.get::<Option<String>, _>(name);
            StepRow {
                number: row.get("number"),
                message: text("message"),
                flow: text("flow"),
                direction: text("direction"),
                name: text("name"),
                run: u32::try_from(row.get::<i64, _>("run")).unwrap_or(1),
                began: moment(&maybe("began").unwrap_or_else(|| text("received"))),
                from: maybe("stage_before").zip(maybe("before").as_deref().map(moment)),
                stage: text("stage"),
                at: moment(&text("at")),
                note: maybe("note"),
            }
        };
        Ok(rows.iter().map(row).collect())
    }
}
