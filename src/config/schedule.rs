//! When a flow runs: at an interval, or by cron in a time zone.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;

/// A schedule.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// From one run to the next, counted from the hour: every 15 minutes is at :00, :15, :30, :45 UTC.
    Every(Duration),
    /// Cron of five fields in a zone.
    Cron {
        /// As written.
        text: String,
        /// Parsed.
        cron: Box<Cron>,
        /// Zone.
        zone: Tz,
    },
    /// Only by hand.
    Manual,
}

impl Schedule {
    /// Reads `every 15 minutes`, `manual`, or a cron line; `zone` is for cron.
    ///
    /// # Errors
    /// A sentence about the mistake.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let zone: Tz = zone
            .unwrap_or("UTC")
            .parse()
            .map_err(|_| format!("`{}` is not a time zone; write it as `Europe/Berlin`", zone.unwrap_or_default()))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["manual"] => Ok(Self::Manual),
            ["every", number, unit] => {
                let unit = match unit.trim_end_matches('s') {
                    "second" => 1,
                    "minute" => 60,
                    "hour" => 3600,
                    "day" => 86400,
                    other => return Err(format!("`{other}` is not a unit: seconds, minutes, hours or days")),
                };
                let seconds = number.parse::<u64>().ok().filter(|number| *number > 0).and_then(|number| number.checked_mul(unit));
                seconds
                    .map(|seconds| Self::Every(Duration::from_secs(seconds)))
                    .ok_or_else(|| format!("`{number}` is not a number above 0"))
            }
            fields if fields.len() == 5 => {
                let cron = Cron::from_str(text)
                    .map_err(|_| format!("`{text}` is not a cron line: minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7"))?;
                Ok(Self::Cron { text: text.to_string(), cron: Box::new(cron), zone })
            }
            _ => Err(format!("`{text}` is neither `every N minutes` nor a cron line of five fields nor `manual`")),
        }
    }

    /// The first run after `now`; `None` for manual flows.
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Manual => None,
            Self::Every(period) => {
                let period = i64::try_from(period.as_secs()).ok()?.max(1);
                DateTime::from_timestamp((now.timestamp().div_euclid(period) + 1) * period, 0)
            }
            Self::Cron { cron, zone, .. } => {
                let next = cron.find_next_occurrence(&now.with_timezone(zone), false).ok()?.to_utc();
                Some(next.max(now + TimeDelta::seconds(1)))
            }
        }
    }

    /// The last time at or before `now`; `None` for manual flows.
    pub fn last(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Manual => None,
            Self::Every(period) => {
                let period = i64::try_from(period.as_secs()).ok()?.max(1);
                DateTime::from_timestamp(now.timestamp().div_euclid(period) * period, 0)
            }
            Self::Cron { cron, zone, .. } => Some(cron.find_previous_occurrence(&now.with_timezone(zone), true).ok()?.to_utc()),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Every(period) => match period.as_secs() {
                seconds if seconds % 3600 == 0 => write!(f, "every {} h", seconds / 3600),
                seconds if seconds % 60 == 0 => write!(f, "every {} min", seconds / 60),
                seconds => write!(f, "every {seconds} s"),
            },
            Self::Cron { text, zone, .. } => write!(f, "{text} {zone}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn every_fifteen_minutes_is_at_the_quarters() {
        let schedule = Schedule::parse("every 15 minutes", None).expect("a schedule");
        assert_eq!(schedule.next(at("2026-03-01T10:07:00Z")), Some(at("2026-03-01T10:15:00Z")));
        assert_eq!(schedule.next(at("2026-03-01T10:15:00Z")), Some(at("2026-03-01T10:30:00Z")));
    }

    #[test]
    fn cron_follows_its_zone_through_summer_time() {
        let schedule = Schedule::parse("0 6,18 * * *", Some("Europe/Berlin")).expect("a schedule");
        assert_eq!(schedule.next(at("2026-01-10T00:00:00Z")), Some(at("2026-01-10T05:00:00Z")));
        assert_eq!(schedule.next(at("2026-07-10T05:00:00Z")), Some(at("2026-07-10T16:00:00Z")));
    }

    #[test]
    fn the_time_before_is_known_too() {
        let schedule = Schedule::parse("0 10 * * 1-5", Some("Europe/Berlin")).expect("a schedule");
        assert_eq!(schedule.last(at("2026-11-30T08:59:59Z")), Some(at("2026-11-27T09:00:00Z")), "over a weekend");
        assert_eq!(schedule.last(at("2026-11-30T09:00:00Z")), Some(at("2026-11-30T09:00:00Z")));
        let schedule = Schedule::parse("every 2 hours", None).expect("a schedule");
        assert_eq!(schedule.last(at("2026-03-01T10:07:00Z")), Some(at("2026-03-01T10:00:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_said() {
        for text in ["", "every minute", "every 0 minutes", "every 5 weeks", "61 * * * *", "* * *"] {
            assert!(Schedule::parse(text, None).is_err(), "{text}");
        }
        assert!(Schedule::parse("0 6 * * *", Some("Berlin")).is_err());
    }
}
