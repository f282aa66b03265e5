//! The back-off of messages.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    journal::Until,
    model::{Code, MessageId, Problems},
};

/// Seconds before the first retry.
const SOON: i64 = 30;
/// Maximum seconds between two attempts.
const LONGEST: i64 = 3600;

/// When to retry after `attempts` attempts: half a minute, doubled each time up to one hour. The message's id adds up to a tenth, so that
/// many waiting messages do not all retry at the same time.
///
/// After a lost answer from Odoo the next attempt is not before `lands_within` has passed, even if a person asks. If another effect may
/// still take place until `landed`, it is not before that.
pub(super) fn next_try(
    (message, attempts): (MessageId, u32),
    problems: &Problems,
    lands_within: TimeDelta,
    landed: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Until {
    let firm = problems.iter().any(|problem| problem.code == Code::OdooTimeout);
    let seconds =
        SOON.saturating_mul(1 << attempts.min(7)).clamp(if firm { lands_within.num_seconds().clamp(SOON, LONGEST) } else { SOON }, LONGEST);
    // After a lost answer it continues as soon as writes to that Odoo are allowed again, before younger messages.
    let spread = if firm { 0 } else { u32::from_str_radix(&message.short(), 16).map_or(0, i64::from) % (seconds / 10 + 1) };
    let at = now + TimeDelta::seconds(seconds + spread);
    match landed.filter(|landed| *landed > now) {
        Some(landed) => Until { at: at.max(landed), firm: true },
        None => Until { at, firm },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problem;

    const LANDS: TimeDelta = TimeDelta::seconds(150);

    #[test]
    fn waits_longer_each_time_up_to_an_hour() {
        let (id, now) = (MessageId::new(), Utc::now());
        let busy = Problems::from(Problem::new(Code::OdooBusy, "busy"));
        let waits: Vec<i64> = (0..12).map(|attempts| (next_try((id, attempts), &busy, LANDS, None, now).at - now).num_seconds()).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(waits[0] >= 30 && waits[11] <= 3960, "{waits:?}");
    }

    #[test]
    fn an_answer_that_did_not_come_is_waited_for_whoever_asks() {
        let (id, now) = (MessageId::new(), Utc::now());
        let lost = Problems::from(Problem::new(Code::OdooTimeout, "no answer"));
        let until = next_try((id, 0), &lost, LANDS, None, now);
        assert!(until.firm && (until.at - now).num_seconds() >= LANDS.num_seconds());
    }
}
