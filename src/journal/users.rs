//! Who may sign in to the web page, and who is signed in. Only a digest of a session is stored: a reader of the journal cannot use it.

use super::{
    audit::{self, AuditEntry},
    sql::{Cells, Journal, all, commit, stamp},
};
use crate::model::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A user who may sign in.
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

/// A user who is signed in.
#[derive(Clone)]
pub struct UserSession {
    /// Name.
    pub user: String,
    /// The CSRF token of every form in the session.
    pub csrf: String,
    /// When they signed in.
    pub made: DateTime<Utc>,
    /// When they were last seen.
    pub seen: DateTime<Utc>,
}

impl Journal {
    /// All users, by name.
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

    /// Adds a user, or changes role or password. The user's sessions end.
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

    /// Removes a user and ends the sessions; `false` if there was no user of that name.
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

    /// Changes only the role of a user; `false` if there is no user of that name.
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

    /// Changes only the password hash of a user and ends the sessions; `false` if the hash is no longer `before`.
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

    /// Signs a user in whose password has this `hash`; expired sessions are deleted. `false` if the password was changed, or the user
    /// removed, during the check.
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

    /// Writes when a session was last used.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn seen(&self, digest: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let update = sqlx::query("update session set seen = ? where digest = ?").bind(stamp(now)).bind(digest);
        let mut to = self.begin().await?;
        update.execute(&mut *to).await?;
        commit(to).await
    }

    /// Signs a user out.
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
