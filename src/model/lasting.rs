//! Time spans for people.

use std::time::Duration;

/// A time span in its largest useful unit, rounded down: `90 s`, `45 minutes`, `3 hours`, `12 days`.
pub fn lasting(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} minutes", seconds / 60),
        seconds if seconds < 172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_at_least_two_of_its_unit() {
        let shown = |seconds| lasting(Duration::from_secs(seconds));
        assert_eq!([0, 119, 120, 7199].map(shown), ["0 s", "119 s", "2 minutes", "119 minutes"]);
        assert_eq!([7200, 172_799, 172_800].map(shown), ["2 hours", "47 hours", "2 days"]);
    }
}
