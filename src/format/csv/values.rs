//! A partner's table values, converted to the form that the schema's types require.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};

use super::CsvDialect;
use crate::model::{Code, Problem, i18n::say, problem::cut};

/// The value of a column for the schema; an impossible value is a problem.
pub(super) fn converted<'v>(value: &'v str, element: &str, dialect: &CsvDialect) -> Result<Cow<'v, str>, Problem> {
    if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return Err(Problem::new(Code::DocEncoding, say!("csv-value-control")));
    }
    // The schema refuses what is no number at all.
    let is_number =
        value.bytes().any(|byte| byte.is_ascii_digit()) && value.chars().all(|c| c.is_ascii_digit() || "+-.,' \u{a0}".contains(c));
    if dialect.decimal_comma && dialect.decimals.contains(element) && is_number {
        return with_point(value)
            .map(Cow::Owned)
            .ok_or_else(|| Problem::new(Code::DocValue, say!("csv-point", value = cut(value))).hint(say!("hint-csv-comma")));
    }
    if let Some(format) = dialect.dates.get(element) {
        return iso(value, format).map(Cow::Owned).ok_or_else(|| {
            let wanted = in_words(format);
            // The form is right, but there is no such day.
            let shape = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { '9' } else { c }).collect::<String>();
            let message = match shape(value) == shape(&wanted) {
                true => say!("csv-no-such-day", value = cut(value)),
                false => say!("csv-date", value = cut(value), format = &wanted),
            };
            Problem::new(Code::DocValue, message)
        });
    }
    Ok(Cow::Borrowed(value))
}

/// `1.234,50` -> `1234.50`, `1.234` -> `1234`. `None` for a point that is not grouping: as a decimal point it could be wrong by a
/// factor of a thousand. The schema refuses what is no number at all.
fn with_point(value: &str) -> Option<String> {
    let (whole, fraction) = value.split_once(',').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.trim_start_matches(['-', '+']).split(['.', ' ', '\u{a0}', '\'']);
    let first = groups.next().unwrap_or_default();
    let grouped = groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
        && (1..=3).contains(&first.len())
        && !first.starts_with('0');
    let plain = !whole.contains(['.', ' ', '\u{a0}', '\'']);
    if !plain && !grouped {
        return None;
    }
    let whole: String = whole.chars().filter(|c| !matches!(c, '.' | ' ' | '\u{a0}' | '\'')).collect();
    Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

/// A date, or a date with time if the format has hours, as XML Schema writes it.
fn iso(value: &str, format: &str) -> Option<String> {
    if format.contains("%H") || format.contains("%T") || format.contains("%R") {
        return NaiveDateTime::parse_from_str(value, format).ok().map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string());
    }
    NaiveDate::parse_from_str(value, format).ok().map(|day| day.format("%Y-%m-%d").to_string())
}

/// `%d.%m.%Y` -> `DD.MM.YYYY`.
fn in_words(format: &str) -> String {
    [
        ("%d", "DD"),
        ("%m", "MM"),
        ("%Y", "YYYY"),
        ("%y", "YY"),
        ("%H", "hh"),
        ("%M", "mm"),
        ("%S", "ss"),
        ("%T", "hh:mm:ss"),
        ("%R", "hh:mm"),
    ]
    .into_iter()
    .fold(format.to_string(), |text, (sign, word)| text.replace(sign, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_the_dialect_says() {
        assert_eq!(iso("20.11.2026", "%d.%m.%Y").as_deref(), Some("2026-11-20"));
        assert_eq!(iso("20.11.26 18:05", "%d.%m.%y %H:%M").as_deref(), Some("2026-11-20T18:05:00"));
        assert_eq!(iso("31.02.2026", "%d.%m.%Y"), None);
        assert_eq!(in_words("%d.%m.%Y"), "DD.MM.YYYY");
    }

    #[test]
    fn a_decimal_comma_is_never_guessed() {
        for (text, expected) in [
            ("1.234,50", Some("1234.50")),
            ("12,5", Some("12.5")),
            ("1.234", Some("1234")),
            ("-1.234.567,8", Some("-1234567.8")),
            ("7", Some("7")),
            ("12.50", None),
            ("0.500", None),
            (".500", None),
            ("1234.567,8", None),
            ("x", Some("x")),
        ] {
            assert_eq!(with_point(text).as_deref(), expected, "{text}");
        }
    }
}
