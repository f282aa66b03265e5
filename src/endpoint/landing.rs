//! What an Odoo may still be at although nobody waits for its answer: a process was killed, a run was broken off, an answer was lost. Until
//! that is over, nothing is written to this Odoo and nothing is looked for there in order to be written: a look would not find what Odoo
//! has not committed, and what it commits later would overwrite what is newer.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OwnedMutexGuard;

use super::site::Site;
use crate::model::{Code, Problem};

/// What a request may take beyond the time that Odoo gives it, on its way and to be broken off.
const BEYOND: TimeDelta = TimeDelta::seconds(30);
/// How often the journal says that a call to Odoo is still running, so that after a crash it shows when it last was.
pub const ALIVE: TimeDelta = TimeDelta::seconds(15);

/// Until when an Odoo may be at something. It goes with the right to write to it.
#[derive(Debug, Default)]
pub struct Landing {
    until: Option<DateTime<Utc>>,
    /// What earlier processes have left behind was asked for.
    is_known: bool,
    /// It was reported.
    is_reported: bool,
}

impl Landing {
    fn set(&mut self, until: Option<DateTime<Utc>>) {
        (self.until, self.is_reported) = (until, false);
    }
}

/// The right to write to an Odoo. Dropped before [`Turn::end`], as with a run that is broken off, it leaves behind that Odoo may still be at
/// what it was asked.
pub struct Turn {
    landing: OwnedMutexGuard<Landing>,
    lands: TimeDelta,
}

impl Turn {
    /// All that was asked was answered; or, where an answer is `lost`, Odoo may be at it from now on as long as it gives a request.
    pub fn end(mut self, lost: Option<DateTime<Utc>>) {
        let until = lost.map(|now| now + self.lands);
        self.landing.set(until);
    }
}

impl Site {
    /// How long an Odoo may be at a request whose answer nobody waits for any more.
    pub fn lands_within(&self, odoo: &str) -> TimeDelta {
        let longest = self.workspace().odoo(odoo).ok().and_then(|odoo| TimeDelta::from_std(odoo.longest_request()).ok());
        longest.unwrap_or_default() + BEYOND
    }

    /// The right to write to an Odoo; others wait until it is given back.
    ///
    /// # Errors
    /// There is none of that name; it may still be at something (C423); or the journal cannot be read.
    pub async fn turn_to_write(&self, odoo: &str) -> Result<Turn, Problem> {
        let mut landing = self.writing(odoo).await?;
        let (now, lands) = (self.clock().now(), self.lands_within(odoo));
        if let Some(until) = self.lands_at(&mut landing, odoo, now).await? {
            return Err(may_land(odoo, until));
        }
        landing.set(Some(now + ALIVE + lands));
        Ok(Turn { landing, lands })
    }

    /// That an Odoo may still be at something: what is said of it, the first time that somebody asks in this process; nothing where
    /// somebody writes to it now.
    ///
    /// # Errors
    /// As [`Site::turn_to_write`].
    pub async fn still_landing(&self, odoo: &str) -> Result<Option<(Problem, bool)>, Problem> {
        let Some(mut landing) = self.writing_now(odoo)? else { return Ok(None) };
        let Some(until) = self.lands_at(&mut landing, odoo, self.clock().now()).await? else { return Ok(None) };
        let is_new = !std::mem::replace(&mut landing.is_reported, true);
        Ok(Some((may_land(odoo, until), is_new)))
    }

    async fn lands_at(&self, landing: &mut Landing, odoo: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
        if !landing.is_known {
            let within = ALIVE + self.lands_within(odoo);
            let last = self.journal().last_under_way(odoo, now - within).await?;
            landing.set(last.map(|last| last + within));
            landing.is_known = true;
        }
        Ok(landing.until.filter(|until| *until > now))
    }
}

fn may_land(odoo: &str, until: DateTime<Utc>) -> Problem {
    let which = if odoo.is_empty() { "Odoo".to_string() } else { format!("the Odoo `{odoo}`") };
    let text = format!(
        "{which} may still be at a call whose answer did not come; nothing is written to it before {}",
        until.format("%Y-%m-%d %H:%M:%S UTC")
    );
    Problem::new(Code::MayLand, text)
}
