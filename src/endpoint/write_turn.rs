//! Who may write to an Odoo now: one run at a time, and none while a call of an earlier run may still be running there.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    landing::{ALIVE, Landing, Turn},
    site::Site,
};
use crate::model::{Code, Problem};

/// Added to Odoo's time limit of a request: for the network, and for Odoo to abort the request.
const BEYOND: TimeDelta = TimeDelta::seconds(30);
/// Longest wait for another task that asks the journal the same at the start. One that writes holds its turn for longer.
const ASKING: Duration = Duration::from_secs(2);

impl Site {
    /// How long a request may still run in an Odoo after nobody waits for its answer any more.
    pub fn lands_within(&self, odoo: &str) -> TimeDelta {
        let longest = self.workspace().odoo(odoo).ok().and_then(|odoo| TimeDelta::from_std(odoo.longest_request()).ok());
        longest.unwrap_or_default() + BEYOND
    }

    /// The right to write to an Odoo; others wait until it is released.
    ///
    /// # Errors
    /// There is no Odoo of that name, a call may still be running there (C423), or the journal cannot be read.
    pub async fn turn_to_write(&self, odoo: &str) -> Result<Turn, Problem> {
        let mut landing = self.writing(odoo).await?;
        let (now, lands) = (self.clock().now(), self.lands_within(odoo));
        if let Some(until) = self.lands_at(&mut landing, odoo, now).await? {
            return Err(may_land(odoo, until));
        }
        Ok(Turn::new(landing, lands, self.shared_clock()))
    }

    /// The problem to report while an Odoo may still process a call, and whether it is new. `None` while somebody writes.
    ///
    /// # Errors
    /// As [`Site::turn_to_write`].
    pub async fn still_landing(&self, odoo: &str) -> Result<Option<(Problem, bool)>, Problem> {
        let mut landing = match self.writing_now(odoo)? {
            Some(landing) => landing,
            // The turn is held by a run that writes. Before the first question it may also be held for that question.
            None if self.has_asked(odoo) => return Ok(None),
            None => match tokio::time::timeout(ASKING, self.writing(odoo)).await {
                Ok(landing) => landing?,
                Err(_) => return Ok(None),
            },
        };
        let Some(until) = self.lands_at(&mut landing, odoo, self.clock().now()).await? else { return Ok(None) };
        let is_new = !std::mem::replace(&mut landing.is_reported, true);
        Ok(Some((may_land(odoo, until), is_new)))
    }

    async fn lands_at(&self, landing: &mut Landing, odoo: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
        let within = ALIVE + self.lands_within(odoo);
        if !landing.is_known {
            let last = self.journal().last_under_way(odoo, now - within).await?;
            landing.set(last.map(|last| last + within));
            landing.is_known = true;
            self.asked(odoo);
        }
        Ok(landing.until(now, within))
    }
}

fn may_land(odoo: &str, until: DateTime<Utc>) -> Problem {
    let which = if odoo.is_empty() { "Odoo".to_string() } else { format!("the Odoo `{odoo}`") };
    let text = format!(
        "{which} may still process a call whose answer was lost; consign writes nothing to it before {}",
        until.format("%Y-%m-%d %H:%M:%S UTC")
    );
    Problem::new(Code::MayLand, text)
}
