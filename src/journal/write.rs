//! What is written: messages, their steps, attempts, records and the ledger. Each call is one transaction.

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{Sqlite, Transaction};

use super::{Journal, Message, one_line, problem, sequence::give_back};
use crate::model::{
    Direction, MessageId, Problem, Problems, Stage, codes,
    step::{Outside, step},
};

/// What the ledger says about a file that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never seen.
    New,
    /// Same name, other content.
    NewContent,
    /// Same name, same content.
    Duplicate,
    /// Other name, same content.
    SameContent,
}

impl Verdict {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::NewContent => "new content",
            Self::Duplicate => "duplicate",
            Self::SameContent => "same content",
        }
    }
}

/// A message about to be written down.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Identity.
    pub id: MessageId,
    /// Flow.
    pub flow: String,
    /// Direction.
    pub direction: Direction,
    /// File name.
    pub name: String,
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time the drop told.
    pub modified: Option<DateTime<Utc>>,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Where the bytes lie.
    pub stored: String,
    /// The ledger's verdict; outbound messages have none.
    pub verdict: Option<Verdict>,
    /// Outbound: the records whose sending this message is, as `model,id`.
    pub claims: Vec<String>,
    /// Held or failed from the start, and why: written in the same transaction, so that no crash can make it a message like others.
    pub rest: Option<(Stage, Problem)>,
}

/// An outbound document once it is rendered.
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
    /// Where the bytes lie.
    pub stored: String,
}

pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Journal {
    pub(super) async fn begin(&self) -> Result<Transaction<'_, Sqlite>, Problem> {
        step(Outside::Journal, "before write")?;
        self.pool.begin().await.map_err(|error| problem(&error))
    }

    /// Writes a new message down at [`Stage::Received`], with its ledger row and its claims, all or nothing.
    ///
    /// # Errors
    /// The journal cannot be written, or one of the claimed records was sent before.
    pub async fn receive(&self, new: &NewMessage, now: DateTime<Utc>) -> Result<Message, Problem> {
        let mut transaction = self.begin().await?;
        let message = insert(&mut transaction, new, now).await?;
        commit(transaction).await?;
        Ok(message)
    }

    /// Writes down what a poll took, all or nothing: new messages, and files that make none of their own with what they repeat. One
    /// transaction, so one wait for the disk, however many files.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn receive_all(
        &self,
        new: &[NewMessage],
        repeats: &[(NewMessage, MessageId)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Message>, Problem> {
        let mut transaction = self.begin().await?;
        let mut messages = Vec::with_capacity(new.len());
        for one in new {
            messages.push(insert(&mut transaction, one, now).await?);
        }
        for (file, known_as) in repeats {
            ledger(&mut transaction, file, file.verdict.unwrap_or(Verdict::Duplicate), Some(*known_as), now).await?;
        }
        commit(transaction).await?;
        Ok(messages)
    }

    /// Moves a message on.
    ///
    /// # Errors
    /// The step is not one the message can take, or the journal cannot be written.
    pub async fn advance(&self, message: &mut Message, to: Stage, note: Option<&str>, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, to, None, None, note, now).await
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
        let reason = one_line(problems);
        let resume = Some(message.stage);
        self.attempt(message, "waits", problems, now).await?;
        self.step(message, Stage::Waiting, resume, Some(until), reason.as_deref(), now).await?;
        self.reason(message, reason).await
    }

    /// Ends a message with what is wrong with it.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn fail(&self, message: &mut Message, problems: &Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        let reason = one_line(problems);
        self.attempt(message, "failed", problems, now).await?;
        self.step(message, Stage::Failed, None, None, reason.as_deref(), now).await?;
        self.reason(message, reason).await
    }

    /// Holds a message until a person decides.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold(&self, message: &mut Message, problems: Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        let reason = one_line(&problems);
        self.attempt(message, "held", &problems, now).await?;
        self.step(message, Stage::Held, None, None, reason.as_deref(), now).await?;
        self.reason(message, reason).await
    }

    /// Writes down that a try succeeded.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn succeeded(&self, message: &mut Message, now: DateTime<Utc>) -> Result<(), Problem> {
        self.attempt(message, "done", &Vec::new(), now).await?;
        self.reason(message, None).await
    }

    /// Starts a message again from its original bytes; the effect gets a new mark. One that waits goes on from where it is, now: its
    /// effect may be there already, and must be found under the same mark.
    ///
    /// # Errors
    /// The message is under way, or the journal cannot be written.
    pub async fn restart(&self, message: &mut Message, now: DateTime<Utc>) -> Result<(), Problem> {
        if let (Stage::Waiting, Some(resume)) = (message.stage, message.resume) {
            return self.step(message, resume, None, None, Some("tried now"), now).await;
        }
        if !message.stage.may_become(Stage::Received, message.direction) {
            return Err(Problem::new(codes::STAGE, format!("message {} is {}: it is being worked on", message.id.short(), message.stage)));
        }
        // The run is raised first: killed in between, the message rests as before, and a higher run means nothing by itself.
        let update = sqlx::query("update message set run = run + 1 where id = ?").bind(message.id.to_string());
        update.execute(&self.pool).await.map_err(|error| problem(&error))?;
        message.run += 1;
        self.step(message, Stage::Received, None, None, Some("reprocess"), now).await
    }

    async fn step(
        &self,
        message: &mut Message,
        to: Stage,
        resume: Option<Stage>,
        until: Option<DateTime<Utc>>,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        if !message.stage.may_become(to, message.direction) {
            return Err(Problem::new(codes::STAGE, format!("message {} is {} and cannot become {to}", message.id.short(), message.stage)));
        }
        let mut transaction = self.begin().await?;
        let update = sqlx::query(
            "update message set stage = ?1, resume = ?2, until = ?3, updated = ?4, moved = case when ?1 = 'received' then 0 else moved end,
             reason = case when ?1 = 'received' then null else reason end, collected = case when ?1 = 'received' then null else collected end where id = ?5 and stage = ?6",
        )
        .bind(to.as_str())
        .bind(resume.map(Stage::as_str))
        .bind(until.map(stamp))
        .bind(stamp(now))
        .bind(message.id.to_string())
        .bind(message.stage.as_str());
        // Another process that moved the message meanwhile makes this find no row.
        if update.execute(&mut *transaction).await.map_err(|error| problem(&error))?.rows_affected() != 1 {
            return Err(Problem::new(codes::STAGE, format!("message {} was moved by someone else", message.id.short())));
        }
        event(&mut transaction, message.id, to, note, now).await?;
        if to == Stage::Failed {
            give_back(&mut transaction, message).await?;
        }
        commit(transaction).await?;
        (message.stage, message.resume, message.until, message.updated) = (to, resume, until, now);
        if to == Stage::Received {
            (message.moved, message.reason) = (false, None);
        }
        if to == Stage::Failed {
            message.sequence = None;
        }
        Ok(())
    }

    async fn attempt(&self, message: &mut Message, outcome: &str, problems: &Problems, now: DateTime<Utc>) -> Result<(), Problem> {
        let text = serde_json::to_string(problems).unwrap_or_else(|_| "[]".into());
        let mut transaction = self.begin().await?;
        message.attempts += 1;
        let (id, number) = (message.id.to_string(), message.attempts);
        let insert = sqlx::query("insert into attempt (message, number, at, outcome, problems) values (?, ?, ?, ?, ?)")
            .bind(&id)
            .bind(number)
            .bind(stamp(now))
            .bind(outcome)
            .bind(text);
        insert.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        let update = sqlx::query("update message set attempts = ? where id = ?").bind(number).bind(&id);
        update.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        commit(transaction).await
    }

    async fn reason(&self, message: &mut Message, reason: Option<String>) -> Result<(), Problem> {
        message.reason = reason;
        let update = sqlx::query("update message set reason = ? where id = ?").bind(&message.reason).bind(message.id.to_string());
        update.execute(&self.pool).await.map(|_| ()).map_err(|error| problem(&error))
    }

    /// Writes down where the bytes lie now and whether the partner's side is in order.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn shelved(&self, message: &mut Message, stored: &str, moved: bool) -> Result<(), Problem> {
        message.stored = stored.to_string();
        message.moved = moved;
        self.shelved_all(std::slice::from_ref(message)).await
    }

    /// Writes down for many messages where their bytes lie now and whether the partner's side is in order, as they say themselves.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn shelved_all(&self, messages: &[Message]) -> Result<(), Problem> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for message in messages {
            let update = sqlx::query("update message set stored = ?, moved = ? where id = ?");
            let update = update.bind(&message.stored).bind(message.moved).bind(message.id.to_string());
            update.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }

    /// Writes down what an outbound message became once it was rendered.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn rendered(&self, message: &mut Message, document: Rendered) -> Result<(), Problem> {
        let Rendered { name, path, size, sha256, stored } = document;
        let update = sqlx::query("update message set name = ?, path = ?, size = ?, sha256 = ?, stored = ? where id = ?");
        let update = update.bind(&name).bind(&path).bind(signed(size)).bind(&sha256).bind(&stored).bind(message.id.to_string());
        update.execute(&self.pool).await.map_err(|error| problem(&error))?;
        (message.name, message.path, message.size, message.sha256, message.stored) = (name, path, size, sha256, stored);
        Ok(())
    }

    /// Writes down the records of Odoo that a message touched: model, id, name, what became of it.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn touched(
        &self,
        message: MessageId,
        records: impl Iterator<Item = (String, i64, String, &'static str)>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        for (model, id, name, change) in records {
            // A second try finds the record it made at the first; that it was created is what counts.
            let insert = sqlx::query(
                "insert into record (message, model, odoo_id, name, change, at) values (?, ?, ?, ?, ?, ?)
                 on conflict do update set name = excluded.name, change = case when change = 'created' then change else excluded.change end, at = excluded.at",
            );
            let insert = insert.bind(message.to_string()).bind(model).bind(id).bind(name).bind(change).bind(stamp(now));
            insert.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }
}

