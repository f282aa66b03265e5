//! A partner's table values, converted to the form that the schema's types require.

use std::borrow::Cow;

use super::{
    CsvDialect,
    leftovers::{Lost, undone},
};
use crate::model::{
    Code, Problem,
    i18n::say,
    moment::{self, Written},
    number,
    problem::cut,
};

/// The value of a column for the schema; an impossible value is a problem.
pub(super) fn converted<'v>(value: &'v str, element: &str, dialect: &CsvDialect) -> Result<Cow<'v, str>, Problem> {
    if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return Err(Problem::new(Code::DocEncoding, say!("csv-value-control")));
    }
    let is_number = dialect.decimals.contains(element);
    let value = match undone(value) {
        Ok(value) => value,
        Err(Lost::Shortened) if is_number => Cow::Borrowed(value),
        Err(Lost::Shortened) => {
            return Err(Problem::new(Code::DocValue, say!("csv-shortened", value = cut(value))).hint(say!("hint-csv-as-text")));
        }
        Err(Lost::Error) => {
            return Err(Problem::new(Code::DocValue, say!("csv-cell-error", value = cut(value))).hint(say!("hint-csv-cell-error")));
        }
    };
    // The schema refuses what is no number at all.
    if dialect.decimal_comma && is_number && number::looks_like_one(&value) {
        return number::plain(&value, Some(','))
            .map(Cow::Owned)
            .ok_or_else(|| Problem::new(Code::DocValue, say!("csv-point", value = cut(&value))).hint(say!("hint-csv-comma")));
    }
    if let Some(format) = dialect.dates.get(element) {
        return iso(&value, format).map(Cow::Owned).ok_or_else(|| {
            let wanted = in_words(format);
            // The form is right, but there is no such day.
            let shape = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { '9' } else { c }).collect::<String>();
            let message = match shape(&value) == shape(&wanted) {
                true => say!("csv-no-such-day", value = cut(&value)),
                false => say!("csv-date", value = cut(&value), format = &wanted),
            };
            Problem::new(Code::DocValue, message)
        });
    }
    Ok(value)
}

/// A date, or a date with time if the format has one, as XML Schema writes it.
fn iso(value: &str, format: &str) -> Option<String> {
    Some(match moment::by_format(value, format, moment::PIVOT)? {
        Written::Day(day) => day.format("%Y-%m-%d").to_string(),
        Written::Local(at) => at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        Written::Instant(at) => at.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    })
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
        assert_eq!(iso("20.11.26", "%d.%m.%Y"), None, "never the year 26");
        assert_eq!(in_words("%d.%m.%Y"), "DD.MM.YYYY");
    }
}
