use chrono_tz::Tz;
use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Join, List, Sentence, say},
    moment::{self, Written},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "date",
    summary: "a date in ISO 8601 or in one of the formats in `format`. A moment with an offset gives its written day, or its day in `zone`",
    options: &["format", "zone", "pivot"],
    makes: ValueKind::Date,
    example: ("2026-03-01Z", PLAIN, "\"2026-03-01\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let written = || options.format.iter().find_map(|format| moment::by_format(text, format, options.pivot.unwrap_or(moment::PIVOT)));
    let zone: Option<Tz> = options.zone.as_deref().and_then(|zone| zone.parse().ok());
    let day = match (options.format.is_empty(), zone) {
        (true, None) => moment::iso_day(text),
        (true, Some(zone)) => match moment::iso(text) {
            Some(Written::Instant(at)) if moment::has_time(text) => Some(at.with_timezone(&zone).date_naive()),
            _ => moment::iso_day(text),
        },
        (false, zone) => written().map(|written| match (written, zone) {
            (Written::Instant(at), Some(zone)) => at.with_timezone(&zone).date_naive(),
            (written, _) => written.day(),
        }),
    };
    day.map(|day| json!(day.format("%Y-%m-%d").to_string())).ok_or_else(|| match options.format.as_slice() {
        [] => say!("wanted-date", example = "2026-03-01"),
        formats => say!("wanted-date-formats", formats = List::new(Join::Or, formats)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_format_that_fits_counts() {
        let both = ConversionOptions { format: vec!["%d.%m.%Y".into(), "%d.%m.%y".into()], ..PLAIN };
        for (text, right) in [("01.03.26", "2026-03-01"), ("01.03.2026", "2026-03-01"), ("01.03.99", "1999-03-01")] {
            assert_eq!(apply(text, &both), Ok(json!(right)), "{text}");
        }
        assert!(apply("01.03.226", &both).is_err());
        let pivot = ConversionOptions { pivot: Some(30), ..both };
        assert_eq!(apply("01.03.45", &pivot), Ok(json!("1945-03-01")));
    }

    #[test]
    fn a_moment_has_the_day_that_is_written_or_that_of_the_zone() {
        let tokyo = ConversionOptions { zone: Some("Asia/Tokyo".into()), ..PLAIN };
        assert_eq!(apply("2026-03-01T20:00:00Z", &PLAIN), Ok(json!("2026-03-01")));
        assert_eq!(apply("2026-03-01T20:00:00Z", &tokyo), Ok(json!("2026-03-02")));
        assert_eq!(apply("2026-03-01 20:00:00Z", &tokyo), Ok(json!("2026-03-02")));
        assert_eq!(apply("2026-03-01T24:00:00", &PLAIN), Ok(json!("2026-03-01")));
        assert_eq!(apply("2026-03-01+01:00", &tokyo), Ok(json!("2026-03-01")), "a day is no moment");
        assert!(apply("2026-03-01Tomorrow", &PLAIN).is_err());
    }
}
