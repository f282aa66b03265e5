use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Join, List, Sentence, say},
    moment::{self, Written},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "datetime",
    summary: "a date and time in UTC, as Odoo stores it; without a zone the time is in `zone` (default UTC); a date alone means midnight",
    options: &["format", "zone", "pivot"],
    makes: ValueKind::DateTime,
    example: ("2026-03-01T08:00:00+01:00", PLAIN, "\"2026-03-01 07:00:00\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let zone: Tz = options.zone.as_deref().unwrap_or("UTC").parse().map_err(|_| say!("wanted-time-zone"))?;
    let written = match options.format.as_slice() {
        [] => moment::iso(text),
        formats => formats.iter().find_map(|format| moment::by_format(text, format, options.pivot.unwrap_or(moment::PIVOT))),
    };
    let local = match written {
        // What is written counts before the zone.
        Some(Written::Instant(at)) => return Ok(odoo(at.to_utc())),
        Some(Written::Local(local)) => Some(local),
        Some(Written::Day(day)) => Some(day.and_time(NaiveTime::MIN)),
        None => None,
    };
    let local = local.ok_or_else(|| match options.format.as_slice() {
        [] => say!("wanted-time", example = "2026-03-01T08:00:00+01:00"),
        formats => say!("wanted-time-formats", formats = List::new(Join::Or, formats)),
    })?;
    // An hour that the change to summer time skips is read as an hour later; an hour that occurs twice is read as the first.
    let later = || local.checked_add_signed(chrono::TimeDelta::hours(1)).and_then(|later| zone.from_local_datetime(&later).earliest());
    let moment = zone.from_local_datetime(&local).earliest().or_else(later);
    moment.map(|moment| odoo(moment.to_utc())).ok_or_else(|| say!("wanted-time-exists"))
}

fn odoo(moment: DateTime<Utc>) -> Json {
    json!(moment.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin_plain() -> ConversionOptions {
        ConversionOptions { zone: Some("Europe/Berlin".into()), ..PLAIN }
    }

    #[test]
    fn local_times_become_utc_in_summer_and_winter() {
        let berlin = ConversionOptions { format: vec!["%d.%m.%Y %H:%M".into()], zone: Some("Europe/Berlin".into()), ..PLAIN };
        assert_eq!(apply("01.07.2026 12:00", &berlin), Ok(json!("2026-07-01 10:00:00")));
        assert_eq!(apply("01.12.2026 12:00", &berlin), Ok(json!("2026-12-01 11:00:00")));
        assert_eq!(apply("2026-11-20Z", &berlin_plain()), Ok(json!("2026-11-20 00:00:00")));
        assert_eq!(apply("2026-11-20+02:00", &berlin_plain()), Ok(json!("2026-11-19 22:00:00")));
        let offset = ConversionOptions { format: vec!["%d.%m.%Y %H:%M %z".into()], zone: Some("Europe/Berlin".into()), ..PLAIN };
        assert_eq!(apply("01.07.2026 12:00 +0500", &offset), Ok(json!("2026-07-01 07:00:00")), "what is written goes before the zone");
        assert_eq!(apply("2026-03-01T24:00:00", &berlin_plain()), Ok(json!("2026-03-01 23:00:00")), "hour 24 ends the day");
        // The end of time in a zone west of Greenwich is no panic.
        assert!(apply("+262142-12-31T23:59:59", &ConversionOptions { zone: Some("America/New_York".into()), ..PLAIN }).is_err());
    }
}
