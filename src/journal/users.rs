//! Who may sign in to the web page, and who is signed in. Of a session only a digest is kept: who reads the journal cannot use it.

use super::{
    audit::{self, AuditEntry},
    sql::{Cells, Journal, all, commit, stamp},
};
use crate::model::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Someone who may sign in.
#[derive(Clone, Serialize)]
pub struct User {
    /// Name.
    pub name: String,
    /// Role: `viewer`, `operator`, `admin`.
    pub role: String,
    /// Hash of the password.
    #[serde(skip)]
    pub hash: String,
}

/// Someone who is signed in.
#[derive(Clone)]
pub struct UserSession {
    /// Name.
    pub user: String,
    /// What every form of theirs carries.
    pub csrf: String,
    /// When they signed in.
    pub made: DateTime<Utc>,
    /// When they were last seen.
    pub seen: DateTime<Utc>,
}

impl Journal {
    /// Everyone who may sign in, by name.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn users(&self) -> Result<Vec<User>, Problem> {
        let rows = sqlx::query("select name, role, hash from user order by name").fetch_all(&self.pool).await;
        all(&rows?, |row| {
            let cells = Cells::of("user", "name", row);
            Ok(User { name: cells.get("name")?, role: cells.get("role")?, hash: cells.get("hash")? })
        })
    }

    /// Adds someone, or changes role or password. Whoever is signed in under that name is signed out.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn set_user(&self, user: &User, entry: &AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let insert = sqlx::query("insert or replace into user (name, role, hash) values (?, ?, ?)");
        insert.bind(&user.name).bind(&user.role).bind(&user.hash).execute(&mut *to).await?;
        sqlx::query("delete from session where user = ?").bind(&user.name).execute(&mut *to).await?;
        audit::write_down(&mut to, None, entry, now).await?;
        commit(to).await
    }

    /// Removes someone, who is signed out; `false` where there was nobody of that name.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn remove_user(&self, name: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let gone = sqlx::query("delete from user where name = ?").bind(name).execute(&mut *to).await?.rows_affected() > 0;
        sqlx::query("delete from session where user = ?").bind(name).execute(&mut *to).await?;
        if gone {
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(gone)
    }

    /// Changes a role, and nothing else of someone; `false` where there is nobody of that name.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn set_role(&self, name: &str, role: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let update = sqlx::query("update user set role = ? where name = ?").bind(role).bind(name);
        let changed = update.execute(&mut *to).await?.rows_affected() > 0;
        sqlx::query("delete from session where user = ?").bind(name).execute(&mut *to).await?;
        if changed {
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(changed)
    }

    /// Changes the hash of a password, and nothing else of someone, who is signed out; `false` where it is not `before` any more.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn set_hash(&self, name: &str, before: &str, hash: &str, entry: &AuditEntry, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        let update = sqlx::query("update user set hash = ? where name = ? and hash = ?").bind(hash).bind(name).bind(before);
        let changed = update.execute(&mut *to).await?.rows_affected() > 0;
        if changed {
            sqlx::query("delete from session where user = ?").bind(name).execute(&mut *to).await?;
            audit::write_down(&mut to, None, entry, now).await?;
        }
        commit(to).await?;
        Ok(changed)
    }

    /// Someone signs in with the password of `hash`; sessions that ended are cleared. `false` where the password was changed, or the
    /// user removed, while it was looked at.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn sign_in(
        &self,
        digest: &str,
        session: &UserSession,
        hash: &str,
        ended: DateTime<Utc>,
        entry: Option<&AuditEntry>,
    ) -> Result<bool, Problem> {
        let mut to = self.begin().await?;
        sqlx::query("delete from session where seen < ?").bind(stamp(ended)).execute(&mut *to).await?;
        let insert = sqlx::query(
            "insert into session (digest, user, csrf, made, seen) select ?, name, ?, ?, ? from user where name = ? and hash = ?",
        );
        let insert = insert.bind(digest).bind(&session.csrf).bind(stamp(session.made)).bind(stamp(session.seen));
        let made = insert.bind(&session.user).bind(hash).execute(&mut *to).await?.rows_affected() == 1;
        if let Some(entry) = entry.filter(|_| made) {
            audit::write_down(&mut to, None, entry, session.made).await?;
        }
        commit(to).await?;
        Ok(made)
    }

    /// The session with this digest.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn session(&self, digest: &str) -> Result<Option<UserSession>, Problem> {
        let row = sqlx::query("select user, csrf, made, seen from session where digest = ?").bind(digest).fetch_optional(&self.pool).await;
        row?.as_ref()
            .map(|row| {
                let cells = Cells::of("session", "user", row);
                Ok(UserSession { user: cells.get("user")?, csrf: cells.get("csrf")?, made: cells.time("made")?, seen: cells.time("seen")? })
            })
            .transpose()
    }

    /// Someone who is signed in was seen.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn seen(&self, digest: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let update = sqlx::query("update session set seen = ? where digest = ?").bind(stamp(now)).bind(digest);
        let mut to = self.begin().await?;
        update.execute(&mut *to).await?;
        commit(to).await
    }

    /// Someone signs out.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn sign_out(&self, digest: &str) -> Result<(), Problem> {
        let delete = sqlx::query("delete from session where digest = ?").bind(digest);
        let mut to = self.begin().await?;
        delete.execute(&mut *to).await?;
        commit(to).await
    }
}
