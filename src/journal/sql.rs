//! The base of this module, below all its other files: the connection, transactions, and rows that are read column by column.
//!
//! **Invariant:** a value that is not what its column holds is an error with table, column and row, never a default.

use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Decode, QueryBuilder, Row as _, Sqlite, SqlitePool, Transaction, Type, sqlite::SqliteRow};

use crate::{
    failpoints::{self, Failure, Outside},
    model::{Code, MessageId, Problem, problem::cut},
};

/// The journal of one workspace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    pub(super) pool: SqlitePool,
}

/// An open transaction; dropped before [`commit`], it is rolled back.
pub(super) type Writing<'j> = Transaction<'j, Sqlite>;

/// Values bound to one statement; SQLite allows 32,766.
pub(super) const CHUNK: usize = 1000;

impl Journal {
    /// Begins to write. It waits here for another writer, so that nothing is refused half-way.
    pub(super) async fn begin(&self) -> Result<Writing<'_>, Problem> {
        step("before write")?;
        Ok(self.pool.begin_with("begin immediate").await?)
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Commits a transaction: what it wrote is on disk.
pub(super) async fn commit(transaction: Writing<'_>) -> Result<(), Problem> {
    transaction.commit().await?;
    step("after write")
}

/// A write that a test can make fail.
fn step(what: &str) -> Result<(), Problem> {
    failpoints::step(Outside::Journal, what).map_err(|failure| {
        let code = if failure == Failure::Full { Code::DiskFull } else { Code::Journal };
        Problem::new(code, failpoints::sentence(what))
    })
}

/// Turns SQLite's errors into problems; the only place in this module that does so.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_FULL (sqlite.org/rescode.html).
        const FULL: &str = "13";
        let (code, message) = match &error {
            sqlx::Error::Database(inner) if inner.code().is_some_and(|code| code == FULL) => {
                (Code::DiskFull, "the journal's disk is full".to_string())
            }
            sqlx::Error::Database(inner) => (Code::Journal, format!("the journal database reports an error: {}", inner.message())),
            sqlx::Error::Io(inner) => (Code::Journal, format!("the journal file cannot be used: {}", inner.kind())),
            _ => (Code::Journal, "the journal cannot be used".to_string()),
        };
        Self::new(code, message)
            .hint("check the disk and the permissions of the storage folder; consign cannot work without the journal")
            .because(error)
    }
}

/// A moment as stored: RFC 3339 in UTC, to the millisecond, so that text sorts as time.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A count as stored.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A row of a table, read column by column.
pub(super) struct Cells<'r> {
    table: &'static str,
    key: &'static str,
    row: &'r SqliteRow,
}

impl<'r> Cells<'r> {
    /// A row of a table; the column `key` names the row to people.
    pub(super) fn of(table: &'static str, key: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, key, row }
    }

    /// The value of a column.
    pub(super) fn get<T>(&self, column: &'static str) -> Result<T, Problem>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
        &'static str: ColumnIndex<SqliteRow>,
    {
        self.row.try_get(column).map_err(|error| self.broken(column, "a value of another kind").because(error))
    }

    /// Text that is parsed into a value.
    pub(super) fn parsed<T>(&self, column: &'static str, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        let text: String = self.get(column)?;
        parse(&text).ok_or_else(|| self.broken(column, &format!("`{}`, which is not {what}", cut(&text))))
    }

    /// The same if the column may be null.
    pub(super) fn maybe<T>(&self, column: &'static str, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        match self.get::<Option<String>>(column)? {
            None => Ok(None),
            Some(_) => self.parsed(column, what, parse).map(Some),
        }
    }

    /// A moment.
    pub(super) fn time(&self, column: &'static str) -> Result<DateTime<Utc>, Problem> {
        self.parsed(column, A_TIME, moment)
    }

    /// A moment, if there is one.
    pub(super) fn maybe_time(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        self.maybe(column, A_TIME, moment)
    }

