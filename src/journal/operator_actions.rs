//! What a person does to a message: one transaction for each action, with who did it and why.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    audit::{self, AuditEntry},
    history::event,
    intents,
    message::{moved_meanwhile, still_here},
    receive::{NewMessage, insert},
    sql::{Journal, Writing, commit},
    steps::{Step, Until, take},
};
use crate::{
    failpoints::{Planted, planted},
    model::{Code, Effect, Intent, Message, Outcome, Problem, ReprocessOptions, Stage},
};

/// The stage at which a reprocessed message continues; none if it starts from the beginning, perhaps with another Odoo.
fn goes_on(message: &Message, intents: &[Intent], odoo: Option<&str>) -> Option<Stage> {
    let unclear = intents.iter().any(|intent| intent.needs_a_person() && intent.closed.is_none());
    let untouched = intents.iter().all(|intent| intent.outcome() == Some(Outcome::NotHappened));
    let moves = odoo.is_some_and(|odoo| odoo != message.odoo);
    match (message.stage, message.resume) {
        // A message that waits for an Odoo that its flow no longer uses starts again with the current one, unless it has begun to write.
        (Stage::Waiting, Some(resume)) if message.firm || !(moves && untouched) => Some(resume),
        // If it was held before it did anything, it starts again; otherwise what it began is finished first.
        (Stage::Held, Some(resume)) if !untouched => Some(resume),
        // If it was sent, it only has to finish; to send it once more is another action.
        (Stage::Failed | Stage::Discarded, _) if unclear || intents.iter().any(Intent::sent) => Some(message.pipeline().effect()),
        _ => None,
    }
}

/// The first effect whose outcome only a person or a check can decide, as a problem.
fn undecided(message: &Message, intents: &[Intent]) -> Option<Problem> {
    intents.iter().find(|intent| intent.needs_a_person()).map(|intent| intent.uncertain(&message.id.short()))
}

/// Until when a message must wait, whoever asks: an effect may still land. For a message that is done this is only its note and does not
/// prevent a reprocess: the next run has its own note.
fn firm_until(message: &Message, now: DateTime<Utc>) -> Option<Until> {
    message.until.filter(|until| message.firm && *until > now && message.stage != Stage::Done).map(|at| Until { at, firm: true })
}

/// Lets a waiting or held message continue from its stage: now, or as soon as no effect can land any more.
async fn go_on(to: &mut Writing<'_>, message: &mut Message, resume: Stage, entry: &AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
    let firm = firm_until(message, now);
    match (message.stage, firm) {
        (Stage::Waiting, None) => take(to, message, resume, Step { entry: Some(entry), ..Step::default() }, now).await,
        (Stage::Waiting, Some(until)) => {
            let at = until.at.format("%Y-%m-%d %H:%M:%S UTC");
            let note = format!("{}; next try at {at}: Odoo may still be working on the last call until then", entry.note());
            options(to, message).await?;
            event(to, message.id, message.stage, Some(&note), now).await?;
            audit::write_down(to, Some(message.id), entry, now).await
        }
        (_, firm) => {
            let until = firm.or(Some(Until { at: now, firm: false }));
            take(to, message, Stage::Waiting, Step { resume: Some(resume), until, entry: Some(entry), ..Step::default() }, now).await
        }
    }
}

/// Writes how a message is reprocessed, if it takes no step.
async fn options(to: &mut Writing<'_>, message: &Message) -> Result<(), Problem> {
    let update = sqlx::query("update message set as_then = ?, overwrite = ? where id = ? and stage = ?");
    let update = update.bind(message.again.as_then).bind(message.again.overwrite).bind(message.id.to_string());
    match update.bind(message.stage.as_str()).execute(&mut **to).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(moved_meanwhile(message)),
    }
}

