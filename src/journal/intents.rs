//! What messages were about to do, and how it ended: a row is written before the effect and closed by its outcome.
//!
//! **Invariant:** what an open intent means changes only by a check outside ([`Journal::conclude`]) or by a person's decision
//! (`resolve`, `discard` in [`super::operator_actions`]); hold, release, reprocess and restarts leave it as it is, and edit is refused.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

use super::{
    answers::expect,
    identity,
    message::still_here,
    sql::{Cells, Journal, Writing, all, commit, stamp},
};
use crate::model::{Effect, Intent, Message, Outcome, Problem, intent::Prior};

/// The source stored for a delivery that may be repeated.
const REPEATABLE: &str = "repeatable";

/// Stored as the source of an effect in Odoo after every call for it was answered: none of them is still running.
const ANSWERED: &str = "answered";

fn effect(kind: &str, name: String, source: Option<String>, place: Option<String>) -> Option<Effect> {
    match kind {
        "call" => Some(Effect::Call(name)),
        "deliver" => Some(Effect::Deliver { to: name, repeatable: source.as_deref() == Some(REPEATABLE) }),
        "rename" => Some(Effect::Rename { from: source, to: name, place }),
        "write" => Some(Effect::Write(name)),
        _ => None,
    }
}

fn intent(row: &SqliteRow) -> Result<Intent, Problem> {
    let cells = Cells::of("intent", "id", row);
    let (name, source, place): (_, Option<String>, _) = (cells.get("name")?, cells.get("source")?, cells.get("place")?);
    let is_answered = source.as_deref() == Some(ANSWERED);
    let closed = match (cells.maybe("outcome", "an outcome", Outcome::parse)?, cells.maybe_time("closed")?) {
        (Some(outcome), Some(at)) => Some((outcome, at)),
        _ => None,
    };
    Ok(Intent {
        id: cells.get("id")?,
        run: cells.number("run")?,
        effect: cells.parsed("kind", "a kind of effect", |kind| effect(kind, name, source, place))?,
        opened: cells.time("opened")?,
        is_answered,
        closed,
    })
}

/// Writes that effects are about to take place: all, or none if one of them is not new in this run.
pub(super) async fn open(to: &mut Writing<'_>, message: &Message, effects: &[Effect], now: DateTime<Utc>) -> Result<Vec<Prior>, Problem> {
    // A message that was held, discarded or reprocessed meanwhile must have no effect through a worker that still has its old state.
    still_here(to, message).await?;
    let mut known = Vec::with_capacity(effects.len());
    for effect in effects {
        let query = sqlx::query("select * from intent where message = ? and run = ? and kind = ? and name = ?");
        let query = query.bind(message.id.to_string()).bind(message.run).bind(effect.kind()).bind(effect.name());
        let before = query.fetch_optional(&mut **to).await?.as_ref().map(intent).transpose()?;
        known.push(match before.map(|intent| intent.outcome()) {
            None | Some(Some(Outcome::NotHappened)) => Prior::New,
            Some(Some(Outcome::Happened)) => Prior::Done,
            Some(None | Some(Outcome::Unknown)) => Prior::Open,
        });
    }
    // An effect that may be repeated starts again, however it ended before.
    if known.iter().zip(effects).all(|(known, effect)| *known == Prior::New || effect.may_be_repeated()) {
        identity::counts(to).await?;
        for effect in effects {
            let (source, place) = match effect {
                Effect::Rename { from, place, .. } => (from.as_deref(), place.as_deref()),
                Effect::Deliver { repeatable: true, .. } => (Some(REPEATABLE), None),
                Effect::Call(_) | Effect::Deliver { .. } | Effect::Write(_) => (None, None),
            };
            let insert = sqlx::query(
                "insert into intent (message, run, kind, name, source, place, opened) values (?, ?, ?, ?, ?, ?, ?)
                 on conflict do update set opened = excluded.opened, source = excluded.source, place = excluded.place, outcome = null, closed = null",
            );
            let insert = insert.bind(message.id.to_string()).bind(message.run).bind(effect.kind()).bind(effect.name());
            insert.bind(source).bind(place).bind(stamp(now)).execute(&mut **to).await?;
        }
    }
    Ok(known)
}

/// Writes how effects ended. This also closes one that was marked unknown meanwhile. An effect that took place counts, even if someone
/// said that it did not.
pub(super) async fn close(
    to: &mut Writing<'_>,
    message: &Message,
    effects: &[Effect],
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for effect in effects {
        let update = sqlx::query(
            "update intent set outcome = ?1, closed = ?2 where message = ?3 and run = ?4 and kind = ?5 and name = ?6
             and (outcome is null or outcome = 'unknown' or outcome = 'not_happened' and ?1 = 'happened')",
        );
        let update = update.bind(outcome.as_str()).bind(stamp(now)).bind(message.id.to_string()).bind(message.run);
        update.bind(effect.kind()).bind(effect.name()).execute(&mut **to).await?;
    }
    Ok(())
}

