//! Tables of the journal, by version.

use super::{Journal, problem};
use crate::model::Problem;

/// Statements that lead from one version to the next. Never changed once released, only added to.
const VERSIONS: [&[&str]; 5] = [&[
    "create table message (
        id text primary key, flow text not null, direction text not null, name text not null, path text not null, size integer not null, modified text,
        sha256 text not null, stage text not null, resume text, until text, attempts integer not null default 0, run integer not null default 1,
        stored text not null, moved integer not null default 0, reason text, received text not null, updated text not null) strict",
    "create index message_flow on message (flow, stage)",
    "create index message_content on message (flow, sha256)",
    "create index message_path on message (flow, path)",
    "create table event (message text not null references message (id), at text not null, stage text not null, note text) strict",
    "create index event_message on event (message)",
    "create table attempt (message text not null references message (id), number integer not null, at text not null, outcome text not null, problems text not null) strict",
    "create index attempt_message on attempt (message)",
    "create table record (message text not null references message (id), model text not null, odoo_id integer not null, name text not null, change text not null, at text not null,
        primary key (message, model, odoo_id)) strict, without rowid",
    "create table ledger (flow text not null, path text not null, size integer not null, modified text, sha256 text not null, verdict text not null, message text, at text not null) strict",
    "create index ledger_path on ledger (flow, path)",
    "create table sent (flow text not null, record text not null, message text not null references message (id), primary key (flow, record)) strict, without rowid",
], &[
    "create table hold (flow text not null, path text not null, size integer not null, modified text, code text not null, why text not null, hint text, since text not null,
        primary key (flow, path)) strict, without rowid",
    "create table lease (name text primary key, owner text not null, until text not null) strict, without rowid",
    "create table sequence (flow text primary key, next integer not null) strict, without rowid",
    "create table sequence_free (flow text not null, number integer not null, primary key (flow, number)) strict, without rowid",
    "alter table message add column sequence integer",
    "alter table message add column collected text",
    "create index message_here on message (flow, path) where moved = 0",
    "create index message_uncollected on message (flow) where direction = 'out' and collected is null",
    "update message set collected = updated where direction = 'out' and stage = 'done'",
], &[
    // What we last wrote to a record: a JSON object of its fields.
    "create table written (model text not null, odoo_id integer not null, fields text not null, at text not null, primary key (model, odoo_id)) strict, without rowid",
    "create table intent (message text not null references message (id), run integer not null, call text not null, at text not null, ended text,
        primary key (message, run, call)) strict, without rowid",
    // What a record said when it was sent.
    "alter table sent add column digest text",
    "create table cursor (flow text primary key, at text not null) strict, without rowid",
], super::schema_ops::STATEMENTS, super::schema_ops::ANSWERS_AND_RESTORES];

impl Journal {
    pub(super) async fn migrate(&self) -> Result<(), Problem> {
        let told = |error: sqlx::Error| problem(&error);
        let (at,): (i64,) = sqlx::query_as("pragma user_version").fetch_one(&self.pool).await.map_err(told)?;
        let at = usize::try_from(at).unwrap_or(0);
        if at > VERSIONS.len() {
            return Err(Problem::new(crate::model::Code::Journal, "the journal was written by a newer consign")
                .hint("use that version, or another storage folder"));
        }
        for (number, statements) in VERSIONS.iter().enumerate().skip(at) {
            let mut transaction = self.pool.begin().await.map_err(told)?;
            for statement in *statements {
                sqlx::query(*statement).execute(&mut *transaction).await.map_err(told)?;
            }
            let version = format!("pragma user_version = {}", number + 1);
            sqlx::query(sqlx::AssertSqlSafe(version)).execute(&mut *transaction).await.map_err(told)?;
            transaction.commit().await.map_err(told)?;
            if number == 3 {
                self.note_old_troubles().await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

    use super::*;

    #[tokio::test]
    async fn a_journal_of_each_version_becomes_one_of_today() {
        let dir = tempfile::tempdir().expect("a folder");
        for version in 1..VERSIONS.len() {
            let path = dir.path().join(format!("{version}.sqlite"));
            let mut old = SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.expect("a file");
            for statement in VERSIONS[..version].iter().copied().flatten() {
                sqlx::query(*statement).execute(&mut old).await.expect("carried out");
            }
            let stamp = format!("pragma user_version = {version}");
            sqlx::query(sqlx::AssertSqlSafe(stamp)).execute(&mut old).await.expect("stamped");
            old.close().await.expect("closed");
            let journal = Journal::open(&path).await.expect("opens");
            journal.mark_restored(&["despatch-out".into()], chrono::Utc::now()).await.expect("written");
            assert!(journal.restored("despatch-out").await.expect("read").is_some(), "from version {version}");
            assert!(journal.awaiting("despatch-out").await.expect("read").is_empty(), "from version {version}");
        }
    }
}
