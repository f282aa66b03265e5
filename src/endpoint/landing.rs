//! A call to Odoo may still be running although nobody waits for its answer: consign was killed, a run was stopped, or the answer was lost.
//! Until that call must have ended, no plan is executed in this Odoo. A search would not find what the call has not committed yet, and what
//! it commits later would overwrite newer values.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OwnedMutexGuard;

use crate::model::Clock;

/// How often the journal says that a call to Odoo is still running, so that after a crash it shows when it last was.
pub const ALIVE: TimeDelta = TimeDelta::seconds(15);

/// Until when a call may still be running in an Odoo. It belongs to the right to write to that Odoo.
#[derive(Debug, Default)]
pub struct Landing {
    until: Option<DateTime<Utc>>,
    /// The journal was asked for calls of earlier processes.
    pub(super) is_known: bool,
    /// The present wait was reported.
    pub(super) is_reported: bool,
}

impl Landing {
    pub(super) fn set(&mut self, until: Option<DateTime<Utc>>) {
        (self.until, self.is_reported) = (until, false);
    }

    /// When a call that may still be running must have ended; `None` if that time is before `now`. Never later than `within` from now: the
    /// clock may have been set back.
    pub(super) fn until(&mut self, now: DateTime<Utc>, within: TimeDelta) -> Option<DateTime<Utc>> {
        self.until = self.until.filter(|until| *until > now).map(|until| until.min(now + within));
        self.until
    }
}

/// The right to write to an Odoo. If it is dropped without [`Turn::end`], because an answer was lost or the run was stopped, a call may
/// still be running: the next turn begins only when that call must have ended.
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

    /// Gives the right back: every call was answered.
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