/// The intents of a message's present run.
pub(super) async fn of_run(to: &mut Writing<'_>, message: &Message) -> Result<Vec<Intent>, Problem> {
    let query = sqlx::query("select * from intent where message = ? and run = ? order by id");
    all(&query.bind(message.id.to_string()).bind(message.run).fetch_all(&mut **to).await?, intent)
}

/// Whether a document of a message was sent, or may have been, in any of its runs.
pub(super) async fn may_be_sent(to: &mut Writing<'_>, message: &Message) -> Result<bool, Problem> {
    let query = sqlx::query("select * from intent where message = ? and kind in ('deliver', 'rename')").bind(message.id.to_string());
    Ok(all(&query.fetch_all(&mut **to).await?, intent)?.iter().any(|intent| intent.outcome() != Some(Outcome::NotHappened)))
}

/// Marks the open intents of a message's present run as unknown.
pub(super) async fn call_unknown(to: &mut Writing<'_>, message: &Message, now: DateTime<Utc>) -> Result<Vec<Intent>, Problem> {
    let open: Vec<Intent> = of_run(to, message).await?.into_iter().filter(|intent| intent.closed.is_none()).collect();
    let effects: Vec<Effect> = open.iter().map(|intent| intent.effect.clone()).collect();
    close(to, message, &effects, Outcome::Unknown, now).await?;
    Ok(open)
}

impl Journal {
    /// Writes that effects are about to take place: all, or none if one of them is not new in this run. Returns what was known of each
    /// before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn intend(&self, message: &Message, effects: &[Effect], now: DateTime<Utc>) -> Result<Vec<Prior>, Problem> {
        let mut to = self.begin().await?;
        let known = open(&mut to, message, effects, now).await?;
        commit(to).await?;
        Ok(known)
    }

    /// Writes that a document is about to be sent, and when its acknowledgement is due if one is expected: before the sending, since the
    /// partner may acknowledge at once. Returns what was known of the sending before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn about_to_send(
        &self,
        message: &Message,
        sending: &Effect,
        due: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Prior>, Problem> {
        let mut to = self.begin().await?;
        let known = open(&mut to, message, std::slice::from_ref(sending), now).await?;
        if let Some(due) = due {
            expect(&mut to, message, due).await?;
        }
        commit(to).await?;
        Ok(known)
    }

    /// Writes that the calls of a message's present run are still running in Odoo, even if a person has discarded it meanwhile.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn still_under_way(&self, message: &Message, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let update = "update intent set opened = ? where message = ? and run = ? and kind in ('call', 'write') and source is null
             and (outcome is null or outcome = 'unknown')";
        sqlx::query(update).bind(stamp(now)).bind(message.id.to_string()).bind(message.run).execute(&mut *to).await?;
        commit(to).await
    }

    /// Writes that Odoo has answered every call of a message's present run. Open intents stay open.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn all_answered(&self, message: &Message) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        let update = "update intent set source = ? where message = ? and run = ? and kind in ('call', 'write')
             and (outcome is null or outcome = 'unknown')";
        sqlx::query(update).bind(ANSWERED).bind(message.id.to_string()).bind(message.run).execute(&mut *to).await?;
        commit(to).await
    }

    /// When an unanswered call was last known to be running in an Odoo, not before `since`. Only the process that may write to that Odoo
    /// asks: so the call belongs to an earlier process.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn last_under_way(&self, odoo: &str, since: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
        // Whatever people did with its message meanwhile. It uses the index over stages: of a million messages nearly all are done.
        let query = sqlx::query(
            "select max(i.opened) as opened from message m join intent i on i.message = m.id
             where m.stage in ('received', 'checked', 'planned', 'waiting', 'held', 'failed', 'discarded') and m.odoo = ?1 and i.opened > ?2
             and i.kind in ('call', 'write') and i.source is null and (i.outcome is null or i.outcome = 'unknown')",
        );
        let row = query.bind(odoo).bind(stamp(since)).fetch_one(&self.pool).await?;
        Cells::of("intent", "opened", &row).maybe_time("opened")
    }

    /// Every intent of a message, of all its runs, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn intents(&self, message: &Message) -> Result<Vec<Intent>, Problem> {
        let query = sqlx::query("select * from intent where message = ? order by id").bind(message.id.to_string());
        all(&query.fetch_all(&self.pool).await?, intent)
    }

    /// The intents of a message's present run.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn intents_of_run(&self, message: &Message) -> Result<Vec<Intent>, Problem> {
        let query = sqlx::query("select * from intent where message = ? and run = ? order by id");
        all(&query.bind(message.id.to_string()).bind(message.run).fetch_all(&self.pool).await?, intent)
    }
}
