//! What is written: messages, their steps, attempts, records and the ledger. Each call is one transaction.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{Row, Sqlite, Transaction};

use super::{
    Journal, Message, one_line, problem,
    steps::{attempt, event},
    terms, troubles,
};
use crate::model::{
    Again, Code, Direction, MessageId, Problem, Stage,
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
    /// The partner's running number, where its files have one.
    pub sequence: Option<i64>,
    /// The message that it was made of.
    pub parent: Option<MessageId>,
    /// Whether it is an edited copy of it.
    pub edited: bool,
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

/// Records of one message that it can be found by; a catalogue's are too many to mean it.
const NAMED: usize = 20;

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

    /// The paths of the documents that a zip was unpacked into.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn parts(&self, zip: MessageId) -> Result<HashSet<String>, Problem> {
        let rows =
            sqlx::query("select path from message where parent = ? and edited = 0").bind(zip.to_string()).fetch_all(&self.pool).await;
        Ok(rows.map_err(|error| problem(&error))?.iter().map(|row| row.get("path")).collect())
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
        let records: Vec<_> = records.collect();
        if records.len() <= NAMED {
            let names = records.iter().map(|(_, _, name, _)| ("record", name.as_str()));
            terms::note(&mut transaction, message, names).await?;
        }
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
        "insert into message (id, flow, direction, name, path, size, modified, sha256, stage, attempts, reason, stored, moved, parent, edited, sequence, received, updated)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    // An edited copy has no file of its own on the drop.
    .bind(new.edited)
    .bind(new.parent.map(|id| id.to_string()))
    .bind(new.edited)
    .bind(new.sequence)
    .bind(stamp(now))
    .bind(stamp(now));
    insert.execute(&mut **transaction).await.map_err(|error| problem(&error))?;
    for claim in &new.claims {
        let claimed = sqlx::query("insert into sent (flow, record, message) values (?, ?, ?) on conflict do nothing")
            .bind(&new.flow)
            .bind(claim)
            .bind(new.id.to_string());
        if claimed.execute(&mut **transaction).await.map_err(|error| problem(&error))?.rows_affected() == 0 {
            return Err(Problem::new(Code::Stage, format!("{claim} was sent before by the flow {}", new.flow)));
        }
    }
    event(transaction, new.id, Stage::Received, None, now).await?;
    if new.rest.is_some() {
        event(transaction, new.id, stage, reason.as_deref(), now).await?;
        attempt(transaction, new.id, 1, stage.as_str(), &problems, now).await?;
        troubles::note(transaction, new.id, &new.flow, &problems, now).await?;
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
        moved: new.edited,
        again: Again::default(),
        mapping: None,
        edited: new.edited,
        parent: new.parent,
        reason,
        sequence: new.sequence,
        collected: None,
        received: now,
        updated: now,
    })
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
