//! Temporary or not, and how long to wait.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Code, MessageId, Problems};

/// Whether everything that is wrong may be gone later. One permanent problem makes waiting pointless.
pub(super) fn is_temporary(problems: &Problems) -> bool {
    !problems.is_empty() && problems.iter().all(|problem| problem.is_temporary() || OURS.contains(&problem.code))
}

/// Mistakes in our own house: the document is not at fault and waits until they are mended.
const OURS: [Code; 7] = [
    Code::ConfigUnreadable,
    Code::ConfigMissingKey,
    Code::ConfigBadValue,
    Code::ConfigUnknownName,
    Code::ConfigSecret,
    Code::SchemaBroken,
    Code::SchemaMissing,
];

/// When to try again after `attempts` tries: half a minute, doubled each time up to an hour, and up to a tenth more by the message's
/// own id, so that many waiting messages do not all come back at once.
///
/// After an answer that did not come, Odoo may still be at it: it is given as long as it gives a request itself (`limit_time_real`,
/// 120 s by default) before anyone looks for what it did.
pub(super) fn next_try(message: MessageId, attempts: u32, problems: &Problems, now: DateTime<Utc>) -> DateTime<Utc> {
    let least = if problems.iter().any(|problem| problem.code == Code::OdooTimeout) { 150 } else { 30 };
    let seconds = 30i64.saturating_mul(1 << attempts.min(7)).clamp(least, 3600);
    let spread = u32::from_str_radix(&message.short(), 16).map_or(0, i64::from) % (seconds / 10 + 1);
    now + TimeDelta::seconds(seconds + spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problem;

    #[test]
    fn waits_longer_each_time_up_to_an_hour() {
        let (id, now) = (MessageId::new(), Utc::now());
        let busy = Problems::from(Problem::new(Code::OdooBusy, "busy"));
        let waits: Vec<i64> = (0..12).map(|attempts| (next_try(id, attempts, &busy, now) - now).num_seconds()).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(waits[0] >= 30 && waits[11] <= 3960, "{waits:?}");
    }
}