    /// A number in the range of its type.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, Problem> {
        let number: i64 = self.get(column)?;
        T::try_from(number).map_err(|_| self.broken(column, &format!("{number}, which is out of range")))
    }

    /// The same, if the column may be null.
    pub(super) fn maybe_number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, Problem> {
        match self.get::<Option<i64>>(column)? {
            None => Ok(None),
            Some(_) => self.number(column).map(Some),
        }
    }

    /// A message's id.
    pub(super) fn message(&self, column: &'static str) -> Result<MessageId, Problem> {
        self.parsed(column, AN_ID, |text| text.parse().ok())
    }

    /// A message's id, if there is one.
    pub(super) fn maybe_message(&self, column: &'static str) -> Result<Option<MessageId>, Problem> {
        self.maybe(column, AN_ID, |text| text.parse().ok())
    }

    /// Data stored as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Problem> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.broken(column, "data that cannot be read").because(error))
    }

    fn broken(&self, column: &str, has: &str) -> Problem {
        let key =
            self.row.try_get::<String, _>(self.key).or_else(|_| self.row.try_get::<i64, _>(self.key).map(|number| number.to_string()));
        let row = key.map_or_else(|_| "?".to_string(), |key| cut(&key));
        Problem::new(Code::JournalRow, format!("the table `{}` has in column `{column}` of row {row} {has}", self.table))
            .hint("restore a backup, or ask for help with a copy of the journal")
    }
}

const A_TIME: &str = "a time";
const AN_ID: &str = "the id of a message";

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok()
}

/// Appends ` COLUMN in (…)` to a query.
pub(super) fn push_list<T: Display>(query: &mut QueryBuilder<Sqlite>, before: &'static str, values: impl IntoIterator<Item = T>) {
    query.push(before).push(" in (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value.to_string());
    }
    query.push(")");
}

/// The same with numbers.
pub(super) fn push_numbers(query: &mut QueryBuilder<Sqlite>, before: &'static str, values: &[i64]) {
    query.push(before).push(" in (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(*value);
    }
    query.push(")");
}

/// Every row in its order, or the first that cannot be read.
pub(super) fn all<T>(rows: &[SqliteRow], read: impl Fn(&SqliteRow) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Filter, NewMessage},
        model::Direction,
    };

    #[tokio::test]
    async fn a_value_that_is_not_what_its_column_holds_is_an_error_with_its_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&dir.path().join("journal.sqlite")).await.expect("opens");
        let message = journal.receive(&NewMessage::of("f", Direction::In, ""), Utc::now()).await.expect("written");
        for (column, value, was) in [
            ("direction", "'sideways'", "'in'"),
            ("stage", "'nowhere'", "'received'"),
            ("resume", "'later'", "null"),
            ("until", "'soon'", "null"),
            ("size", "-1", "0"),
            ("attempts", "-1", "0"),
            ("run", "-7", "1"),
            ("code", "'C000'", "null"),
            ("parent", "'nobody'", "null"),
            ("received", "'yesterday'", "'2026-01-02T03:04:05.000Z'"),
        ] {
            let set = |value: &str| sqlx::AssertSqlSafe(format!("update message set {column} = {value}"));
            sqlx::query(set(value)).execute(&journal.pool).await.expect("written");
            let problem = journal.list(&Filter::of_flow("f")).await.expect_err(column);
            assert_eq!(problem.code, Code::JournalRow, "{problem}");
            for part in ["`message`", &format!("`{column}`"), &message.id.to_string()] {
                assert!(problem.message.contains(part), "{column}: {problem}");
            }
            sqlx::query(set(was)).execute(&journal.pool).await.expect("written");
        }
        sqlx::query("pragma foreign_keys = off").execute(&journal.pool).await.expect("set");
        sqlx::query("update message set id = 'x'").execute(&journal.pool).await.expect("written");
        assert_eq!(journal.list(&Filter::of_flow("f")).await.expect_err("no new id is made up").code, Code::JournalRow);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_refusals_and_keeps_what_sqlite_said() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&dir.path().join("journal.sqlite")).await.expect("opens");
        sqlx::query("pragma max_page_count = 1").execute(&journal.pool).await.expect("set");
        let mut refused = None;
        for _ in 0..200 {
            refused = journal.receive(&NewMessage::of("f", Direction::In, ""), Utc::now()).await.err();
            if refused.is_some() {
                break;
            }
        }
        let refused = refused.expect("no page is left");
        assert_eq!(refused.code, Code::DiskFull, "{refused}");
        assert!(refused.causes().contains("full"), "{}", refused.causes());
        let other = Problem::from(sqlx::query("select nothing from nowhere").execute(&journal.pool).await.expect_err("no such table"));
        assert_eq!(other.code, Code::Journal);
    }
}
