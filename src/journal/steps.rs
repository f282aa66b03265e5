//! How a message moves: each call is one transaction, so that stage, attempt, reason and what troubles it never disagree.

use chrono::{DateTime, Utc};
use sqlx::{Sqlite, Transaction};

use super::{
    Journal, Message, one_line, problem,
    sequence::give_back,
    troubles,
    write::{commit, stamp},
};
use crate::model::{MessageId, Problem, Problems, Stage, codes};

/// A step that a message is to take.
#[derive(Default)]
struct Step<'s> {
    resume: Option<Stage>,
    until: Option<DateTime<Utc>>,
    note: Option<&'s str>,
    /// Ends a try: its outcome and what was wrong.
    tried: Option<(&'static str, &'s Problems)>,
}

impl Journal {
    /// Moves a message on.
    ///
    /// # Errors
    /// The step is not one the message can take, or the journal cannot be written.
    pub async fn advance(&self, message: &mut Message, to: Stage, note: Option<&str>, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, to, Step { note, ..Step::default() }, now).await
    }

    /// Writes a remark down beside a message's present stage.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn remark(&self, message: &Message, note: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        event(&mut transaction, message.id, message.stage, Some(note), now).await?;
        commit(transaction).await
    }

    /// Lets a message wait until `until` and go on from where it is.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn wait(&self, message: &mut Message, until: DateTime<Utc>, problems: &Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        let resume = Some(message.stage);
        let step = Step { resume, until: Some(until), tried: Some(("waits", problems)), ..Step::default() };
        self.step(message, Stage::Waiting, step, now).await
    }

    /// Ends a message with what is wrong with it.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn fail(&self, message: &mut Message, problems: &Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Failed, Step { tried: Some(("failed", problems)), ..Step::default() }, now).await
    }

    /// Holds a message until a person decides.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold(&self, message: &mut Message, problems: Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Held, Step { tried: Some(("held", &problems)), ..Step::default() }, now).await
    }

    /// Ends a message for good, whatever it was to do: a person has decided that nothing more is done with it.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn discard(&self, message: &mut Message, note: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Discarded, Step { note: Some(note), ..Step::default() }, now).await
    }

    /// Writes down that a try succeeded.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn succeeded(&self, message: &mut Message, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        let id = message.id.to_string();
        attempt(&mut transaction, message.id, message.attempts + 1, "done", &Problems::new(), now).await?;
        let update = sqlx::query("update message set attempts = attempts + 1, reason = null where id = ?").bind(id);
        update.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        commit(transaction).await?;
        message.attempts += 1;
        message.reason = None;
        Ok(())
    }

    /// Starts a message again from its original bytes; the effect gets a new mark. One that waits goes on from where it is, now: its
    /// effect may be there already, and must be found under the same mark.
    ///
    /// # Errors
    /// The message is under way, or the journal cannot be written.
    pub async fn restart(&self, message: &mut Message, note: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        if let (Stage::Waiting, Some(resume)) = (message.stage, message.resume) {
            return self.step(message, resume, Step { note: Some(note), ..Step::default() }, now).await;
        }
        if !message.stage.may_become(Stage::Received, message.direction) {
            return Err(Problem::new(codes::STAGE, format!("message {} is {}: it is being worked on", message.id.short(), message.stage)));
        }
        // The run is raised first: killed in between, the message rests as before, and a higher run means nothing by itself.
        let update = sqlx::query("update message set run = run + 1 where id = ?").bind(message.id.to_string());
        update.execute(&self.pool).await.map_err(|error| problem(&error))?;
        message.run += 1;
        self.step(message, Stage::Received, Step { note: Some(note), ..Step::default() }, now).await
    }

    async fn step(&self, message: &mut Message, to: Stage, step: Step<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
        let Step { resume, until, note, tried } = step;
        if !message.stage.may_become(to, message.direction) {
            return Err(Problem::new(codes::STAGE, format!("message {} is {} and cannot become {to}", message.id.short(), message.stage)));
        }
        let (attempts, reason) = match (tried, to) {
            (Some((_, problems)), _) => (message.attempts + 1, one_line(problems)),
            // Begun anew, it has nothing wrong with it yet.
            (None, Stage::Received) => (message.attempts, None),
            (None, _) => (message.attempts, message.reason.clone()),
        };
        let mut transaction = self.begin().await?;
        let update = sqlx::query(
            "update message set stage = ?1, resume = ?2, until = ?3, updated = ?4, moved = case when ?1 = 'received' and parent is null then 0 else moved end,
             reason = ?7, attempts = ?8, collected = case when ?1 = 'received' then null else collected end where id = ?5 and stage = ?6",
        )
        .bind(to.as_str())
        .bind(resume.map(Stage::as_str))
        .bind(until.map(stamp))
        .bind(stamp(now))
        .bind(message.id.to_string())
        .bind(message.stage.as_str())
        .bind(&reason)
        .bind(attempts);
        // Another process that moved the message meanwhile makes this find no row.
        if update.execute(&mut *transaction).await.map_err(|error| problem(&error))?.rows_affected() != 1 {
            return Err(Problem::new(codes::STAGE, format!("message {} was moved by someone else", message.id.short())));
        }
        event(&mut transaction, message.id, to, note.or(reason.as_deref().filter(|_| tried.is_some())), now).await?;
        troubles::forget(&mut transaction, message.id).await?;
        if let Some((outcome, problems)) = tried {
            attempt(&mut transaction, message.id, attempts, outcome, problems, now).await?;
            troubles::note(&mut transaction, message.id, &message.flow, problems, now).await?;
        }
        if to == Stage::Failed {
            give_back(&mut transaction, message).await?;
        }
        commit(transaction).await?;
        (message.stage, message.resume, message.until, message.updated) = (to, resume, until, now);
        (message.attempts, message.reason) = (attempts, reason);
        if to == Stage::Received {
            message.moved = message.parent.is_some();
        }
        if to == Stage::Failed {
            message.sequence = None;
        }
        Ok(())
    }
}

pub(super) async fn event(
    transaction: &mut Transaction<'_, Sqlite>,
    message: MessageId,
    stage: Stage,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let insert = sqlx::query("insert into event (message, at, stage, note) values (?, ?, ?, ?)")
        .bind(message.to_string())
        .bind(stamp(now))
        .bind(stage.as_str())
        .bind(note);
    insert.execute(&mut **transaction).await.map(|_| ()).map_err(|error| problem(&error))
}

pub(super) async fn attempt(
    transaction: &mut Transaction<'_, Sqlite>,
    message: MessageId,
    number: u32,
    outcome: &str,
    problems: &Problems,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let text = serde_json::to_string(problems).unwrap_or_else(|_| "[]".into());
    let insert = sqlx::query("insert into attempt (message, number, at, outcome, problems) values (?, ?, ?, ?, ?)");
    let insert = insert.bind(message.to_string()).bind(number).bind(stamp(now)).bind(outcome).bind(text);
    insert.execute(&mut **transaction).await.map(|_| ()).map_err(|error| problem(&error))
}
