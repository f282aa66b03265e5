//! Acknowledgements that we send to partners: child messages, each for one outcome of its parent.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use super::{
    audit::AuditEntry,
    documents::archived,
    message::message,
    operator_actions::discard,
    receive::{NewMessage, insert},
    sql::{Journal, Writing, all, commit},
};
use crate::model::{Message, Problem, Stage};

impl Journal {
    /// Writes for messages at rest, from their own fields, where their bytes are stored and whether their source is in order, together
    /// with the acknowledgements to send. One that exists already is not made again. One of an earlier outcome that was not sent yet is
    /// discarded. Returns the new acknowledgements.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn archived_and_answered(
        &self,
        messages: &[Message],
        answers: &[NewMessage],
        now: DateTime<Utc>,
    ) -> Result<Vec<Message>, Problem> {
        let mut to = self.begin().await?;
        let still = archived(&mut to, messages).await?;
        let mut new = Vec::new();
        for answer in answers.iter().filter(|answer| still.iter().any(|message| Some(message.id) == answer.parent)) {
            let known = sqlx::query("select 1 from message where parent = ? and answers = ?");
            let known = known.bind(answer.parent.map(|id| id.to_string())).bind(answer.answers);
            if known.fetch_optional(&mut *to).await?.is_none() {
                retire(&mut to, answer, now).await?;
                new.push(insert(&mut to, answer, now).await?);
            }
        }
        commit(to).await?;
        Ok(new)
    }

    /// Whether a newer acknowledgement of the same flow was sent under the name of this one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_answered_later(&self, answer: &Message) -> Result<bool, Problem> {
        let query = sqlx::query(
            "select 1 from message where flow = ? and path = ? and answers is not null and id > ? and stage in ('applied', 'done') limit 1",
        );
        let query = query.bind(&answer.flow).bind(&answer.path).bind(answer.id.to_string());
        Ok(query.fetch_optional(&self.pool).await?.is_some())
    }
}

/// Discards the acknowledgements of earlier outcomes that were not sent yet.
async fn retire(to: &mut Writing<'_>, answer: &NewMessage, now: DateTime<Utc>) -> Result<(), Problem> {
    let mut query = QueryBuilder::new("select * from message where answers is not null and parent = ");
    query.push_bind(answer.parent.map(|id| id.to_string()));
    let earlier = all(&query.build().fetch_all(&mut **to).await?, message)?;
    let ends = |message: &Message| message.pipeline().allows(message.stage, Stage::Discarded) && message.resume != Some(Stage::Applied);
    for mut old in earlier.into_iter().filter(ends) {
        let entry = AuditEntry {
            reason: Some("the message that it acknowledges has another outcome now".into()),
            ..AuditEntry::new("consign", "discard")
        };
        discard(to, &mut old, &entry, now).await?;
    }
    Ok(())
}
