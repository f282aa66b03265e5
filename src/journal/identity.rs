//! Which journal this is, and how far it has come: with it, consign recognises an earlier copy in the journal's place.

use std::path::Path;

use super::sql::{Cells, Journal, Writing};
use crate::model::{Mark, Problem};

/// Since version 9 a journal has a name and a number.
pub(super) const STATEMENTS: &[&str] = &[
    "create table identity (journal text primary key, number integer not null) strict, without rowid",
    "insert into identity (journal, number) values (lower(hex(randomblob(16))), 0)",
];

impl Journal {
    /// Whether there is a journal at `path`: a file that SQLite has written, or its log.
    pub fn is_there(path: &Path) -> bool {
        let has_bytes = |path: &Path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
        let log = path.with_file_name(format!("{}-wal", path.file_name().unwrap_or_default().to_string_lossy()));
        // A log without its file is useless.
        has_bytes(path) || path.exists() && has_bytes(&log)
    }

    /// Which journal this is, and how far it has come.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn mark(&self) -> Result<Mark, Problem> {
        let row = sqlx::query("select journal, number from identity").fetch_one(&self.pool).await?;
        let cells = Cells::of("identity", "journal", &row);
        Ok(Mark { journal: cells.get("journal")?, number: cells.number("number")? })
    }
}

/// Counts on: a message is received, or an effect is about to take place.
pub(super) async fn counts(to: &mut Writing<'_>) -> Result<(), Problem> {
    sqlx::query("update identity set number = number + 1").execute(&mut **to).await?;
    Ok(())
}