impl Journal {
    /// The Odoo that a message uses when it is reprocessed, if its flow uses `odoo` today.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn goes_to(&self, message: &Message, odoo: &str) -> Result<String, Problem> {
        let intents = self.intents_of_run(message).await?;
        let anew = goes_on(message, &intents, Some(odoo)).is_none() && !intents.iter().any(Intent::is_undecided);
        Ok(if anew { odoo.to_string() } else { message.odoo.clone() })
    }

    /// Starts a message again from its original. A waiting or held one continues from its stage: its effect may exist already, and must
    /// be found under the same mark. So does one whose effect is unknown, which is looked for first. If `odoo` is given, a message that
    /// starts from the beginning goes there.
    ///
    /// # Errors
    /// The message is being processed, a person must first decide whether it has had its effect, or the journal cannot be written.
    pub async fn restart(
        &self,
        message: &mut Message,
        again: ReprocessOptions,
        odoo: Option<&str>,
        entry: &AuditEntry,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        moved.again = again;
        let intents = match planted(Planted::Reopened) {
            true => Vec::new(),
            false => intents::of_run(&mut to, message).await?,
        };
        match goes_on(message, &intents, odoo) {
            Some(stage) => go_on(&mut to, &mut moved, stage, entry, now).await?,
            None => {
                if let Some(problem) = undecided(message, &intents) {
                    return Err(problem);
                }
                let next = if again.checked { message.pipeline().checked } else { Stage::Received };
                if again.checked && !message.checked {
                    let text = format!("message {} was never validated, so validation cannot be skipped", message.id.short());
                    return Err(Problem::new(Code::Stage, text));
                }
                if !message.pipeline().allows(message.stage, next) {
                    let text = format!("message {} is {}: it continues by itself", message.id.short(), message.stage);
                    let hint =
                        format!("to run it now: consign run --once {}; to stop it: consign hold {}", message.flow, message.id.short());
                    return Err(Problem::new(Code::Stage, text).hint(hint));
                }
                // Records that may have been written under the mark of this run must be found under it.
                let anew = !intents.iter().any(Intent::is_undecided);
                if let (true, Some(odoo)) = (anew, odoo) {
                    moved.odoo = odoo.to_string();
                }
                match firm_until(message, now) {
                    None => take(&mut to, &mut moved, next, Step { entry: Some(entry), anew, ..Step::default() }, now).await?,
                    until => {
                        let step = Step { resume: Some(next), until, entry: Some(entry), anew, ..Step::default() };
                        take(&mut to, &mut moved, Stage::Waiting, step, now).await?;
                    }
                }
            }
        }
        commit(to).await?;
        *message = moved;
        Ok(())
    }

    /// Lets a held message continue from its stage, with the options that it had.
    ///
    /// # Errors
    /// As [`Journal::restart`].
    pub async fn release(&self, message: &mut Message, entry: &AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
        let (again, Some(resume)) = (message.again, message.resume.filter(|_| message.stage == Stage::Held)) else {
            return self.restart(message, message.again, None, entry, now).await;
        };
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        moved.again = again;
        go_on(&mut to, &mut moved, resume, entry, now).await?;
        commit(to).await?;
        *message = moved;
        Ok(())
    }

    /// Holds a message because a person says so; later it continues from its stage.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold_back(&self, message: &mut Message, entry: &AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
        self.hold_as(message, entry, false, now).await
    }

    /// Holds a message of a restored journal, which does not know what happened since: open effects are unknown, and a missing file
    /// proves nothing.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn hold_unknown(&self, message: &mut Message, entry: &AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
        self.hold_as(message, entry, true, now).await
    }

    async fn hold_as(&self, message: &mut Message, entry: &AuditEntry, unknown: bool, now: DateTime<Utc>) -> Result<(), Problem> {
        let resume = if message.stage == Stage::Waiting { message.resume } else { Some(message.stage) };
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        let until = firm_until(message, now);
        take(&mut to, &mut moved, Stage::Held, Step { resume, until, entry: Some(entry), ..Step::default() }, now).await?;
        if unknown {
            intents::call_unknown(&mut to, &moved, now).await?;
        }
        commit(to).await?;
        *message = moved;
        Ok(())
    }

    /// Ends a message for good, whatever it was about to do. Its undecided effects are written as not checked, and returned.
    ///
    /// # Errors
    /// As [`Journal::advance`].
    pub async fn discard(&self, message: &mut Message, entry: &AuditEntry, now: DateTime<Utc>) -> Result<Vec<Intent>, Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        let open = discard(&mut to, &mut moved, entry, now).await?;
        commit(to).await?;
        *message = moved;
        Ok(open)
    }

    /// A person decides whether effects took place that cannot be checked: all that are undecided in the message's present run, or the
    /// one with this number. A message that is held for it continues. Returns the decided effects.
    ///
    /// # Errors
    /// Nothing is undecided, or the journal cannot be written.
    pub async fn resolve(
        &self,
        message: &mut Message,
        only: Option<i64>,
        outcome: Outcome,
        entry: &AuditEntry,
        (now, lands): (DateTime<Utc>, TimeDelta),
    ) -> Result<Vec<Intent>, Problem> {
        let mut to = self.begin().await?;
        let mut moved = message.clone();
        still_here(&mut to, message).await?;
        let under_way = |intent: &Intent| intent.effect.is_in_odoo() && !intent.is_answered && intent.is_undecided();
        let until =
            intents::of_run(&mut to, message).await?.iter().filter(|intent| under_way(intent)).map(|intent| intent.opened + lands).max();
        if let Some(until) = until.filter(|until| *until > now) {
            let at = until.format("%Y-%m-%d %H:%M:%S UTC");
            let text = format!("Odoo may still be working on message {}; the outcome cannot be checked before {at}", message.id.short());
            return Err(Problem::new(Code::MayLand, text).hint("check in Odoo after that time, then decide"));
        }
        let waits_for_this = message.stage == Stage::Held && message.code == Some(Code::Uncertain);
        if !waits_for_this && !matches!(message.stage, Stage::Failed | Stage::Discarded) {
            let text =
                format!("message {} is {}: consign has not checked yet whether the effect took place", message.id.short(), message.stage);
            let look = if message.stage == Stage::Held {
                format!("consign release {}", message.id.short())
            } else {
                format!("consign run --once {}", message.flow)
            };
            return Err(Problem::new(Code::Stage, text).hint(format!("let consign check first: {look}")));
        }
        let undecided: Vec<Intent> = intents::of_run(&mut to, message).await?.into_iter().filter(Intent::is_undecided).collect();
        // An effect that may be repeated needs no decision if there is anything else to decide.
        let any = undecided.iter().any(Intent::needs_a_person);
        let (decided, left): (Vec<Intent>, Vec<Intent>) = undecided
            .into_iter()
            .filter(|intent| intent.needs_a_person() || !any)
            .partition(|intent| only.is_none_or(|only| only == intent.id));
        if decided.is_empty() {
            let which = only.map(|only| format!(" with the number {only}")).unwrap_or_default();
            let text = format!("message {} has no undecided effect{which}", message.id.short());
            return Err(Problem::new(Code::Stage, text).hint("`consign show` lists the effects of a message"));
        }
        let effects: Vec<Effect> = decided.iter().map(|intent| intent.effect.clone()).collect();
        intents::close(&mut to, message, &effects, outcome, now).await?;
        let how = if outcome == Outcome::Happened { "took place" } else { "did not take place" };
        let named: Vec<String> = effects.iter().map(ToString::to_string).collect();
        let entry = AuditEntry { detail: Some(format!("{how}: {}", named.join("; "))), ..entry.clone() };
        let note = format!("decided by {}: {how}: {}", entry.who, named.join("; "));
        event(&mut to, message.id, message.stage, Some(&note), now).await?;
        match message.resume.filter(|_| waits_for_this && left.is_empty()) {
            Some(resume) => go_on(&mut to, &mut moved, resume, &entry, now).await?,
            None => {
                event(&mut to, message.id, message.stage, Some(&entry.note()), now).await?;
                audit::write_down(&mut to, Some(message.id), &entry, now).await?;
                if message.stage == Stage::Discarded && !message.pipeline().maps() {
                    // Its upload is removed now that it need not prove anything any more.
                    let update = sqlx::query("update message set moved = 0 where id = ?").bind(message.id.to_string());
                    update.execute(&mut *to).await?;
                    moved.moved = false;
                }
            }
        }
        commit(to).await?;
        *message = moved;
        Ok(decided)
    }

    /// Replaces a message by an edited copy. A refused or held original is discarded.
    ///
    /// # Errors
    /// It is unknown whether the message has had an effect, or the journal cannot be written; then nothing was done.
    pub async fn replace(
        &self,
        original: &mut Message,
        copy: &NewMessage,
        difference: &str,
        entry: &AuditEntry,
        now: DateTime<Utc>,
    ) -> Result<Message, Problem> {
        let mut to = self.begin().await?;
        let mut moved = original.clone();
        still_here(&mut to, original).await?;
        let intents = intents::of_run(&mut to, original).await?;
        if let Some(intent) = intents.iter().find(|intent| intent.closed.is_none() || intent.needs_a_person()) {
            let problem = intent.uncertain(&original.id.short());
            let text = format!("message {} cannot be edited: {}", original.id.short(), problem.message);
            let release = format!("let it finish first: consign release {}", original.id.short());
            let held = original.stage == Stage::Held && original.code != Some(Code::Uncertain);
            return Err(Problem::new(Code::Uncertain, text).maybe_hint(if held { Some(release.into()) } else { problem.hint }));
        }
        let made = insert(&mut to, copy, now).await?;
        audit::write_down(&mut to, Some(made.id), &AuditEntry { detail: Some(difference.to_string()), ..entry.clone() }, now).await?;
        if matches!(original.stage, Stage::Failed | Stage::Held) {
            let replaced = AuditEntry { detail: Some(format!("replaced by its edited copy {}", made.id.short())), ..entry.clone() };
            discard(&mut to, &mut moved, &replaced, now).await?;
        } else {
            let note = format!("edited by {}: see message {}", entry.who, made.id.short());
            event(&mut to, original.id, original.stage, Some(&note), now).await?;
        }
        commit(to).await?;
        *original = moved;
        Ok(made)
    }
}

pub(super) async fn discard(
    to: &mut Writing<'_>,
    message: &mut Message,
    entry: &AuditEntry,
    now: DateTime<Utc>,
) -> Result<Vec<Intent>, Problem> {
    let (before, until) = (message.clone(), firm_until(message, now));
    let open: Vec<Intent> = intents::of_run(to, message).await?.into_iter().filter(|intent| intent.closed.is_none()).collect();
    let named: Vec<String> = open.iter().map(|intent| intent.effect.to_string()).collect();
    let unknown = (!named.is_empty()).then(|| format!("not known whether it took place: {}", named.join("; ")));
    let entry = AuditEntry { detail: entry.detail.clone().or(unknown.clone()), ..entry.clone() };
    take(to, message, Stage::Discarded, Step { until, entry: Some(&entry), ..Step::default() }, now).await?;
    intents::call_unknown(to, &before, now).await?;
    if let Some(unknown) = unknown {
        event(to, message.id, Stage::Discarded, Some(&unknown), now).await?;
    }
    Ok(open)
}
