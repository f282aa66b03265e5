//! How a message changes its stage: each call is one transaction, so that stage, attempt, reason, intents and failures always agree.

use chrono::{DateTime, Utc};

use super::{
    audit::{self, AuditEntry},
    failure_groups,
    history::{RecordRow, attempt, event, touched},
    intents,
    message::{moved_meanwhile, read},
    sequence::give_back,
    sql::{Journal, Writing, commit, stamp},
    terms,
};
use crate::model::{Code, Effect, Message, Outcome, Problem, Stage, problem::one_line};

/// When a waiting message continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// Then.
    pub at: DateTime<Utc>,
    /// Whether even a run that a person starts must wait: an effect may still land.
    pub firm: bool,
}

/// A step of a message.
#[derive(Default)]
pub(super) struct Step<'s> {
    pub(super) resume: Option<Stage>,
    pub(super) until: Option<Until>,
    pub(super) note: Option<&'s str>,
    /// Ends a try: its outcome and what was wrong.
    pub(super) tried: Option<(&'static str, &'s [Problem])>,
    /// A person does it.
    pub(super) entry: Option<&'s AuditEntry>,
    /// It starts again, under a new mark.
    pub(super) anew: bool,
    /// Its effect has taken place, whatever its stage became meanwhile.
    pub(super) took_place: bool,
}

/// Moves a message within a transaction. `message` then has what the journal has after the commit.
pub(super) async fn take(
    to: &mut Writing<'_>,
    message: &mut Message,
    next: Stage,
    step: Step<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Step { resume, until, note, tried, entry, anew, took_place } = step;
    let before = message.stage;
    let lets_go_on = matches!(next, Stage::Applied | Stage::Waiting);
    let has_its_effect = matches!(before, Stage::Waiting | Stage::Held) && message.resume == Some(Stage::Applied) && !lets_go_on;
    if !took_place && (!message.pipeline().allows(before, next) || has_its_effect) {
        let is = if has_its_effect { "held or waiting after its effect" } else { before.as_str() };
        return Err(Problem::new(Code::Stage, format!("message {} is {is} and cannot become {next}", message.id.short())));
    }
    let intents = if next == Stage::Failed { intents::of_run(to, message).await? } else { Vec::new() };
    if let Some(unclear) = intents.iter().find(|intent| intent.needs_a_person()) {
        let text = format!(
            "message {} cannot be set to failed: it is unknown whether this effect took place: {}",
            message.id.short(),
            unclear.effect
        );
        return Err(Problem::new(Code::Stage, text));
    }
    let entry_note = entry.map(AuditEntry::note);
    let note = note.or(entry_note.as_deref());
    // From rest it starts again, with its file where it was.
    let begins = before.is_at_rest() && !next.is_at_rest() && (before != Stage::Held || next != Stage::Waiting);
    match (tried, next) {
        (Some((_, problems)), _) => {
            message.attempts += 1;
            message.reason = one_line(problems);
            message.code = problems.first().map(|problem| problem.code);
        }
        (None, Stage::Held | Stage::Discarded) => (message.reason, message.code) = (note.map(str::to_string), None),
        // A message that starts again has no problems yet.
        (None, _) if begins || next == Stage::Received => (message.reason, message.code) = (None, None),
        (None, _) => {}
    }
    let run = message.run;
    message.run += u32::from(anew);
    (message.stage, message.resume, message.updated) = (next, resume, now);
    if anew {
        message.refused = 0;
    }
    (message.until, message.firm) = (until.map(|until| until.at), until.is_some_and(|until| until.firm));
    message.checked |= before == Stage::Received && next == message.pipeline().checked;
    message.rested |= begins || matches!(next, Stage::Waiting | Stage::Held);
    if begins {
        message.moved = message.edited;
        message.collected = None;
    }
    let update = sqlx::query(
        "update message set stage = ?1, resume = ?2, until = ?3, firm = ?4, updated = ?5, moved = case when ?6 and edited = 0 then 0 else moved end, reason = ?7, code = ?8, attempts = ?9,
         collected = case when ?6 then null else collected end, checked = ?10, rested = ?11, run = ?12, as_then = ?13, overwrite = ?14, odoo = ?18, refused = ?19 where id = ?15 and stage = ?16 and run = ?17",
    );
    let update = update.bind(next.as_str()).bind(resume.map(Stage::as_str)).bind(message.until.map(stamp));
    let update = update.bind(message.firm).bind(stamp(now)).bind(begins).bind(&message.reason);
    let update = update.bind(message.code.map(Code::as_str)).bind(message.attempts);
    let update = update.bind(message.checked).bind(message.rested).bind(message.run).bind(message.again.as_then);
    let update = update
        .bind(message.again.overwrite)
        .bind(message.id.to_string())
        .bind(before.as_str())
        .bind(run)
        .bind(&message.odoo)
        .bind(message.refused);
    // If another process moved the message meanwhile, this finds no row.
    if update.execute(&mut **to).await?.rows_affected() != 1 {
        return Err(moved_meanwhile(message));
    }
    event(to, message.id, next, note.or(message.reason.as_deref().filter(|_| tried.is_some())), now).await?;
    failure_groups::forget(to, message.id).await?;
    if let Some((outcome, problems)) = tried {
        attempt(to, message.id, message.attempts, outcome, problems, now).await?;
        failure_groups::note(to, message, problems, now).await?;
    }
    if let Some(entry) = entry {
        audit::write_down(to, Some(message.id), entry, now).await?;
    }
    // A number that the partner may have seen is not given to another message.
    if !message.pipeline().maps() && next == Stage::Failed && !intents::may_be_sent(to, message).await? {
        give_back(to, message).await?;
        message.sequence = None;
    }
    Ok(())
}

