//! Tables of the journal, by version, and how a journal is opened: one of an earlier version is copied aside and carried over.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    identity, schema_children, schema_effects, schema_odoos, schema_operations, schema_pauses,
    sql::{Cells, Journal},
};
use crate::model::{Code, Problem, problem::reason};

/// Statements that lead from one version to the next. Never changed once released, only added to.
const VERSIONS: [&[&str]; 10] = [&[
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
], schema_operations::STATEMENTS, schema_operations::ANSWERS_AND_RESTORES, schema_effects::STATEMENTS, schema_odoos::STATEMENTS, schema_children::STATEMENTS, identity::STATEMENTS, schema_pauses::STATEMENTS];

/// What becomes of a journal of an earlier version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It is not opened: whoever asks is not alone with it.
    Refuse,
    /// It is copied aside and carried over. Only for a process that is alone with it.
    CopyAside,
    /// It is carried over: it is a copy itself, of a backup that stays.
    IsACopy,
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(20))
        .foreign_keys(true)
        // 32 MiB: what a page of the web page reads of a journal of a million messages stays at hand.
        .pragma("cache_size", "-32768")
        // What is asked of the journal is nobody's news.
        .disable_statement_logging()
}

/// Where a journal of an earlier version is kept: `journal.v5.sqlite` beside `journal.sqlite`; where one lies there already, of a
/// consign that was gone back from, `journal.v5-2.sqlite`.
fn aside(path: &Path, version: usize) -> PathBuf {
    let name = |number: u32| match number {
        1 => path.with_extension(format!("v{version}.sqlite")),
        number => path.with_extension(format!("v{version}-{number}.sqlite")),
    };
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

impl Journal {
    /// Opens the journal at `path`, made where it is missing.
    ///
    /// # Errors
    /// The file cannot be opened, is not a journal, or is one of another version.
    pub async fn open(path: &Path) -> Result<Self, Problem> {
        Self::open_as(path, Before::Refuse).await
    }

    /// The same, with what becomes of a journal of an earlier version.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub async fn open_as(path: &Path, before: Before) -> Result<Self, Problem> {
        // One connection: SQLite has one writer anyway, and so a transaction never meets another of our own.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(path).create_if_missing(true)).await?;
        let journal = Self { pool };
        journal.carry_over(path, before).await?;
        Ok(journal)
    }

    async fn carry_over(&self, path: &Path, before: Before) -> Result<(), Problem> {
        let row = sqlx::query("pragma user_version").fetch_one(&self.pool).await?;
        let at: usize = Cells::of("journal", "user_version", &row).number("user_version")?;
        if at > VERSIONS.len() {
            let text =
                format!("the journal was written by a newer consign (version {at} of its tables; this one knows {})", VERSIONS.len());
            return Err(Problem::new(Code::Journal, text).hint("use that consign, or another storage folder"));
        }
        match before {
            _ if at == 0 || at == VERSIONS.len() => {}
            Before::Refuse => {
                let text = format!("the journal is of an earlier version ({at} of its tables; this consign writes {})", VERSIONS.len());
                return Err(Problem::new(Code::EarlierJournal, text)
                    .hint("stop any running consign, then run `consign status`: it copies the old journal and upgrades it"));
            }
            Before::CopyAside => self.copy_aside(&aside(path, at)).await?,
            Before::IsACopy => {}
        }
        for (number, statements) in VERSIONS.iter().enumerate().skip(at) {
            let mut transaction = self.pool.begin_with("begin immediate").await?;
            for statement in *statements {
                sqlx::query(*statement).execute(&mut *transaction).await?;
            }
            if number == 3 {
                super::failure_groups::note_old(&mut transaction).await?;
            }
            let version = format!("pragma user_version = {}", number + 1);
            sqlx::query(sqlx::AssertSqlSafe(version)).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Copies the journal as it is to another file, which has its name once it is whole.
    async fn copy_aside(&self, to: &Path) -> Result<(), Problem> {
        let part = to.with_extension("part");
        // Left by one that was broken off; mostly there is none.
        let _ = fs::remove_file(&part);
        let unable = "nothing was changed; the storage folder needs free space for a copy of the journal";
        self.copy_to(&part).await.map_err(|problem| problem.hint(unable))?;
        let folder = to.parent().map(Path::to_path_buf).unwrap_or_default();
        let kept = fs::File::open(&part)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&part, to))
            .and_then(|()| fs::File::open(folder)?.sync_all());
        kept.map_err(|error| {
            Problem::new(Code::Journal, format!("the journal cannot be copied before the upgrade ({})", reason(&error))).hint(unable)
        })?;
        tracing::info!("upgrading the journal; a copy of the old one is {}", to.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

    use super::*;
    use crate::{
        journal::Filter,
        model::{Effect, Outcome, Stage},
    };

    async fn run(connection: &mut SqliteConnection, statement: String) {
        sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .execute(connection)
            .await
            .unwrap_or_else(|error| panic!("{error}: {statement}"));
    }

    /// A message: direction, stage, where it goes on, its steps with their notes.
    type Left<'m> = (&'m str, &'m str, Option<&'m str>, &'m [(&'m str, &'m str)]);

    /// A journal as a consign of an earlier version left it, with these messages.
    async fn left_by(version: usize, path: &Path, messages: &[Left<'_>]) {
        let mut old = options(path).create_if_missing(true).connect().await.expect("a file");
        for statement in VERSIONS[..version].iter().copied().flatten() {
            run(&mut old, (*statement).to_string()).await;
        }
        for (number, (direction, stage, resume, events)) in messages.iter().enumerate() {
            let id = format!("01a22b00-0000-7000-8000-{number:012}");
            let resume = resume.map_or("null".to_string(), |resume| format!("'{resume}'"));
            run(&mut old, format!(
                "insert into message (id, flow, direction, name, path, size, sha256, stage, resume, attempts, stored, reason, received, updated)
                 values ('{id}', 'f', '{direction}', 'n', 'in/n', 1, 'x', '{stage}', {resume}, 1, '', 'C507: no answer', '2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.000Z')"
            )).await;
            for (stage, note) in *events {
                run(
                    &mut old,
                    format!(
                        "insert into event (message, at, stage, note) values ('{id}', '2026-01-02T03:04:05.000Z', '{stage}', '{note}')"
                    ),
                )
                .await;
            }
            // As each try ends.
            run(&mut old, format!("insert into attempt (message, number, at, outcome, problems) values ('{id}', 1, '2026-01-02T03:04:05.000Z', 'waits', '[]')")).await;
        }
        run(&mut old, format!("pragma user_version = {version}")).await;
        old.close().await.expect("closed");
    }

    #[tokio::test]
    async fn a_journal_of_each_version_becomes_one_of_today_and_is_kept_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        for version in 1..=5 {
            let path = dir.path().join(format!("{version}.sqlite"));
            let messages: [Left<'_>; 9] = [
                ("out", "planned", None, &[]),
                ("out", "checked", None, &[("checked", "")]),
                ("out", "waiting", Some("checked"), &[("checked", "")]),
                ("out", "staged", None, &[("received", ""), ("staged", "about to rename")]),
                (
                    "out",
                    "held",
                    Some("staged"),
                    &[("staged", "about to rename"), ("waiting", ""), ("held", ""), ("waiting", ""), ("held", "")],
                ),
                ("out", "staged", None, &[("staged", "about to rename"), ("staged", "not renamed")]),
                ("out", "staged", None, &[("staged", "about to rename"), ("received", "reprocess"), ("staged", "")]),
                ("in", "planned", None, &[("checked", "")]),
                ("in", "held", None, &[]),
            ];
            left_by(version, &path, &messages).await;
            assert_eq!(Journal::open(&path).await.expect_err("not by whoever comes").code, Code::EarlierJournal);
            let journal = Journal::open_as(&path, Before::CopyAside).await.expect("opens");
            let mut all = journal.list(&Filter::of_flow("f")).await.expect("read");
            all.sort_by_key(|message| message.id);
            let seen: Vec<(Stage, Option<Stage>)> = all.iter().map(|message| (message.stage, message.resume)).collect();
            let expected = [
                (Stage::Received, None),
                (Stage::Planned, None),
                (Stage::Waiting, Some(Stage::Planned)),
                (Stage::Staged, None),
                (Stage::Held, Some(Stage::Staged)),
                (Stage::Staged, None),
                (Stage::Staged, None),
                (Stage::Planned, None),
                (Stage::Held, Some(Stage::Received)),
            ];
            assert_eq!(seen, expected, "from version {version}");
            let checked: Vec<bool> = all.iter().map(|message| message.checked).collect();
            assert_eq!(checked, [false, true, true, false, false, false, false, true, false], "from version {version}");
            assert_eq!((all[2].code, all[2].firm, all[8].code), (Some(Code::OdooTimeout), true, Some(Code::OdooTimeout)));
            for (number, message) in all.iter().enumerate() {
                let intents = journal.intents(message).await.expect("read");
                let open = matches!(number, 3 | 4);
                let effect = Effect::Rename { from: None, to: "in/n".into(), place: None };
                assert_eq!(
                    intents.iter().map(|intent| intent.effect.clone()).collect::<Vec<_>>(),
                    vec![effect; usize::from(open)],
                    "{number}"
                );
                assert!(intents.iter().all(|intent| intent.closed.is_none()));
            }
            let stage_counts = journal.stage_counts().await.expect("read");
            let staged = stage_counts.iter().find(|one| one.stage == Stage::Staged).map(|one| one.count);
            assert_eq!((staged, stage_counts.iter().map(|one| one.count).sum::<u64>()), (Some(3), 9), "from version {version}");
            journal.mark_restored(&["despatch-out".into()], chrono::Utc::now()).await.expect("written");
            assert!(journal.awaiting("despatch-out").await.expect("read").is_empty(), "from version {version}");
            journal.close().await;
            let mut kept = options(&path.with_extension(format!("v{version}.sqlite"))).connect().await.expect("the copy opens");
            let row =
                sqlx::query("select count(*) as count from message where stage = 'checked'").fetch_one(&mut kept).await.expect("read");
            assert_eq!(Cells::of("message", "count", &row).number::<u64>("count").expect("read"), 1, "as it was");
        }
    }

    #[tokio::test]
    async fn what_version_6_knew_is_known_of_the_usual_odoo() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal.sqlite");
        left_by(6, &path, &[("out", "staged", None, &[]), ("in", "done", None, &[])]).await;
        let mut old = options(&path).connect().await.expect("a file");
        for statement in [
            "insert into sent (flow, record, message, digest) values ('f', 'stock.picking,7', '01a22b00-0000-7000-8000-000000000000', 'd')",
            "insert into written (model, odoo_id, fields, at) values ('res.partner', 7, '{\"name\": [\"a\"]}', '2026-01-02T03:04:05.000Z')",
            "insert into cursor (flow, at) values ('f', '2026-01-02 03:04:05')",
            "insert into record (message, model, odoo_id, name, change, at) values ('01a22b00-0000-7000-8000-000000000001', 'res.partner', 7, 'a', 'created', '2026-01-02T03:04:05.000Z')",
        ] {
            run(&mut old, statement.into()).await;
        }
        old.close().await.expect("closed");
        let journal = Journal::open_as(&path, Before::CopyAside).await.expect("opens");
        let mut all = journal.list(&Filter::of_flow("f")).await.expect("read");
        all.sort_by_key(|message| message.id);
        assert_eq!(
            all.iter().map(|message| (message.stage, message.odoo.as_str())).collect::<Vec<_>>(),
            [(Stage::Staged, ""), (Stage::Done, "")]
        );
        assert_eq!(journal.claims(all[0].id).await.expect("read"), [("stock.picking".to_string(), 7)]);
        let records = ["stock.picking,7".to_string()];
        assert!(journal.sent("f", "", &records).await.expect("read").contains_key("stock.picking,7"));
        assert!(journal.sent("f", "west", &records).await.expect("read").is_empty());
        assert_eq!(journal.written("", "res.partner", &[7]).await.expect("read").len(), 1);
        assert!(journal.written("west", "res.partner", &[7]).await.expect("read").is_empty());
        assert_eq!(journal.cursor("f", "").await.expect("read").as_deref(), Some("2026-01-02 03:04:05"));
        assert_eq!(journal.cursor("f", "west").await.expect("read"), None);
        let records = journal.records(all[1].id).await.expect("read");
        assert_eq!(records.iter().map(|record| (record.odoo.as_str(), record.id)).collect::<Vec<_>>(), [("", 7)]);
    }

    #[tokio::test]
    async fn what_version_7_was_about_to_do_and_had_counted_is_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal.sqlite");
        left_by(7, &path, &[("out", "staged", None, &[]), ("in", "done", None, &[])]).await;
        let mut old = options(&path).connect().await.expect("a file");
        run(&mut old, "insert into intent (message, run, kind, name, source, place, opened) values ('01a22b00-0000-7000-8000-000000000000', 1, 'rename', 'in/x', 'in/.x', 'sftp', '2026-01-02T03:04:05.000Z')".into()).await;
        old.close().await.expect("closed");
        let journal = Journal::open_as(&path, Before::CopyAside).await.expect("opens");
        let mut all = journal.list(&Filter::of_flow("f")).await.expect("read");
        all.sort_by_key(|message| message.id);
        assert_eq!(
            all.iter().map(|message| (message.stage, message.answers)).collect::<Vec<_>>(),
            [(Stage::Staged, None), (Stage::Done, None)]
        );
        let effects: Vec<Effect> = journal.intents(&all[0]).await.expect("read").into_iter().map(|intent| intent.effect).collect();
        assert_eq!(effects, [Effect::Rename { from: Some("in/.x".into()), to: "in/x".into(), place: Some("sftp".into()) }]);
        journal.advance(&mut all[0], Stage::Applied, None, chrono::Utc::now()).await.expect("written");
        let counts: Vec<(Stage, u64)> =
            journal.stage_counts().await.expect("read").iter().map(|tally| (tally.stage, tally.count)).collect();
        assert_eq!(counts, [(Stage::Applied, 1), (Stage::Done, 1)]);
    }

    #[tokio::test]
    async fn calls_that_version_5_left_open_are_open_unknown_or_took_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal.sqlite");
        left_by(5, &path, &[("in", "waiting", Some("planned"), &[]), ("in", "done", None, &[]), ("in", "discarded", None, &[])]).await;
        let mut old = options(&path).connect().await.expect("a file");
        for (message, run_number, call, ended) in [
            (0, 1, "message_post s.0 res.partner,7", "null"),
            (0, 1, "writing consign x.1", "null"),
            (0, 1, "message_post s.0 res.partner,8", "'2026-01-02T03:04:06.000Z'"),
            (1, 1, "writing consign y.1", "null"),
            (2, 1, "message_post s.0 res.partner,9", "null"),
        ] {
            run(&mut old, format!(
                "insert into intent (message, run, call, at, ended) values ('01a22b00-0000-7000-8000-{message:012}', {run_number}, '{call}', '2026-01-02T03:04:05.000Z', {ended})"
            )).await;
        }
        old.close().await.expect("closed");
        let journal = Journal::open_as(&path, Before::IsACopy).await.expect("opens");
        let mut all = journal.list(&Filter::of_flow("f")).await.expect("read");
        all.sort_by_key(|message| message.id);
        let mut seen = Vec::new();
        for message in &all {
            for intent in journal.intents(message).await.expect("read") {
                seen.push((intent.effect.clone(), intent.outcome()));
            }
        }
        let expected = [
            (Effect::Call("message_post s.0 res.partner,7".into()), None),
            (Effect::Call("message_post s.0 res.partner,8".into()), Some(Outcome::Happened)),
            (Effect::Write("consign x.1".into()), None),
            (Effect::Write("consign y.1".into()), Some(Outcome::Happened)),
            (Effect::Call("message_post s.0 res.partner,9".into()), Some(Outcome::Unknown)),
        ];
        assert_eq!(seen.len(), expected.len(), "{seen:?}");
        assert!(expected.iter().all(|one| seen.contains(one)), "{seen:?}");
    }

    #[tokio::test]
    async fn a_journal_of_a_newer_consign_is_refused_in_a_sentence() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal.sqlite");
        Journal::open(&path).await.expect("opens").close().await;
        let mut newer = options(&path).connect().await.expect("a file");
        run(&mut newer, "pragma user_version = 99".into()).await;
        newer.close().await.expect("closed");
        let problem = Journal::open(&path).await.expect_err("refused");
        assert_eq!(problem.code, Code::Journal);
        assert!(problem.message.contains("a newer consign"), "{problem}");
    }
}
