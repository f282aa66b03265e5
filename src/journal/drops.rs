//! What is known about the files on a drop: which a message still holds, which are held and why, which contents came before; and
//! who may look at a drop now.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{
    Journal, Message, problem,
    query::moment,
    write::{commit, signed, stamp},
};
use crate::model::{Problem, Stage};

/// A file that lies on a drop because its message has not let go of it yet.
#[derive(Debug, Clone)]
pub struct Here {
    /// The message's id.
    pub id: String,
    /// Its stage.
    pub stage: Stage,
    /// Bytes when it was taken.
    pub size: u64,
    /// Time the drop told then.
    pub modified: Option<DateTime<Utc>>,
}

/// A file that is left on a drop, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hold {
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time the drop tells.
    pub modified: Option<DateTime<Utc>>,
    /// Code of the reason.
    pub code: String,
    /// The reason, in a sentence.
    pub why: String,
    /// What to do.
    pub hint: Option<String>,
    /// Since when the file lies there with this size and time.
    pub since: DateTime<Utc>,
}

/// What the journal knows about some paths and contents of a flow.
#[derive(Debug, Default)]
pub struct Known {
    /// The latest message of each path that did not fail.
    pub latest: HashMap<String, Message>,
    /// Messages of each content that did not fail, oldest first.
    pub by_content: HashMap<String, Vec<Message>>,
    /// Paths that a file was ever taken from.
    pub paths: HashSet<String>,
}

/// Values bound to one statement; SQLite allows 32,766.
const CHUNK: usize = 1000;

impl Journal {
    /// Files of a flow that their messages have not let go of, by path.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn here(&self, flow: &str) -> Result<HashMap<String, Here>, Problem> {
        let rows = sqlx::query(
            "select id, path, stage, size, modified from message where flow = ? and moved = 0 and direction = 'in' order by id",
        );
        let rows = rows.bind(flow).fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let here = rows.iter().map(|row| {
            let file = Here {
                id: row.get("id"),
                stage: Stage::parse(&row.get::<String, _>("stage")).unwrap_or(Stage::Failed),
                size: u64::try_from(row.get::<i64, _>("size")).unwrap_or_default(),
                modified: row.get::<Option<String>, _>("modified").map(|at| moment(&at)),
            };
            (row.get::<String, _>("path"), file)
        });
        Ok(here.collect())
    }

    /// Files of a flow that are held on the drop, by path.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn holds(&self, flow: &str) -> Result<HashMap<String, Hold>, Problem> {
        let rows = sqlx::query("select * from hold where flow = ? order by path").bind(flow);
        let rows = rows.fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
        let holds = rows.iter().map(|row| {
            let hold = Hold {
                path: row.get("path"),
                size: u64::try_from(row.get::<i64, _>("size")).unwrap_or_default(),
                modified: row.get::<Option<String>, _>("modified").map(|at| moment(&at)),
                code: row.get("code"),
                why: row.get("why"),
                hint: row.get("hint"),
                since: moment(&row.get::<String, _>("since")),
            };
            (hold.path.clone(), hold)
        });
        Ok(holds.collect())
    }

    /// Writes down what is held now, and forgets what is not any more.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn hold_files(&self, flow: &str, held: &[Hold], gone: &[String]) -> Result<(), Problem> {
        if held.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for path in gone {
            let delete = sqlx::query("delete from hold where flow = ? and path = ?").bind(flow).bind(path);
            delete.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        for hold in held {
            let insert = sqlx::query(
                "insert or replace into hold (flow, path, size, modified, code, why, hint, since) values (?, ?, ?, ?, ?, ?, ?, ?)",
            );
            let insert = insert.bind(flow).bind(&hold.path).bind(signed(hold.size)).bind(hold.modified.map(stamp));
            let insert = insert.bind(&hold.code).bind(&hold.why).bind(&hold.hint).bind(stamp(hold.since));
            insert.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }

    /// What is known about these paths and contents. A message that failed is not counted: its file may be sent again.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn known(&self, flow: &str, paths: &[&str], contents: &[&str]) -> Result<Known, Problem> {
        let mut known = Known::default();
        for chunk in paths.chunks(CHUNK) {
            let mut query = of_flow("select * from message where stage <> 'failed' and flow = ", flow);
            for message in self.messages(listed(&mut query, " and path in (", chunk, ") order by id")).await? {
                known.latest.insert(message.path.clone(), message);
            }
            let mut query = of_flow("select distinct path from ledger where flow = ", flow);
            let mut query = listed(&mut query, " and path in (", chunk, ")");
            let rows = query.build().fetch_all(&self.pool).await.map_err(|error| problem(&error))?;
            known.paths.extend(rows.iter().map(|row| row.get::<String, _>("path")));
        }
        for chunk in contents.chunks(CHUNK) {
            let mut query = of_flow("select * from message where stage <> 'failed' and flow = ", flow);
            for message in self.messages(listed(&mut query, " and sha256 in (", chunk, ") order by id")).await? {
                known.by_content.entry(message.sha256.clone()).or_default().push(message);
            }
        }
        Ok(known)
    }

    /// Takes or renews a lease until `until`. Of two that ask for the same name one gets it; the other must not touch what it stands
    /// for until the lease has run out.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn lease(&self, name: &str, owner: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, Problem> {
        let take = sqlx::query(
            "insert into lease (name, owner, until) values (?1, ?2, ?3)
             on conflict do update set owner = excluded.owner, until = excluded.until where owner = ?2 or until <= ?4",
        );
        let take = take.bind(name).bind(owner).bind(stamp(until)).bind(stamp(now));
        take.execute(&self.pool).await.map(|done| done.rows_affected() == 1).map_err(|error| problem(&error))
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn release(&self, name: &str, owner: &str) -> Result<(), Problem> {
        let release = sqlx::query("delete from lease where name = ? and owner = ?").bind(name).bind(owner);
        release.execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }

    /// Ends every lease: for the one process that writes this journal, which so knows that their owners have died.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn end_leases(&self) -> Result<(), Problem> {
        sqlx::query("delete from lease").execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }
}

fn of_flow(start: &'static str, flow: &str) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    query.push_bind(flow.to_string());
    query
}

fn listed(query: &mut QueryBuilder<Sqlite>, before: &'static str, values: &[&str], after: &'static str) -> QueryBuilder<Sqlite> {
    let mut query = std::mem::replace(query, QueryBuilder::new(""));
    query.push(before);
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind((*value).to_string());
    }
    query.push(after);
    query
}
