//! Who did what, and why: written in the same transaction as the change itself.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite};

use super::sql::{Cells, Journal, Writing, all, stamp};
use crate::model::{MessageId, Problem};

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub who: String,
    /// What: `reprocess`, `edit`, `hold`, `release`, `resend`, `discard`…
    pub action: &'static str,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// Further details: the difference of an edited copy, the options of a reprocess.
    pub detail: Option<String>,
}

impl AuditEntry {
    /// An entry without reason and detail.
    pub fn new(who: &str, action: &'static str) -> Self {
        Self { who: who.to_string(), action, reason: None, detail: None }
    }

    /// Its text in a message's history: `reprocess by anna: the product is there now`.
    pub fn note(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{} by {}: {reason}", self.action, self.who),
            None => format!("{} by {}", self.action, self.who),
        }
    }
}

/// An audit entry as stored.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRow {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// The message it concerns.
    pub message: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Further details.
    pub detail: Option<String>,
}

pub(super) async fn write_down(
    to: &mut Writing<'_>,
    message: Option<MessageId>,
    entry: &AuditEntry,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let insert = sqlx::query("insert into audit (at, who, action, message, reason, detail) values (?, ?, ?, ?, ?, ?)");
    let insert = insert.bind(stamp(now)).bind(&entry.who).bind(entry.action).bind(message.map(|id| id.to_string()));
    let insert = insert.bind(&entry.reason).bind(&entry.detail);
    insert.execute(&mut **to).await?;
    Ok(())
}

impl Journal {
    /// What people did, newest first; only to `message` if it is given.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn audit_entries(&self, message: Option<MessageId>, limit: u32) -> Result<Vec<AuditRow>, Problem> {
        let mut query = QueryBuilder::<Sqlite>::new("select id, at, who, action, message, reason, detail from audit");
        if let Some(message) = message {
            query.push(" where message = ").push_bind(message.to_string());
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        all(&query.build().fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("audit", "id", row);
            Ok(AuditRow {
                at: cells.time("at")?,
                who: cells.get("who")?,
                action: cells.get("action")?,
                message: cells.get("message")?,
                reason: cells.get("reason")?,
                detail: cells.get("detail")?,
            })
        })
    }
}
