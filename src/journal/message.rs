//! A message as the journal has it, and the queries that work on messages needs.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::sql::{CHUNK, Cells, Journal, Writing, all, push_numbers, stamp};
use crate::model::{Code, Direction, Message, MessageId, Problem, ReprocessOptions, Stage};

/// The problem of a message whose stage or run has changed since it was read.
pub(super) fn moved_meanwhile(message: &Message) -> Problem {
    Problem::new(Code::MessageMoved, format!("message {} has changed in the meantime", message.id.short()))
}

/// A message as it is now.
pub(super) async fn read(to: &mut Writing<'_>, known: &Message) -> Result<Message, Problem> {
    let row = sqlx::query("select * from message where id = ?").bind(known.id.to_string()).fetch_optional(&mut **to).await?;
    row.as_ref().map_or_else(|| Err(moved_meanwhile(known)), message)
}

/// Refuses a message whose stage or run has changed since it was read.
pub(super) async fn still_here(to: &mut Writing<'_>, message: &Message) -> Result<(), Problem> {
    let here = sqlx::query("select 1 from message where id = ? and stage = ? and run = ?");
    let here = here.bind(message.id.to_string()).bind(message.stage.as_str()).bind(message.run);
    match here.fetch_optional(&mut **to).await? {
        Some(_) => Ok(()),
        None => Err(moved_meanwhile(message)),
    }
}

pub(super) fn stage(text: &str) -> Option<Stage> {
    Stage::parse(text)
}

pub(super) const A_STAGE: &str = "a stage";

pub(super) fn message(row: &SqliteRow) -> Result<Message, Problem> {
    let cells = Cells::of("message", "id", row);
    let direction = |text: &str| match text {
        "in" => Some(Direction::In),
        "out" => Some(Direction::Out),
        _ => None,
    };
    Ok(Message {
        id: cells.message("id")?,
        flow: cells.get("flow")?,
        direction: cells.parsed("direction", "a direction", direction)?,
        odoo: cells.get("odoo")?,
        name: cells.get("name")?,
        path: cells.get("path")?,
        size: cells.number("size")?,
        modified: cells.maybe_time("modified")?,
        sha256: cells.get("sha256")?,
        stage: cells.parsed("stage", A_STAGE, stage)?,
        resume: cells.maybe("resume", A_STAGE, stage)?,
        until: cells.maybe_time("until")?,
        firm: cells.get("firm")?,
        attempts: cells.number("attempts")?,
        run: cells.number("run")?,
        stored: cells.get("stored")?,
        moved: cells.get("moved")?,
        code: cells.maybe("code", "a problem code", Code::find)?,
        reason: cells.get("reason")?,
        sequence: cells.get("sequence")?,
        collected: cells.maybe_time("collected")?,
        again: ReprocessOptions { checked: false, as_then: cells.get("as_then")?, overwrite: cells.get("overwrite")? },
        mapping: cells.get("mapping")?,
        checked: cells.get("checked")?,
        rested: cells.get("rested")?,
        edited: cells.get("edited")?,
        parent: cells.maybe_message("parent")?,
        answers: cells.maybe_number("answers")?,
        refused: cells.number("refused")?,
        received: cells.time("received")?,
        updated: cells.time("updated")?,
    })
}

/// Condition: the bytes of a message at rest are not in the folder of its stage.
const UNARCHIVED: &str = "unarchived = 1";

