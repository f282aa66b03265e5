//! What is known about the files on a drop: which are claimed by a message, which are held and why, which contents came before; and
//! which process may poll a drop now.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite};

use super::{
    message::{A_STAGE, stage},
    sql::{CHUNK, Cells, Journal, all, commit, push_list, signed, stamp},
};
use crate::model::{Direction, Message, Problem, Stage};

/// A file that is on a drop because its message has not moved it yet.
#[derive(Debug, Clone)]
pub struct ClaimedFile {
    /// The message's id.
    pub id: String,
    /// Its stage.
    pub stage: Stage,
    /// Bytes when it was received.
    pub size: u64,
    /// Time that the drop reported then.
    pub modified: Option<DateTime<Utc>>,
}

/// A file that is left on a drop, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldFile {
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time reported by the drop.
    pub modified: Option<DateTime<Utc>>,
    /// Code of the reason.
    pub code: String,
    /// The reason, in a sentence.
    pub why: String,
    /// What to do.
    pub hint: Option<String>,
    /// Since when the file is there with this size and time.
    pub since: DateTime<Utc>,
}

/// What the journal knows about some paths and contents of a flow.
#[derive(Debug, Default)]
pub struct KnownFiles {
    /// The latest message of each path that did not fail.
    pub latest: HashMap<String, Message>,
    /// Messages of each content that did not fail, oldest first.
    pub by_content: HashMap<String, Vec<Message>>,
    /// Paths from which a file was ever received.
    pub paths: HashSet<String>,
}

impl Journal {
    /// Files of a flow that its messages of this direction still claim, by path.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn here(&self, flow: &str, direction: Direction) -> Result<HashMap<String, ClaimedFile>, Problem> {
        let rows = sqlx::query(
            "select id, path, stage, size, modified from message where flow = ? and direction = ? and moved = 0 and answers is null order by id",
        );
        let rows = rows.bind(flow).bind(direction.as_str()).fetch_all(&self.pool).await?;
        let here = all(&rows, |row| {
            let cells = Cells::of("message", "id", row);
            let here = ClaimedFile {
                id: cells.get("id")?,
                stage: cells.parsed("stage", A_STAGE, stage)?,
                size: cells.number("size")?,
                modified: cells.maybe_time("modified")?,
            };
            Ok((cells.get("path")?, here))
        })?;
        Ok(here.into_iter().collect())
    }

    /// Files of a flow that are held on the drop, by path.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn holds(&self, flow: &str) -> Result<HashMap<String, HeldFile>, Problem> {
        let rows = sqlx::query("select * from hold where flow = ? order by path").bind(flow);
        let rows = rows.fetch_all(&self.pool).await?;
        let holds = all(&rows, |row| {
            let cells = Cells::of("hold", "path", row);
            let hold = HeldFile {
                path: cells.get("path")?,
                size: cells.number("size")?,
                modified: cells.maybe_time("modified")?,
                code: cells.get("code")?,
                why: cells.get("why")?,
                hint: cells.get("hint")?,
                since: cells.time("since")?,
            };
            Ok((hold.path.clone(), hold))
        })?;
        Ok(holds.into_iter().collect())
    }

    /// Writes what is held now, and deletes what is no longer held.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn hold_files(&self, flow: &str, held: &[HeldFile], gone: &[String]) -> Result<(), Problem> {
        if held.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let mut to = self.begin().await?;
        for path in gone {
            let delete = sqlx::query("delete from hold where flow = ? and path = ?").bind(flow).bind(path);
            delete.execute(&mut *to).await?;
        }
        for hold in held {
            let insert = sqlx::query(
                "insert or replace into hold (flow, path, size, modified, code, why, hint, since) values (?, ?, ?, ?, ?, ?, ?, ?)",
            );
            let insert = insert.bind(flow).bind(&hold.path).bind(signed(hold.size)).bind(hold.modified.map(stamp));
            let insert = insert.bind(&hold.code).bind(&hold.why).bind(&hold.hint).bind(stamp(hold.since));
            insert.execute(&mut *to).await?;
        }
        commit(to).await
    }

    /// What is known about these paths and contents. A message that failed is not counted: its file may be sent again.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn known(&self, flow: &str, paths: &[&str], contents: &[&str]) -> Result<KnownFiles, Problem> {
        let mut known = KnownFiles::default();
        for chunk in paths.chunks(CHUNK) {
            let mut query = of_flow("select * from message where stage <> 'failed' and answers is null and flow = ", flow);
            push_list(&mut query, " and path", chunk);
            query.push(" order by id");
            for message in self.messages(query).await? {
                known.latest.insert(message.path.clone(), message);
            }
            let mut query = of_flow("select distinct path from ledger where flow = ", flow);
            push_list(&mut query, " and path", chunk);
            let rows = query.build().fetch_all(&self.pool).await?;
            known.paths.extend(all(&rows, |row| Cells::of("ledger", "path", row).get::<String>("path"))?);
        }
        for chunk in contents.chunks(CHUNK) {
            let mut query = of_flow("select * from message where stage <> 'failed' and answers is null and flow = ", flow);
            push_list(&mut query, " and sha256", chunk);
            query.push(" order by id");
            for message in self.messages(query).await? {
                known.by_content.entry(message.sha256.clone()).or_default().push(message);
            }
        }
        Ok(known)
    }

    /// Takes or renews a lease until `until`. Of two processes that ask for the same name, one gets it; the other must not touch the
    /// leased drop until the lease has expired.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn lease(&self, name: &str, owner: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, Problem> {
        let take = sqlx::query(
            "insert into lease (name, owner, until) values (?1, ?2, ?3)
             on conflict do update set owner = excluded.owner, until = excluded.until where owner = ?2 or until <= ?4",
        );
        let take = take.bind(name).bind(owner).bind(stamp(until)).bind(stamp(now));
        let mut to = self.begin().await?;
        let taken = take.execute(&mut *to).await?.rows_affected() == 1;
        commit(to).await?;
        Ok(taken)
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn give_lease_back(&self, name: &str, owner: &str) -> Result<(), Problem> {
        let release = sqlx::query("delete from lease where name = ? and owner = ?").bind(name).bind(owner);
        let mut to = self.begin().await?;
        release.execute(&mut *to).await?;
        commit(to).await
    }

    /// Ends every lease: for the one process that writes this journal, which therefore knows that their owners have died.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn end_leases(&self) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        sqlx::query("delete from lease").execute(&mut *to).await?;
        commit(to).await
    }
}

fn of_flow(start: &'static str, flow: &str) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    query.push_bind(flow.to_string());
    query
}
