use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Join, List, Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "date",
    summary: "a date in ISO 8601 or in one of the formats in `format`; a zone at its end is ignored",
    options: &["format"],
    makes: ValueKind::Date,
    example: ("2026-03-01Z", PLAIN, "\"2026-03-01\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let parsed = if options.format.is_empty() {
        text.get(..10).filter(|_| is_zone(&text[10..])).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())
    } else {
        // A format that includes a time gives its day.
        let day = |format: &String| {
            let moment = || NaiveDateTime::parse_from_str(text, format).map(|moment| moment.date());
            NaiveDate::parse_from_str(text, format).or_else(|_| moment()).ok()
        };
        options.format.iter().find_map(day)
    };
    parsed.map(|day| json!(day.format("%Y-%m-%d").to_string())).ok_or_else(|| match options.format.as_slice() {
        [] => say!("wanted-date", example = "2026-03-01"),
        formats => say!("wanted-date-formats", formats = List::new(Join::Or, formats)),
    })
}

/// `xs:date` allows a zone: nothing, `Z`, or `+01:00`. A time after the date is accepted and ignored.
fn is_zone(rest: &str) -> bool {
    rest.is_empty() || rest == "Z" || rest.starts_with('T') || (rest.len() == 6 && rest.starts_with(['+', '-']))
}