impl Journal {
    pub(super) async fn messages(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Message>, Problem> {
        all(&query.build().fetch_all(&self.pool).await?, message)
    }

    /// Messages of a flow that are not at rest, and those at rest whose file is still in the wrong place, oldest first. Waiting ones
    /// only when they are due; if `eager`, all except those that must wait.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn unfinished(&self, flow: &str, now: DateTime<Utc>, eager: bool) -> Result<Vec<Message>, Problem> {
        // Each part finds its rows by an index: a run must not read a million messages that are done.
        let mut query = QueryBuilder::new("select * from message where id in (select id from message where flow = ");
        query.push_bind(flow.to_string()).push(" and stage in ('received', 'checked', 'planned', 'staged', 'applied')");
        query.push(" union all select id from message where flow = ").push_bind(flow.to_string());
        query.push(" and stage = 'waiting' and (until <= ").push_bind(stamp(now));
        query.push(if eager { " or firm = 0)" } else { ")" });
        for open in ["moved = 0", UNARCHIVED, "refused > 0"] {
            query.push(" union all select id from message where flow = ").push_bind(flow.to_string());
            // The plus keeps SQLite from using the index over stages: nearly all messages are done, and few are unmoved.
            query.push(" and +stage in ('done', 'failed', 'discarded') and ").push(open);
            query.push(" and (+stage <> 'done' or until is null or until <= ").push_bind(stamp(now));
            query.push(if eager { " or firm = 0)" } else { ")" });
        }
        // A document from a zip is as old as the zip, whenever it was unpacked.
        query.push(") order by case when edited = 0 then coalesce(parent, id) else id end, id");
        self.messages(query).await
    }

    /// Flows that have work now.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn pending_flows(&self, now: DateTime<Utc>) -> Result<Vec<String>, Problem> {
        let query = sqlx::query(
            // Acknowledgements that were not started wait for a run of their flow: their server may be down.
            "select flow from message where stage in ('received', 'checked', 'planned', 'staged', 'applied') and answers is null
             union select flow from message where stage = 'waiting' and until <= ?1
             union select flow from message where moved = 0 and +stage = 'done' and until <= ?1
             union select flow from message where stage = 'discarded' and unarchived = 1",
        );
        let rows = query.bind(stamp(now)).fetch_all(&self.pool).await?;
        all(&rows, |row| Cells::of("message", "flow", row).get("flow"))
    }

    /// Whether anything of the same flow that came after a zip has had its effect: asked for each document of the zip, so it must be
    /// cheap.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_behind(&self, flow: &str, zip: MessageId) -> Result<bool, Problem> {
        // The plus keeps SQLite from using that index: the newest rows are few, and nearly all of a flow's messages are done.
        let query = sqlx::query(
            "select 1 from message where id > ?1 and +flow = ?2 and +stage in ('applied', 'done') and answers is null
             and coalesce(parent, id) > ?1 limit 1",
        );
        Ok(query.bind(zip.to_string()).bind(flow).fetch_optional(&self.pool).await?.is_some())
    }

    /// A newer message of the same flow that has written one of these records. An edited copy is as old as its original, and a document
    /// from a zip is as old as the zip; documents of one zip are ordered as in the zip.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn overtaken(&self, message: &Message, model: &str, ids: &[i64]) -> Result<Option<Message>, Problem> {
        const FILE: &str = "coalesce(p.parent, m.parent, m.id)";
        const DOCUMENT: &str = "case when m.edited then m.parent else m.id end";
        let own = sqlx::query(
            "select m.id, coalesce(p.parent, m.parent, m.id) as file from message m left join message p on p.id = m.parent where m.id = ?",
        );
        let file: String = match own.bind(message.id.to_string()).fetch_optional(&self.pool).await? {
            Some(row) => Cells::of("message", "id", &row).get("file")?,
            None => message.id.to_string(),
        };
        let document = message.parent.filter(|_| message.edited).unwrap_or(message.id).to_string();
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::new(
                "select m.* from record r cross join message m on m.id = r.message left join message p on p.id = m.parent where m.flow = ",
            );
            query.push_bind(message.flow.clone()).push(format!(" and ({FILE} > ")).push_bind(file.clone());
            query.push(format!(" or ({FILE} = ")).push_bind(file.clone()).push(format!(" and {DOCUMENT} > ")).push_bind(document.clone());
            query.push(")) and m.id <> ").push_bind(message.id.to_string());
            query.push(" and m.stage in ('applied', 'done') and r.odoo = ").push_bind(message.odoo.clone());
            query.push(" and r.model = ").push_bind(model.to_string());
            push_numbers(&mut query, " and r.odoo_id", chunk);
            query.push(" order by m.id desc limit 1");
            if let Some(found) = self.messages(query).await?.pop() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