/// The result of executing a message's plan, or one part of it.
#[derive(Debug, Default)]
pub struct Written<'w> {
    /// Odoo records.
    pub records: &'w [RecordRow],
    /// Problems to report.
    pub notes: &'w [String],
    /// The effect that ended, and how.
    pub ended: Option<(&'w Effect, Outcome)>,
}

async fn wrote(to: &mut Writing<'_>, message: &Message, written: Written<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
    touched(to, message, written.records, now).await?;
    for note in written.notes {
        event(to, message.id, message.stage, Some(note), now).await?;
    }
    match written.ended {
        Some((effect, outcome)) => ended(to, message, std::slice::from_ref(effect), outcome, now).await,
        None => Ok(()),
    }
}

/// Closes intents. If an effect of an earlier run took place, the message is held: a new run would repeat it.
async fn ended(to: &mut Writing<'_>, message: &Message, effects: &[Effect], outcome: Outcome, now: DateTime<Utc>) -> Result<(), Problem> {
    intents::close(to, message, effects, outcome, now).await?;
    if outcome != Outcome::Happened {
        return Ok(());
    }
    let mut latest = read(to, message).await?;
    let resume = match latest.stage {
        Stage::Received | Stage::Checked | Stage::Planned | Stage::Staged => Some(latest.stage),
        Stage::Waiting | Stage::Held if latest.code != Some(Code::TookPlace) => latest.resume,
        _ => return Ok(()),
    };
    if latest.run <= message.run {
        return Ok(());
    }
    let text = format!("an earlier run of message {} took effect after the message was reprocessed", latest.id.short());
    let hint = format!("check the result; to stop here: consign discard {0}; to repeat the effect: consign release {0}", latest.id.short());
    let problems = [Problem::new(Code::TookPlace, text).hint(hint)];
    let until = latest.until.filter(|_| latest.firm).map(|at| Until { at, firm: true });
    let step = Step { resume, until, tried: Some(("held", &problems)), took_place: true, ..Step::default() };
    take(to, &mut latest, Stage::Held, step, now).await
}

impl Journal {
    async fn step(&self, message: &mut Message, next: Stage, step: Step<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        take(&mut to, &mut moved, next, step, now).await?;
        commit(to).await?;
        *message = moved;
        Ok(())
    }

