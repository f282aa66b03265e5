//! Where a message's bytes are stored, and which document was rendered for an outbound message.

use super::{
    message::still_here,
    sql::{Journal, Writing, commit, signed, stamp},
    steps::Until,
};
use crate::model::{Message, Problem};

/// A rendered outbound document.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// File name.
    pub name: String,
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Where the bytes are stored.
    pub stored: String,
    /// The content of the records sent with it, as `model,id` and a digest, if the flow keeps that.
    pub digests: Vec<(String, String)>,
}

/// Writes it; returns the messages that are still as they were read. A message reprocessed meanwhile keeps its stored file.
pub(super) async fn archived<'m>(to: &mut Writing<'_>, messages: &'m [Message]) -> Result<Vec<&'m Message>, Problem> {
    let mut still = Vec::with_capacity(messages.len());
    for message in messages {
        let update = sqlx::query(
            "update message set stored = ?1, moved = ?2, refused = ?3, until = case when ?2 and stage = 'done' then null else until end
             where id = ?4 and stage = ?5 and run = ?6",
        );
        let update = update.bind(&message.stored).bind(message.moved).bind(message.refused).bind(message.id.to_string());
        if update.bind(message.stage.as_str()).bind(message.run).execute(&mut **to).await?.rows_affected() == 1 {
            still.push(message);
        }
    }
    Ok(still)
}

impl Journal {
    /// Writes where the bytes are stored now and whether the partner's side is in order.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn archived(&self, message: &mut Message, stored: &str, moved: bool) -> Result<(), Problem> {
        let archived = Message { stored: stored.to_string(), moved, ..message.clone() };
        self.archived_all(std::slice::from_ref(&archived)).await?;
        *message = archived;
        Ok(())
    }

    /// Writes for many messages, from their own fields, where their bytes are stored and whether the partner's side is in order.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn archived_all(&self, messages: &[Message]) -> Result<(), Problem> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut to = self.begin().await?;
        archived(&mut to, messages).await?;
        commit(to).await
    }

    /// Delays the next try to settle messages that are done; if `firm`, also for a run that a person starts.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn settle_later(&self, messages: &[(&Message, Until)]) -> Result<(), Problem> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut to = self.begin().await?;
        for (message, until) in messages {
            let update = sqlx::query("update message set until = ?, firm = ? where id = ? and stage = 'done' and run = ?");
            let update = update.bind(stamp(until.at)).bind(until.firm).bind(message.id.to_string()).bind(message.run);
            update.execute(&mut *to).await?;
        }
        commit(to).await
    }

    /// Writes the rendered document of an outbound message; it is not validated yet.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn rendered(&self, message: &mut Message, document: Rendered) -> Result<(), Problem> {
        let Rendered { name, path, size, sha256, stored, digests } = document;
        let mut to = self.begin().await?;
        let update = sqlx::query("update message set name = ?, path = ?, size = ?, sha256 = ?, stored = ?, checked = 0 where id = ?");
        let update = update.bind(&name).bind(&path).bind(signed(size)).bind(&sha256).bind(&stored).bind(message.id.to_string());
        update.execute(&mut *to).await?;
        super::sent::note(&mut to, &message.flow, &message.odoo, digests.into_iter()).await?;
        commit(to).await?;
        (message.name, message.path, message.size, message.sha256, message.stored) = (name, path, size, sha256, stored);
        message.checked = false;
        Ok(())
    }

    /// Gives an outbound document another name for sending.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn renamed(&self, message: &mut Message, name: String, path: String) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        still_here(&mut to, message).await?;
        let update = sqlx::query("update message set name = ?, path = ? where id = ?");
        update.bind(&name).bind(&path).bind(message.id.to_string()).execute(&mut *to).await?;
        commit(to).await?;
        (message.name, message.path) = (name, path);
        Ok(())
    }
}
