//! Every file ever seen on a drop, with its verdict.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::sql::{Cells, Journal, Writing, all, signed, stamp};
use crate::model::{MessageId, Problem};

/// The ledger's verdict on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// Never seen.
    New,
    /// Same name, other content.
    NewContent,
    /// Same name, same content.
    Duplicate,
    /// Other name, same content.
    SameContent,
}

impl Novelty {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::NewContent => "new content",
            Self::Duplicate => "duplicate",
            Self::SameContent => "same content",
        }
    }
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

/// A file as it was seen.
pub(super) struct Seen<'f> {
    pub(super) flow: &'f str,
    pub(super) path: &'f str,
    pub(super) size: u64,
    pub(super) modified: Option<DateTime<Utc>>,
    pub(super) sha256: &'f str,
    pub(super) verdict: Novelty,
    pub(super) message: MessageId,
}

pub(super) async fn seen(to: &mut Writing<'_>, file: &Seen<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
    let insert =
        sqlx::query("insert into ledger (flow, path, size, modified, sha256, verdict, message, at) values (?, ?, ?, ?, ?, ?, ?, ?)");
    let insert = insert.bind(file.flow).bind(file.path).bind(signed(file.size)).bind(file.modified.map(stamp)).bind(file.sha256);
    insert.bind(file.verdict.as_str()).bind(file.message.to_string()).bind(stamp(now)).execute(&mut **to).await?;
    Ok(())
}

fn ledger_row(row: &SqliteRow) -> Result<LedgerRow, Problem> {
    let cells = Cells::of("ledger", "number", row);
    Ok(LedgerRow {
        path: cells.get("path")?,
        size: cells.number("size")?,
        sha256: cells.get("sha256")?,
        verdict: cells.get("verdict")?,
        at: cells.time("at")?,
    })
}

impl Journal {
    /// The ledger's entry from when a message's file was seen.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn arrival(&self, message: MessageId) -> Result<Option<LedgerRow>, Problem> {
        let query = sqlx::query("select *, rowid as number from ledger where message = ? order by rowid limit 1").bind(message.to_string());
        query.fetch_optional(&self.pool).await?.as_ref().map(ledger_row).transpose()
    }

    /// The ledger's entries for a flow's files, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn ledger(&self, flow: &str) -> Result<Vec<LedgerRow>, Problem> {
        let query = sqlx::query("select *, rowid as number from ledger where flow = ? order by rowid").bind(flow);
        all(&query.fetch_all(&self.pool).await?, ledger_row)
    }
}
