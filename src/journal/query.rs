//! What is asked: messages by id, path, content and stage; their history; figures for the overview.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{Journal, Message, problem, write::stamp};
use crate::model::{Again, Direction, MessageId, Problem, Stage};

/// One step of a message.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Stage reached.
    pub stage: String,
    /// Why, where there is more to say.
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

/// A record of Odoo that a message touched.
#[derive(Debug, Clone, Serialize)]
pub struct RecordRow {
    /// Model.
    pub model: String,
    /// Database id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// created, updated or unchanged.
    pub change: String,
}

/// A file that was seen on a drop.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerRow {
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: String,
    /// Verdict.
    pub verdict: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Messages of a flow at a stage.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// Flow.
    pub flow: String,
    /// Stage.
    pub stage: Stage,
    /// How many.
    pub count: u64,
    /// When one of them last changed.
    pub last: DateTime<Utc>,
}

pub(super) fn row(row: &SqliteRow) -> Message {
    let text = |name: &str| row.try_get::<String, _>(name).unwrap_or_default();
    let maybe = |name: &str| row.try_get::<Option<String>, _>(name).ok().flatten();
    let number = |name: &str| row.try_get::<i64, _>(name).unwrap_or_default();
    Message {
        id: MessageId::from_str(&text("id")).unwrap_or_default(),
        flow: text("flow"),
        direction: if text("direction") == "out" { Direction::Out } else { Direction::In },
        name: text("name"),
        path: text("path"),
        size: u64::try_from(number("size")).unwrap_or_default(),
        modified: maybe("modified").map(|at| moment(&at)),
        sha256: text("sha256"),
        stage: Stage::parse(&text("stage")).unwrap_or(Stage::Failed),
        resume: maybe("resume").and_then(|stage| Stage::parse(&stage)),
        until: maybe("until").map(|at| moment(&at)),
        attempts: u32::try_from(number("attempts")).unwrap_or_default(),
        run: u32::try_from(number("run")).unwrap_or(1),
        stored: text("stored"),
        moved: number("moved") != 0,
        reason: maybe("reason"),
        sequence: row.try_get::<Option<i64>, _>("sequence").ok().flatten(),
        collected: maybe("collected").map(|at| moment(&at)),
        again: Again { checked: false, as_then: number("as_then") != 0, overwrite: number("overwrite") != 0 },
        mapping: maybe("mapping"),
        edited: number("edited") != 0,
        parent: maybe("parent").and_then(|id| MessageId::from_str(&id).ok()),
        received: moment(&text("received")),
        updated: moment(&text("updated")),
    }
}

pub(super) fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).unwrap_or_default()
}

/// The bytes of a message at rest do not lie on its shelf.
const UNSHELVED: &str = "unshelved = 1";

fn ledger_row(row: &SqliteRow) -> LedgerRow {
    LedgerRow {
        path: row.get("path"),
        size: u64::try_from(row.get::<i64, _>("size")).unwrap_or_default(),
        sha256: row.get("sha256"),
        verdict: row.get("verdict"),
        at: moment(&row.get::<String, _>("at")),
    }
}

impl Journal {
    pub(super) async fn messages(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Message>, Problem> {
        let rows = query.build().fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(rows.iter().map(row).collect())
    }

    /// Messages of a flow that are not at rest, and those at rest whose file still lies in the wrong place, oldest first. Waiting
    /// ones only when their time has come; when `eager`, all but those that wait for an answer of Odoo's that did not come.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn unfinished(&self, flow: &str, now: DateTime<Utc>, eager: bool) -> Result<Vec<Message>, Problem> {
        // Each part finds its rows by an index: a run must not read a million messages that are done.
        let mut query = QueryBuilder::new("select * from message where id in (select id from message where flow = ");
        query.push_bind(flow.to_string()).push(" and stage in ('received', 'checked', 'planned', 'staged', 'applied')");
        query.push(" union all select id from message where flow = ").push_bind(flow.to_string());
        query.push(" and stage = 'waiting' and (until <= ").push_bind(stamp(now));
        query.push(if eager { " or reason not like 'C507%')" } else { ")" });
        for shelf in ["moved = 0", UNSHELVED] {
            query.push(" union all select id from message where flow = ").push_bind(flow.to_string());
            // With a plus the stage is not what is looked up by: nearly all messages are done, and few are unmoved.
            query.push(" and +stage in ('done', 'failed', 'discarded') and ").push(shelf);
        }
        // What came in a zip is as old as the zip, whenever it was unpacked.
        query.push(") order by case when edited = 0 then coalesce(parent, id) else id end, id");
        self.messages(query).await
    }

