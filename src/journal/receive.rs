//! New messages: with their ledger rows, claims and numbers, all or nothing.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    failure_groups,
    history::{attempt, event},
    identity,
    ledger::{self, Novelty, Seen},
    message::still_here,
    sql::{Cells, Journal, Writing, all, commit, signed, stamp},
    terms,
};
use crate::model::{Code, Direction, Message, MessageId, Problem, ReprocessOptions, Stage, problem::one_line};

/// A message that is not in the journal yet.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Identity.
    pub id: MessageId,
    /// Flow.
    pub flow: String,
    /// Direction.
    pub direction: Direction,
    /// The Odoo that it works with: a name in `[odoos]`, or empty for `[odoo]`.
    pub odoo: String,
    /// File name.
    pub name: String,
    /// Path on the drop.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time reported by the drop.
    pub modified: Option<DateTime<Utc>>,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Where the bytes are stored.
    pub stored: String,
    /// The ledger's verdict; outbound messages have none.
    pub verdict: Option<Novelty>,
    /// Outbound: the records whose sending this message is, as `model,id`.
    pub claims: Vec<String>,
    /// Its references, if known from the start: the kind of each number, and the number.
    pub numbers: Vec<(String, String)>,
    /// Held or failed from the start, and why: written in the same transaction, so that a crash cannot turn it into an ordinary message.
    pub rest: Option<(Stage, Problem)>,
    /// The partner's running number, if its files have one.
    pub sequence: Option<i64>,
    /// The message that it was made from.
    pub parent: Option<MessageId>,
    /// For an acknowledgement to the partner: the try of its parent whose outcome it reports.
    pub answers: Option<u32>,
    /// Whether it is an edited copy of its parent.
    pub edited: bool,
}

impl NewMessage {
    /// A message of a flow and an Odoo, with everything else empty.
    pub fn of(flow: &str, direction: Direction, odoo: &str) -> Self {
        Self {
            id: MessageId::new(),
            flow: flow.to_string(),
            direction,
            odoo: odoo.to_string(),
            name: String::new(),
            path: String::new(),
            size: 0,
            modified: None,
            sha256: String::new(),
            stored: String::new(),
            verdict: None,
            claims: Vec::new(),
            numbers: Vec::new(),
            rest: None,
            sequence: None,
            parent: None,
            answers: None,
            edited: false,
        }
    }

    fn seen(&self, verdict: Novelty, message: MessageId) -> Seen<'_> {
        let (flow, path, size, modified, sha256) = (&self.flow, &self.path, self.size, self.modified, &self.sha256);
        Seen { flow, path, size, modified, sha256, verdict, message }
    }

    /// The message as the journal has it after it is written.
    pub fn message(&self, now: DateTime<Utc>) -> Message {
        let rest = self.rest.as_ref();
        let stage = rest.map_or(Stage::Received, |(stage, _)| *stage);
        Message {
            id: self.id,
            flow: self.flow.clone(),
            direction: self.direction,
            odoo: self.odoo.clone(),
            name: self.name.clone(),
            path: self.path.clone(),
            size: self.size,
            modified: self.modified,
            sha256: self.sha256.clone(),
            stage,
            resume: (stage == Stage::Held).then_some(Stage::Received),
            until: None,
            firm: false,
            attempts: u32::from(rest.is_some()),
            run: 1,
            stored: self.stored.clone(),
            // An edited copy has no file of its own on the drop.
            moved: self.edited,
            code: rest.map(|(_, problem)| problem.code),
            reason: rest.and_then(|(_, problem)| one_line(std::slice::from_ref(problem))),
            sequence: self.sequence,
            collected: None,
            again: ReprocessOptions::default(),
            mapping: None,
            checked: false,
            rested: stage == Stage::Held,
            edited: self.edited,
            parent: self.parent,
            answers: self.answers,
            refused: 0,
            received: now,
            updated: now,
        }
    }
}

