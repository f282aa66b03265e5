//! Failures, grouped by cause: seventeen files that wait for one product are one line with one fix.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::sql::{Cells, Journal, Writing, all, push_list, stamp};
use crate::model::{Message, MessageId, Problem, fingerprint::fingerprint};

/// Causes stored for one message; further ones show when these are fixed.
const NOTED: usize = 20;

/// One cause and the messages that it blocks.
#[derive(Debug, Clone, Serialize)]
pub struct FailureGroup {
    /// Short name of the cause, the same for every message that it blocks.
    pub cause: String,
    /// Code of its problem.
    pub code: String,
    /// The problem's sentence, from one of the messages.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Who must act.
    pub owner: String,
    /// How many messages it blocks.
    pub messages: u64,
    /// Their flows.
    pub flows: Vec<String>,
    /// Since when the first of them is blocked.
    pub since: DateTime<Utc>,
    /// When the last of them was blocked.
    pub last: DateTime<Utc>,
}

pub(super) async fn forget(to: &mut Writing<'_>, message: MessageId) -> Result<(), Problem> {
    let delete = sqlx::query("delete from trouble where message = ?").bind(message.to_string());
    delete.execute(&mut **to).await?;
    Ok(())
}

pub(super) async fn note(to: &mut Writing<'_>, message: &Message, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
    of(to, message.id, (&message.flow, &message.odoo), problems, now).await
}

async fn of(
    to: &mut Writing<'_>,
    message: MessageId,
    (flow, odoo): (&str, &str),
    problems: &[Problem],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let mut noted = 0;
    for one in problems.iter().filter(|problem| problem.more == 0) {
        if noted == NOTED {
            break;
        }
        let insert = sqlx::query(
            "insert or ignore into trouble (message, cause, flow, code, sentence, hint, who, since) values (?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let insert =
            insert.bind(message.to_string()).bind(fingerprint(one, flow, odoo)).bind(flow).bind(one.code.as_str()).bind(&*one.message);
        let insert = insert.bind(one.hint.as_deref()).bind(one.who.as_str()).bind(stamp(now));
        let done = insert.execute(&mut **to).await?;
        noted += usize::try_from(done.rows_affected()).unwrap_or(0);
    }
    Ok(())
}

/// The causes that block more than one message, only of `flows` if they are given.
pub(super) fn shared(query: &mut QueryBuilder<Sqlite>, flows: &[String]) {
    query.push("select cause from trouble");
    if !flows.is_empty() {
        query.push(" where");
        push_list(query, " flow", flows);
    }
    query.push(" group by cause having count(*) > 1");
}

const GROUPED: &str = "select cause, code, min(sentence) as sentence, min(hint) as hint, who, count(*) as messages,
    group_concat(distinct flow) as flows, min(since) as since, max(since) as last from trouble";

fn trouble(row: &SqliteRow) -> Result<FailureGroup, Problem> {
    let cells = Cells::of("trouble", "cause", row);
    Ok(FailureGroup {
        cause: cells.get("cause")?,
        code: cells.get("code")?,
        sentence: cells.get("sentence")?,
        hint: cells.get("hint")?,
        owner: cells.get("who")?,
        messages: cells.number("messages")?,
        flows: cells.get::<String>("flows")?.split(',').map(str::to_string).collect(),
        since: cells.time("since")?,
        last: cells.time("last")?,
    })
}

impl Journal {
    /// Causes that block messages, those with most messages first; only of `flows` if they are given.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn troubles(&self, flows: &[String], limit: u32) -> Result<Vec<FailureGroup>, Problem> {
        let mut query = QueryBuilder::<Sqlite>::new(GROUPED);
        if !flows.is_empty() {
            query.push(" where");
            push_list(&mut query, " flow", flows);
        }
        query.push(" group by cause order by messages desc, last desc limit ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.pool).await?;
        all(&rows, trouble)
    }

    /// One cause, as long as it blocks messages.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn trouble(&self, cause: &str) -> Result<Option<FailureGroup>, Problem> {
        let mut query = QueryBuilder::<Sqlite>::new(GROUPED);
        query.push(" where cause = ").push_bind(cause.to_string()).push(" group by cause");
        let row = query.build().fetch_optional(&self.pool).await?;
        row.as_ref().map(trouble).transpose()
    }

    /// How many messages share a cause with another, only of `flows` if they are given.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn kept_by_shared_causes(&self, flows: &[String]) -> Result<u64, Problem> {
        let mut query = QueryBuilder::<Sqlite>::new("select count(distinct message) as messages from trouble where cause in (");
        shared(&mut query, flows);
        query.push(")");
        if !flows.is_empty() {
            query.push(" and");
            push_list(&mut query, " flow", flows);
        }
        let row = query.build().fetch_one(&self.pool).await?;
        Cells::of("trouble", "messages", &row).number("messages")
    }
}

/// Writes the causes for the messages of a journal of an earlier version, which has none.
pub(super) async fn note_old(to: &mut Writing<'_>) -> Result<(), Problem> {
    let query = sqlx::query(
        "select m.id, m.flow, m.updated, a.problems from message m join attempt a on a.message = m.id and a.number = m.attempts
         where m.stage in ('failed', 'held', 'waiting')",
    );
    for row in query.fetch_all(&mut **to).await? {
        let cells = Cells::of("message", "id", &row);
        let problems: Vec<Problem> = cells.json("problems")?;
        of(to, cells.message("id")?, (&cells.get::<String>("flow")?, ""), &problems, cells.time("updated")?).await?;
    }
    Ok(())
}
