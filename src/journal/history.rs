//! The history of a message: its steps, its tries, the Odoo records that it touched.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    sql::{Cells, Journal, Writing, all, commit, stamp},
    terms,
};
use crate::model::{Message, MessageId, Problem, Stage};

/// One step of a message.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Stage reached.
    pub stage: String,
    /// Why, if there is more to say: for people, never read back.
    pub note: Option<String>,
}

/// One try.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// Count from 1.
    pub number: u32,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// `done`, `waits`, `failed` or `held`.
    pub outcome: String,
    /// What was wrong.
    pub problems: Vec<Problem>,
}

/// An Odoo record that a message touched.
#[derive(Debug, Clone, Serialize)]
pub struct RecordRow {
    /// The Odoo that it is in: a name in `[odoos]`, or empty for `[odoo]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub odoo: String,
    /// Model.
    pub model: String,
    /// Database id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// created, updated, unchanged or sent.
    pub change: String,
}

/// Records of one message that a search uses, at most; a catalogue has too many to identify it.
const NAMED: usize = 20;

pub(super) async fn event(
    to: &mut Writing<'_>,
    message: MessageId,
    stage: Stage,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let insert = sqlx::query("insert into event (message, at, stage, note) values (?, ?, ?, ?)");
    insert.bind(message.to_string()).bind(stamp(now)).bind(stage.as_str()).bind(note).execute(&mut **to).await?;
    Ok(())
}

pub(super) async fn attempt(
    to: &mut Writing<'_>,
    message: MessageId,
    number: u32,
    outcome: &str,
    problems: &[Problem],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let text = serde_json::to_string(problems).unwrap_or_else(|_| "[]".into());
    let insert = sqlx::query("insert into attempt (message, number, at, outcome, problems) values (?, ?, ?, ?, ?)");
    insert.bind(message.to_string()).bind(number).bind(stamp(now)).bind(outcome).bind(text).execute(&mut **to).await?;
    Ok(())
}

/// Writes the Odoo records that a message touched.
pub(super) async fn touched(to: &mut Writing<'_>, message: &Message, records: &[RecordRow], now: DateTime<Utc>) -> Result<(), Problem> {
    if records.len() <= NAMED {
        terms::note(to, message.id, records.iter().map(|record| ("record", record.name.as_str()))).await?;
    }
    for record in records {
        // A second try finds the record that the first one made; `created` stays.
        let insert = sqlx::query(
            "insert into record (message, odoo, model, odoo_id, name, change, at) values (?, ?, ?, ?, ?, ?, ?)
             on conflict do update set name = excluded.name, change = case when change = 'created' then change else excluded.change end, at = excluded.at",
        );
        let insert = insert
            .bind(message.id.to_string())
            .bind(&message.odoo)
            .bind(&record.model)
            .bind(record.id)
            .bind(&record.name)
            .bind(&record.change);
        insert.bind(stamp(now)).execute(&mut **to).await?;
    }
    Ok(())
}

impl Journal {
    /// Writes Odoo records that were changed for a message after it was at rest.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn touched(&self, message: &Message, records: &[RecordRow], now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        touched(&mut to, message, records, now).await?;
        commit(to).await
    }

    /// The steps of a message, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn events(&self, message: MessageId) -> Result<Vec<Event>, Problem> {
        let query = sqlx::query("select rowid, at, stage, note from event where message = ? order by rowid").bind(message.to_string());
        all(&query.fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("event", "rowid", row);
            Ok(Event { at: cells.time("at")?, stage: cells.get("stage")?, note: cells.get("note")? })
        })
    }

    /// The tries of a message, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn attempts(&self, message: MessageId) -> Result<Vec<Attempt>, Problem> {
        let query = sqlx::query("select rowid, number, at, outcome, problems from attempt where message = ? order by number");
        all(&query.bind(message.to_string()).fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("attempt", "rowid", row);
            Ok(Attempt {
                number: cells.number("number")?,
                at: cells.time("at")?,
                outcome: cells.get("outcome")?,
                problems: cells.json("problems")?,
            })
        })
    }

    /// What was wrong at the last try of a message; nothing if there was none, or it succeeded.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_problems(&self, message: MessageId) -> Result<Vec<Problem>, Problem> {
        Ok(self.attempts(message).await?.pop().map(|attempt| attempt.problems).unwrap_or_default())
    }

    /// The Odoo records of a message.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn records(&self, message: MessageId) -> Result<Vec<RecordRow>, Problem> {
        let query = sqlx::query("select message, odoo, model, odoo_id, name, change from record where message = ? order by model, odoo_id");
        all(&query.bind(message.to_string()).fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("record", "message", row);
            Ok(RecordRow {
                odoo: cells.get("odoo")?,
                model: cells.get("model")?,
                id: cells.get("odoo_id")?,
                name: cells.get("name")?,
                change: cells.get("change")?,
            })
        })
    }
}
