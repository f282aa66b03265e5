//! What an Odoo may still be at although nobody waits for its answer: a process was killed, a run was broken off, an answer was lost. Until
//! that is over, nothing is written to this Odoo and nothing is looked for there in order to be written: a look would not find what Odoo
//! has not committed, and what it commits later would overwrite what is newer.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OwnedMutexGuard;

use crate::model::Clock;

/// How often the journal says that a call to Odoo is still running, so that after a crash it shows when it last was.
pub const ALIVE: TimeDelta = TimeDelta::seconds(15);

/// Until when an Odoo may be at something. It goes with the right to write to it.
#[derive(Debug, Default)]
pub struct Landing {
    until: Option<DateTime<Utc>>,
    /// What earlier processes have left behind was asked for.
    pub(super) is_known: bool,
    /// It was reported.
    pub(super) is_reported: bool,
}

impl Landing {
    pub(super) fn set(&mut self, until: Option<DateTime<Utc>>) {
        (self.until, self.is_reported) = (until, false);
    }

    /// Until when it may be at something, where that is not over `now`. It is never longer than a request can take from now: the clock may
    /// have been set back.
    pub(super) fn until(&mut self, now: DateTime<Utc>, within: TimeDelta) -> Option<DateTime<Utc>> {
        self.until = self.until.filter(|until| *until > now).map(|until| until.min(now + within));
        self.until
    }
}

/// The right to write to an Odoo. Dropped without [`Turn::end`], because an answer is lost or the run is broken off, it leaves behind that
/// Odoo may be at a call from then on, as long as it gives a request.
pub struct Turn {
    landing: OwnedMutexGuard<Landing>,
    lands: TimeDelta,
    clock: Arc<dyn Clock>,
    has_ended: bool,
}

impl Turn {
    pub(super) fn new(landing: OwnedMutexGuard<Landing>, lands: TimeDelta, clock: Arc<dyn Clock>) -> Self {
        Self { landing, lands, clock, has_ended: false }
    }

    /// All that was asked was answered.
    pub fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let until = (!self.has_ended).then(|| self.clock.now() + self.lands);
        self.landing.set(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_closes_an_odoo_for_no_longer_than_a_request_takes() {
        let (within, minute) = (TimeDelta::seconds(165), TimeDelta::seconds(60));
        let (mut landing, began) = (Landing::default(), Utc::now());
        landing.set(Some(began + within));
        assert_eq!(landing.until(began + minute, within), Some(began + within), "the usual");
        let set_back = began - TimeDelta::hours(1);
        assert_eq!(landing.until(set_back, within), Some(set_back + within));
        assert_eq!(landing.until(set_back + minute, within), Some(set_back + within), "it does not move on with the clock");
        assert_eq!(landing.until(set_back + within, within), None);
    }
}