/// Ends a transaction: what it wrote is on disk.
pub(super) async fn commit(transaction: Transaction<'_, Sqlite>) -> Result<(), Problem> {
    transaction.commit().await.map_err(|error| problem(&error))?;
    step(Outside::Journal, "after write")
}

async fn insert(transaction: &mut Transaction<'_, Sqlite>, new: &NewMessage, now: DateTime<Utc>) -> Result<Message, Problem> {
    let (stage, problems) = match &new.rest {
        Some((stage, problem)) => (*stage, vec![problem.clone()]),
        None => (Stage::Received, Vec::new()),
    };
    let reason = one_line(&problems);
    let attempts = u32::from(new.rest.is_some());
    let insert = sqlx::query(
        "insert into message (id, flow, direction, name, path, size, modified, sha256, stage, attempts, reason, stored, received, updated)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.id.to_string())
    .bind(&new.flow)
    .bind(new.direction.as_str())
    .bind(&new.name)
    .bind(&new.path)
    .bind(signed(new.size))
    .bind(new.modified.map(stamp))
    .bind(&new.sha256)
    .bind(stage.as_str())
    .bind(attempts)
    .bind(&reason)
    .bind(&new.stored)
    .bind(stamp(now))
    .bind(stamp(now));
    insert.execute(&mut **transaction).await.map_err(|error| problem(&error))?;
    for claim in &new.claims {
        let claimed = sqlx::query("insert into sent (flow, record, message) values (?, ?, ?) on conflict do nothing")
            .bind(&new.flow)
            .bind(claim)
            .bind(new.id.to_string());
        if claimed.execute(&mut **transaction).await.map_err(|error| problem(&error))?.rows_affected() == 0 {
            return Err(Problem::new(codes::STAGE, format!("{claim} was sent before by the flow {}", new.flow)));
        }
    }
    event(transaction, new.id, Stage::Received, None, now).await?;
    if new.rest.is_some() {
        event(transaction, new.id, stage, reason.as_deref(), now).await?;
        let text = serde_json::to_string(&problems).unwrap_or_else(|_| "[]".into());
        let insert = sqlx::query("insert into attempt (message, number, at, outcome, problems) values (?, 1, ?, ?, ?)");
        let insert = insert.bind(new.id.to_string()).bind(stamp(now)).bind(stage.as_str()).bind(text);
        insert.execute(&mut **transaction).await.map_err(|error| problem(&error))?;
    }
    if let Some(verdict) = new.verdict {
        ledger(transaction, new, verdict, Some(new.id), now).await?;
    }
    Ok(Message {
        id: new.id,
        flow: new.flow.clone(),
        direction: new.direction,
        name: new.name.clone(),
        path: new.path.clone(),
        size: new.size,
        modified: new.modified,
        sha256: new.sha256.clone(),
        stage,
        resume: None,
        until: None,
        attempts,
        run: 1,
        stored: new.stored.clone(),
        moved: false,
        reason,
        sequence: None,
        collected: None,
        received: now,
        updated: now,
    })
}

async fn event(
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

async fn ledger(
    transaction: &mut Transaction<'_, Sqlite>,
    file: &NewMessage,
    verdict: Verdict,
    message: Option<MessageId>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let insert =
        sqlx::query("insert into ledger (flow, path, size, modified, sha256, verdict, message, at) values (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(&file.flow)
            .bind(&file.path)
            .bind(signed(file.size))
            .bind(file.modified.map(stamp))
            .bind(&file.sha256)
            .bind(verdict.as_str())
            .bind(message.map(|id| id.to_string()))
            .bind(stamp(now));
    insert.execute(&mut **transaction).await.map(|_| ()).map_err(|error| problem(&error))
}