    /// Flows that have something to go on with now.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn pending_flows(&self, now: DateTime<Utc>) -> Result<Vec<String>, Problem> {
        let query = sqlx::query(
            "select flow from message where stage in ('received', 'checked', 'planned', 'staged', 'applied')
             union select flow from message where stage = 'waiting' and until <= ?
             union select flow from message where stage = 'discarded' and unshelved = 1",
        );
        let rows = query.bind(stamp(now)).fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(rows.iter().filter_map(|row| row.try_get("flow").ok()).collect())
    }

    /// Whether anything of the same flow that came after a zip has had its effect: asked for each document of it, so that it must be
    /// cheap.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_behind(&self, flow: &str, zip: MessageId) -> Result<bool, Problem> {
        // With a plus it is not looked up by: the newest rows are few, and those of a flow that are done are nearly all.
        let query = sqlx::query(
            "select 1 from message where id > ?1 and +flow = ?2 and +stage in ('applied', 'done') and coalesce(parent, id) > ?1 limit 1",
        );
        let row = query.bind(zip.to_string()).bind(flow).fetch_optional(&self.pool).await;
        Ok(row.map_err(|error| problem(&error))?.is_some())
    }

    /// A younger message of the same flow that has written one of these records. An edited copy says what its original said, and a
    /// document what its zip brought: each is as old as the file that it came of, and documents of one zip are as they stand in it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn overtaken(&self, message: &Message, model: &str, ids: &[i64]) -> Result<Option<Message>, Problem> {
        const FILE: &str = "coalesce(p.parent, m.parent, m.id)";
        const DOCUMENT: &str = "case when m.edited then m.parent else m.id end";
        let own = sqlx::query(
            "select coalesce(p.parent, m.parent, m.id) as file from message m left join message p on p.id = m.parent where m.id = ?",
        );
        let own = own.bind(message.id.to_string()).fetch_optional(&self.pool).await.map_err(|error| problem(&error))?;
        let file = own.map_or_else(|| message.id.to_string(), |row| row.get("file"));
        let document = message.parent.filter(|_| message.edited).unwrap_or(message.id).to_string();
        for chunk in ids.chunks(1000) {
            let mut query = QueryBuilder::new(
                "select m.* from record r cross join message m on m.id = r.message left join message p on p.id = m.parent where m.flow = ",
            );
            query.push_bind(message.flow.clone()).push(format!(" and ({FILE} > ")).push_bind(file.clone());
            query.push(format!(" or ({FILE} = ")).push_bind(file.clone()).push(format!(" and {DOCUMENT} > ")).push_bind(document.clone());
            query.push(")) and m.id <> ").push_bind(message.id.to_string());
            query.push(" and m.stage in ('applied', 'done') and r.model = ").push_bind(model.to_string()).push(" and r.odoo_id in (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(*id);
            }
            query.push(") order by m.id desc limit 1");
            if let Some(found) = self.messages(query).await?.pop() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Records whose sending a message is, as `model,id`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn claims(&self, message: MessageId) -> Result<Vec<String>, Problem> {
        let rows = sqlx::query("select record from sent where message = ?")
            .bind(message.to_string())
            .fetch_all(&self.pool)
            .await
            .map_err(|error| problem(&error))?;
        Ok(rows.iter().filter_map(|row| row.try_get("record").ok()).collect())
    }

    /// The steps of a message, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn events(&self, message: MessageId) -> Result<Vec<Event>, Problem> {
        let rows = sqlx::query("select at, stage, note from event where message = ? order by rowid")
            .bind(message.to_string())
            .fetch_all(&self.pool)
            .await
            .map_err(|error| problem(&error))?;
        let event = |row: &SqliteRow| Event { at: moment(&row.get::<String, _>("at")), stage: row.get("stage"), note: row.get("note") };
        Ok(rows.iter().map(event).collect())
    }

    /// The tries of a message, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn attempts(&self, message: MessageId) -> Result<Vec<Attempt>, Problem> {
        let rows =
            sqlx::query("select number, at, outcome, problems from attempt where message = ? order by number").bind(message.to_string());
        let rows = rows.fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let attempt = |row: &SqliteRow| Attempt {
            number: u32::try_from(row.get::<i64, _>("number")).unwrap_or_default(),
            at: moment(&row.get::<String, _>("at")),
            outcome: row.get("outcome"),
            problems: serde_json::from_str(&row.get::<String, _>("problems")).unwrap_or_default(),
        };
        Ok(rows.iter().map(attempt).collect())
    }

    /// The Odoo records of a message.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn records(&self, message: MessageId) -> Result<Vec<RecordRow>, Problem> {
        let rows = sqlx::query("select model, odoo_id, name, change from record where message = ? order by model, odoo_id")
            .bind(message.to_string());
        let rows = rows.fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        Ok(rows
            .iter()
            .map(|row| RecordRow { model: row.get("model"), id: row.get("odoo_id"), name: row.get("name"), change: row.get("change") })
            .collect())
    }

    /// What the ledger said when a message's file was seen.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn arrival(&self, message: MessageId) -> Result<Option<LedgerRow>, Problem> {
        let row = sqlx::query("select * from ledger where message = ? order by rowid limit 1").bind(message.to_string());
        Ok(row.fetch_optional(&self.pool).await.map_err(|error| problem(&error))?.as_ref().map(ledger_row))
    }

    /// What the ledger has about a flow's files, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn ledger(&self, flow: &str) -> Result<Vec<LedgerRow>, Problem> {
        let rows = sqlx::query("select * from ledger where flow = ? order by rowid")
            .bind(flow)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| problem(&error))?;
        Ok(rows.iter().map(ledger_row).collect())
    }

    /// Counts by flow and stage.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn tallies(&self) -> Result<Vec<Tally>, Problem> {
        let rows = sqlx::query("select flow, stage, count, last from tally where count > 0 order by flow").fetch_all(&self.pool).await;
        let tally = |row: &SqliteRow| {
            Some(Tally {
                flow: row.get("flow"),
                stage: Stage::parse(&row.get::<String, _>("stage"))?,
                count: u64::try_from(row.get::<i64, _>("count")).unwrap_or_default(),
                last: moment(&row.get::<String, _>("last")),
            })
        };
        Ok(rows.map_err(|error| problem(&error))?.iter().filter_map(tally).collect())
    }
}