pub(super) async fn insert(to: &mut Writing<'_>, new: &NewMessage, now: DateTime<Utc>) -> Result<Message, Problem> {
    let message = new.message(now);
    let insert = sqlx::query(
        "insert into message (id, flow, direction, name, path, size, modified, sha256, stage, resume, attempts, reason, code, stored, moved,
         parent, answers, edited, rested, sequence, odoo, received, updated) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(message.id.to_string()).bind(&message.flow).bind(message.direction.as_str()).bind(&message.name);
    let insert = insert.bind(&message.path).bind(signed(message.size)).bind(message.modified.map(stamp)).bind(&message.sha256);
    let insert = insert.bind(message.stage.as_str()).bind(message.resume.map(Stage::as_str)).bind(message.attempts).bind(&message.reason);
    let insert = insert.bind(message.code.map(Code::as_str)).bind(&message.stored).bind(message.moved);
    let insert = insert
        .bind(message.parent.map(|id| id.to_string()))
        .bind(message.answers)
        .bind(message.edited)
        .bind(message.rested)
        .bind(message.sequence)
        .bind(&message.odoo);
    insert.bind(stamp(now)).bind(stamp(now)).execute(&mut **to).await?;
    for claim in &new.claims {
        let claimed = sqlx::query("insert into sent (flow, odoo, record, message) values (?, ?, ?, ?) on conflict do nothing")
            .bind(&new.flow)
            .bind(&new.odoo)
            .bind(claim)
            .bind(new.id.to_string());
        if claimed.execute(&mut **to).await?.rows_affected() == 0 {
            return Err(Problem::new(Code::Stage, format!("the flow {} has already sent {claim}", new.flow)));
        }
    }
    event(to, new.id, Stage::Received, None, now).await?;
    if let Some((stage, problem)) = &new.rest {
        let problems = std::slice::from_ref(problem);
        event(to, new.id, *stage, message.reason.as_deref(), now).await?;
        attempt(to, new.id, 1, stage.as_str(), problems, now).await?;
        failure_groups::note(to, &message, problems, now).await?;
    }
    terms::number(to, new.id, &new.numbers, None).await?;
    if let Some(verdict) = new.verdict {
        ledger::seen(to, &new.seen(verdict, new.id), now).await?;
    }
    Ok(message)
}

impl Journal {
    /// Writes a new message at [`Stage::Received`], with its ledger row and its claims, all or nothing.
    ///
    /// # Errors
    /// The journal cannot be written, or one of the claimed records was sent before.
    pub async fn receive(&self, new: &NewMessage, now: DateTime<Utc>) -> Result<Message, Problem> {
        let mut to = self.begin().await?;
        let message = insert(&mut to, new, now).await?;
        commit(to).await?;
        Ok(message)
    }

    /// Writes what a poll received, all or nothing: new messages, and duplicates with what they repeat. One transaction, so one wait for
    /// the disk, however many files. The documents of a zip are not written if the zip's stage has changed meanwhile.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn receive_all(
        &self,
        of: Option<&Message>,
        new: &[NewMessage],
        repeats: &[(NewMessage, MessageId)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Message>, Problem> {
        let mut to = self.begin().await?;
        if let Some(zip) = of {
            still_here(&mut to, zip).await?;
        }
        if !new.is_empty() {
            identity::counts(&mut to).await?;
        }
        let mut messages = Vec::with_capacity(new.len());
        for one in new {
            messages.push(insert(&mut to, one, now).await?);
        }
        for (file, known_as) in repeats {
            ledger::seen(&mut to, &file.seen(file.verdict.unwrap_or(Novelty::Duplicate), *known_as), now).await?;
        }
        commit(to).await?;
        Ok(messages)
    }

    /// The paths of the documents that a zip was unpacked into.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn parts(&self, zip: MessageId) -> Result<HashSet<String>, Problem> {
        let query = sqlx::query("select id, path from message where parent = ? and edited = 0 and answers is null").bind(zip.to_string());
        let rows = query.fetch_all(&self.pool).await?;
        Ok(all(&rows, |row| Cells::of("message", "id", row).get("path"))?.into_iter().collect())
    }
}