    /// Moves a message to its next stage.
    ///
    /// # Errors
    /// The step is not one the message can take, or the journal cannot be written.
    pub async fn advance(&self, message: &mut Message, next: Stage, note: Option<&str>, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, next, Step { note, ..Step::default() }, now).await
    }

    /// Moves a planned message to its next stage, with its references and the mapping that read them.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn planned(
        &self,
        message: &mut Message,
        numbers: &[(String, String)],
        mapping: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        terms::number(&mut to, message.id, numbers, mapping).await?;
        take(&mut to, &mut moved, Stage::Planned, Step::default(), now).await?;
        commit(to).await?;
        *message = moved;
        Ok(())
    }

    /// Moves a message whose effect has taken place to [`Stage::Applied`], with the result.
    ///
    /// # Errors
    /// As [`Journal::advance`]; the result is written even if the message's stage has changed meanwhile.
    pub async fn applied(
        &self,
        message: &mut Message,
        written: Written<'_>,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        wrote(&mut to, message, written, now).await?;
        let taken = match take(&mut to, &mut moved, Stage::Applied, Step { note, ..Step::default() }, now).await {
            Err(problem) if problem.code == Code::MessageMoved => {
                // It was held or discarded during its effect: the effect took place nevertheless.
                moved = Message { refused: message.refused, ..read(&mut to, message).await? };
                let was = format!("took place while the message was {}", moved.stage);
                let step = Step { note: Some(&was), took_place: true, ..Step::default() };
                match moved.stage {
                    Stage::Held | Stage::Discarded if moved.run == message.run => {
                        take(&mut to, &mut moved, Stage::Applied, step, now).await
                    }
                    _ => Err(problem),
                }
            }
            taken => taken,
        };
        if taken.as_ref().is_err_and(|problem| problem.code != Code::MessageMoved) {
            return taken;
        }
        // Whatever the message's stage is now: an effect that took place is known.
        commit(to).await?;
        taken?;
        *message = moved;
        Ok(())
    }

    /// Finishes a message whose effect is complete, as a try that succeeded.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn done(&self, message: &mut Message, note: Option<&str>, now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Done, Step { note, tried: Some(("done", &[])), ..Step::default() }, now).await
    }

    /// Writes the result of executing a plan; the message keeps its stage.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn wrote(&self, message: &Message, written: Written<'_>, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        wrote(&mut to, message, written, now).await?;
        commit(to).await
    }

    /// Writes how effects ended.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn conclude(&self, message: &Message, effects: &[Effect], outcome: Outcome, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        ended(&mut to, message, effects, outcome, now).await?;
        commit(to).await
    }

    /// Writes a remark to a message's history at its present stage: for people, never read back.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn remark(&self, message: &Message, note: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        event(&mut to, message.id, message.stage, Some(note), now).await?;
        commit(to).await
    }

    /// Lets a message wait; later it continues from its stage.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn wait(&self, message: &mut Message, until: Until, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        let step = Step { resume: Some(message.stage), until: Some(until), tried: Some(("waits", problems)), ..Step::default() };
        self.step(message, Stage::Waiting, step, now).await
    }

    /// Fails a message with its problems.
    ///
    /// # Errors
    /// As [`Journal::advance`]; or it is unknown whether the message has had an effect: it must be held.
    pub async fn fail(&self, message: &mut Message, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        self.step(message, Stage::Failed, Step { tried: Some(("failed", problems)), ..Step::default() }, now).await
    }

    /// Holds a message until a person decides; later it continues from its stage.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold(&self, message: &mut Message, problems: &[Problem], now: DateTime<Utc>) -> Result<(), Problem> {
        let step = Step { resume: Some(message.stage), tried: Some(("held", problems)), ..Step::default() };
        self.step(message, Stage::Held, step, now).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::Direction;
    use crate::{
        journal::NewMessage,
        model::{ReprocessOptions, intent::Prior},
    };

    #[tokio::test]
    async fn an_effect_of_an_earlier_run_holds_a_message_that_was_started_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&dir.path().join("journal.sqlite")).await.expect("opens");
        let (now, entry) = (Utc::now(), AuditEntry::new("Ada", "test"));
        let mut message = journal.receive(&NewMessage::of("f", Direction::In, ""), now).await.expect("written");
        journal.advance(&mut message, Stage::Checked, None, now).await.expect("written");
        journal.advance(&mut message, Stage::Planned, None, now).await.expect("written");
        let call = [Effect::Call("message_post s.0 res.partner,7".into())];
        assert_eq!(journal.intend(&message, &call, now).await.expect("written"), [Prior::New]);
        // While the call is under way, a person ends the message, says that the call was not made, and starts it again.
        let mut theirs = message.clone();
        journal.discard(&mut theirs, &entry, now).await.expect("written");
        journal.resolve(&mut theirs, None, Outcome::NotHappened, &entry, (now, TimeDelta::zero())).await.expect("written");
        journal.restart(&mut theirs, ReprocessOptions::default(), None, &entry, now).await.expect("written");
        assert_eq!((theirs.stage, theirs.run), (Stage::Received, 2));
        journal.conclude(&message, &call, Outcome::Happened, now).await.expect("written");
        let held = journal.find(&message.id.to_string()).await.expect("there");
        assert_eq!((held.stage, held.resume, held.code), (Stage::Held, Some(Stage::Received), Some(Code::TookPlace)));
        journal.intend(&message, &call, now).await.expect_err("the earlier run does nothing more");
    }
}
