use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function {
    name: "date",
    summary: "a date; ISO 8601, a zone at its end is dropped, or as `format` says",
    example: ("2026-03-01Z", PLAIN, "\"2026-03-01\""),
    apply,
};

fn apply(text: &str, options: &Options) -> Result<Json, String> {
    let parsed = match &options.format {
        Some(format) => NaiveDate::parse_from_str(text, format).ok(),
        None => text.get(..10).filter(|_| is_zone(&text[10..])).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()),
    };
    parsed.map(|day| json!(day.format("%Y-%m-%d").to_string())).ok_or_else(|| match &options.format {
        Some(format) => format!("a date written as {format}"),
        None => "a date such as 2026-03-01".into(),
    })
}

/// `xs:date` allows a zone: nothing, `Z`, or `+01:00`. A time after the date is accepted and left out.
fn is_zone(rest: &str) -> bool {
    rest.is_empty() || rest == "Z" || rest.starts_with('T') || (rest.len() == 6 && rest.starts_with(['+', '-']))
}
