//! How a message moves: each call is one transaction, so that stage, attempt, reason and what troubles it never disagree.

use chrono::{DateTime, Utc};
use sqlx::{Sqlite, Transaction};

use super::{
    Deed, Journal, Message, audit, one_line, problem,
    sequence::give_back,
    troubles,
    write::{commit, stamp},
};
use crate::model::{Again, Code, Direction, MessageId, Problem, Stage};

/// A step that a message is to take.
#[derive(Default)]
struct Step<'s> {
    resume: Option<Stage>,
    until: Option<DateTime<Utc>>,
    note: Option<&'s str>,
    /// Ends a try: its outcome and what was wrong.
    tried: Option<(&'static str, &'s [Problem])>,
    /// A person does it.
    deed: Option<&'s Deed>,
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
    pub async fn wait(&self, message: &mut Message, until: DateTime<Utc>, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        let resume = Some(message.stage);
        let step = Step { resume, until: Some(until), tried: Some(("waits", problems)), ..Step::default() };
        self.step(message, Stage::Waiting, step, now).await
    }

    /// Ends a message with what is wrong with it.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn fail(&self, message: &mut Message, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Failed, Step { tried: Some(("failed", problems)), ..Step::default() }, now).await
    }

    /// Holds a message until a person decides.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold(&self, message: &mut Message, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Held, Step { tried: Some(("held", problems)), ..Step::default() }, now).await
    }

    /// Ends a message for good, whatever it was to do: a person has decided that nothing more is done with it.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn discard(&self, message: &mut Message, deed: &Deed, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Discarded, Step { deed: Some(deed), ..Step::default() }, now).await
    }

    /// Holds a message because a person says so. One that waited keeps where it was to go on.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold_back(&self, message: &mut Message, deed: &Deed, now: DateTime<Utc>) -> Result<(), Problem> {
        let resume = message.resume.filter(|_| message.stage == Stage::Waiting);
        self.step(message, Stage::Held, Step { resume, deed: Some(deed), ..Step::default() }, now).await
    }

    /// Writes down that a try succeeded.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn succeeded(&self, message: &mut Message, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        let id = message.id.to_string();
        attempt(&mut transaction, message.id, message.attempts + 1, "done", &[], now).await?;
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
    pub async fn restart(&self, message: &mut Message, again: Again, deed: &Deed, now: DateTime<Utc>) -> Result<(), Problem> {
        let update = sqlx::query("update message set as_then = ?, overwrite = ? where id = ?");
        let update = update.bind(again.as_then).bind(again.overwrite).bind(message.id.to_string());
        update.execute(&self.pool).await.map_err(|error| problem(&error))?;
        message.again = again;
        if let (Stage::Waiting, Some(resume)) = (message.stage, message.resume) {
            return self.step(message, resume, Step { deed: Some(deed), ..Step::default() }, now).await;
        }
        // Held while it waited, its effect may be there as well: it waits again, until now.
        if let (Stage::Held, Some(resume)) = (message.stage, message.resume) {
            let step = Step { resume: Some(resume), until: Some(now), deed: Some(deed), ..Step::default() };
            return self.step(message, Stage::Waiting, step, now).await;
        }
        let to = if again.checked { Stage::Checked } else { Stage::Received };
        if again.checked && !self.events(message.id).await?.iter().any(|event| event.stage == Stage::Checked.as_str()) {
            let text = format!("message {} has never passed its check, and cannot go on behind it", message.id.short());
            return Err(Problem::new(Code::Stage, text));
        }
        if !message.stage.may_become(to, message.direction) {
            return Err(Problem::new(Code::Stage, format!("message {} is {}: it is being worked on", message.id.short(), message.stage)));
        }
        // The run is raised first: killed in between, the message rests as before, and a higher run means nothing by itself.
        let update = sqlx::query("update message set run = run + 1 where id = ?").bind(message.id.to_string());
        update.execute(&self.pool).await.map_err(|error| problem(&error))?;
        message.run += 1;
        self.step(message, to, Step { deed: Some(deed), ..Step::default() }, now).await
    }

    async fn step(&self, message: &mut Message, to: Stage, step: Step<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
        let Step { resume, until, note, tried, deed } = step;
        let deed_note = deed.map(Deed::note);
        let note = note.or(deed_note.as_deref());
        if !message.stage.may_become(to, message.direction) {
            return Err(Problem::new(Code::Stage, format!("message {} is {} and cannot become {to}", message.id.short(), message.stage)));
        }
        // From rest it begins anew, with its file where it was.
        let begins = message.stage.is_at_rest() && matches!(to, Stage::Received | Stage::Checked);
        let (attempts, reason) = match (tried, to) {
            (Some((_, problems)), _) => (message.attempts + 1, one_line(problems)),
            // Begun anew, it has nothing wrong with it yet.
            (None, Stage::Held | Stage::Discarded) => (message.attempts, note.map(str::to_string)),
            (None, _) if begins || to == Stage::Received => (message.attempts, None),
            (None, _) => (message.attempts, message.reason.clone()),
        };
        let mut transaction = self.begin().await?;
        let update = sqlx::query(
            "update message set stage = ?1, resume = ?2, until = ?3, updated = ?4, moved = case when ?9 and edited = 0 then 0 else moved end,
             reason = ?7, attempts = ?8, collected = case when ?9 then null else collected end where id = ?5 and stage = ?6",
        )
        .bind(to.as_str())
        .bind(resume.map(Stage::as_str))
        .bind(until.map(stamp))
        .bind(stamp(now))
        .bind(message.id.to_string())
        .bind(message.stage.as_str())
        .bind(&reason)
        .bind(attempts)
        .bind(begins);
        // Another process that moved the message meanwhile makes this find no row.
        if update.execute(&mut *transaction).await.map_err(|error| problem(&error))?.rows_affected() != 1 {
            return Err(Problem::new(Code::Stage, format!("message {} was moved by someone else", message.id.short())));
        }
        event(&mut transaction, message.id, to, note.or(reason.as_deref().filter(|_| tried.is_some())), now).await?;
        troubles::forget(&mut transaction, message.id).await?;
        if let Some((outcome, problems)) = tried {
            attempt(&mut transaction, message.id, attempts, outcome, problems, now).await?;
            troubles::note(&mut transaction, message.id, &message.flow, problems, now).await?;
        }
        if let Some(deed) = deed {
            audit::write_down(&mut transaction, Some(message.id), deed, now).await?;
        }
        let gives_back = to == Stage::Failed && message.direction == Direction::Out;
        if gives_back {
            give_back(&mut transaction, message).await?;
        }
        commit(transaction).await?;
        (message.stage, message.resume, message.until, message.updated) = (to, resume, until, now);
        (message.attempts, message.reason) = (attempts, reason);
        if begins {
            message.moved = message.edited;
            message.collected = None;
        }
        if gives_back {
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
    problems: &[Problem],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let text = serde_json::to_string(problems).unwrap_or_else(|_| "[]".into());
    let insert = sqlx::query("insert into attempt (message, number, at, outcome, problems) values (?, ?, ?, ?, ?)");
    let insert = insert.bind(message.to_string()).bind(number).bind(stamp(now)).bind(outcome).bind(text);
    insert.execute(&mut **transaction).await.map(|_| ()).map_err(|error| problem(&error))
}
