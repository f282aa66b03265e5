//! Acknowledgements of documents that we sent: until when each is expected, what came, and which message brought it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{
    alert_queries::{Stuck, staying},
    audit::{self, AuditEntry},
    history::event,
    sql::{Cells, Journal, Writing, all, commit, push_list, stamp},
};
use crate::model::{Message, MessageId, Problem, answer::AckStatus};

/// What is known of the acknowledgement of a message.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerRow {
    /// When it is due.
    pub due: DateTime<Utc>,
    /// What it says.
    pub reply: AckStatus,
    /// When it came.
    pub at: Option<DateTime<Utc>>,
    /// Why, in the partner's words.
    pub note: Option<String>,
    /// The message that brought it.
    pub by_message: Option<MessageId>,
}

/// An acknowledgement that has come.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What it says.
    pub reply: AckStatus,
    /// Why.
    pub note: Option<String>,
    /// The message that brought it.
    pub by_message: Option<MessageId>,
    /// Its file: path, size and time, so that it acknowledges no second document.
    pub mark: Option<String>,
}

fn answer_row(row: &SqliteRow) -> Result<AnswerRow, Problem> {
    let cells = Cells::of("answer", "message", row);
    Ok(AnswerRow {
        due: cells.time("due")?,
        reply: cells.parsed("state", "an answer", AckStatus::parse)?,
        at: cells.maybe_time("at")?,
        note: cells.get("note")?,
        by_message: cells.maybe_message("by_message")?,
    })
}

/// Writes that an acknowledgement of a message is expected; one of an earlier sending no longer counts.
pub(super) async fn expect(to: &mut Writing<'_>, message: &Message, due: DateTime<Utc>) -> Result<(), Problem> {
    let insert = sqlx::query(
        "insert into answer (message, flow, due, state) values (?, ?, ?, 'awaited')
         on conflict do update set due = excluded.due, state = 'awaited', at = null, note = null, by_message = null",
    );
    insert.bind(message.id.to_string()).bind(&message.flow).bind(stamp(due)).execute(&mut **to).await?;
    Ok(())
}

/// Condition for an open one.
const OPEN: &str = "state in ('awaited', 'pending')";

impl Journal {
    /// The acknowledgement of a message, if one is expected.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn answer(&self, message: MessageId) -> Result<Option<AnswerRow>, Problem> {
        let query = sqlx::query("select message, due, state, at, note, by_message from answer where message = ?").bind(message.to_string());
        query.fetch_optional(&self.pool).await?.as_ref().map(answer_row).transpose()
    }

    /// Messages of a flow that wait for an acknowledgement, newest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn awaiting(&self, flow: &str) -> Result<Vec<Message>, Problem> {
        let mut query = QueryBuilder::<Sqlite>::new("select m.* from answer a join message m on m.id = a.message where a.flow = ");
        query.push_bind(flow.to_string()).push(" and a.").push(OPEN).push(" order by m.id desc");
        self.messages(query).await
    }

    /// The newest message of some flows that has this number or file name and expects an acknowledgement.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn answered_by(&self, flows: &[String], number: &str) -> Result<Option<Message>, Problem> {
        if number.contains('\0') || flows.is_empty() {
            return Ok(None);
        }
        let mut query = if number.chars().count() >= 3 {
            let mut query = QueryBuilder::<Sqlite>::new(
                "select m.* from term_text f cross join term t on t.id = f.rowid cross join answer a on a.message = t.message
                 cross join message m on m.id = a.message where term_text match ",
            );
            query.push_bind(format!("\"{}\"", number.replace('"', "\"\""))).push(" and t.value = ").push_bind(number.to_string());
            query
        } else {
            let mut query = QueryBuilder::<Sqlite>::new(
                "select m.* from term t cross join answer a on a.message = t.message cross join message m on m.id = a.message
                 where length(t.value) < 3 and t.value = ",
            );
            query.push_bind(number.to_string());
            query
        };
        push_list(&mut query, " and a.flow", flows);
        // An amount is in lists; it is not the number of a document.
        query.push(" and t.kind not in ('amount', 'currency') order by m.id desc limit 1");
        Ok(self.messages(query).await?.pop())
    }

    /// Whether a file has acknowledged a message of a flow before.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn has_answered(&self, flow: &str, mark: &str) -> Result<bool, Problem> {
        let query = sqlx::query("select 1 from answer where flow = ? and mark = ? limit 1").bind(flow).bind(mark);
        Ok(query.fetch_optional(&self.pool).await?.is_some())
    }

    /// Writes an acknowledgement and a note in the message's history; `false` if it is not new. A person's entry is audited.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn answered(
        &self,
        message: &Message,
        answer: &Answered,
        entry: Option<&AuditEntry>,
        now: DateTime<Utc>,
    ) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        // A person or another document may change it; the same status is not news.
        let update = sqlx::query(
            "update answer set state = ?1, at = ?2, note = ?3, by_message = ?4, mark = coalesce(?5, mark)
             where message = ?6 and (state <> ?1 or note is not ?3 or by_message is not ?4)",
        );
        let update = update.bind(answer.reply.as_str()).bind(stamp(now)).bind(&answer.note);
        let update = update.bind(answer.by_message.map(|id| id.to_string())).bind(&answer.mark).bind(message.id.to_string());
        let news = update.execute(&mut *to).await?.rows_affected() > 0;
        if news {
            let why = answer.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            let by = answer.by_message.map(|id| format!(" by message {}", id.short())).unwrap_or_default();
            let text = match entry {
                Some(entry) => entry.note(),
                None => format!("answered{by}: {}{why}", answer.reply.as_str()),
            };
            event(&mut to, message.id, message.stage, Some(&text), now).await?;
            if let Some(entry) = entry {
                audit::write_down(&mut to, Some(message.id), entry, now).await?;
            }
        }
        commit(to).await?;
        Ok(news)
    }

    /// Documents whose acknowledgement was due before a time, by flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn overdue(&self, now: DateTime<Utc>) -> Result<Vec<Stuck>, Problem> {
        let query = format!("select flow, count(*) as count, min(due) as since from answer where {OPEN} and due <= ? group by flow");
        self.answers(sqlx::query(sqlx::AssertSqlSafe(query)).bind(stamp(now))).await
    }

    /// Documents that partners have refused, by flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn refused(&self) -> Result<Vec<Stuck>, Problem> {
        self.answers(sqlx::query("select flow, count(*) as count, min(at) as since from answer where state = 'refused' group by flow"))
            .await
    }

    async fn answers(&self, query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>) -> Result<Vec<Stuck>, Problem> {
        let rows = query.fetch_all(&self.pool).await?;
        all(&rows, staying)
    }
}
