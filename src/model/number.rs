//! Numbers as partners write them. CSV columns and mappings read them here, so that one text is one number everywhere.

/// Signs that group digits, beside the point or comma that is not the decimal separator: blanks (also those that do not break a line,
/// which CLDR has for French) and apostrophes (de-CH).
const GROUPING: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}'];
/// Signs of a negative number: the hyphen and the minus sign.
const MINUS: [char; 2] = ['-', '\u{2212}'];

/// A number with a point as decimal separator and without grouping: `1.234,50` with the separator `,` is `1234.50`. The sign may come
/// first or last, as mainframes print it. Without a stated separator the point is one, and nothing groups digits.
///
/// `None` for what is no number, and for digits that are not grouped by threes: read as a decimal separator, the grouping sign could make
/// the number wrong by a factor of a thousand.
pub fn plain(text: &str, separator: Option<char>) -> Option<String> {
    let (is_negative, digits) = unsigned(text.trim());
    let (whole, fraction) = digits.split_once(separator.unwrap_or('.')).map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let whole = match separator {
        Some(separator) => ungrouped(whole, separator)?,
        None => whole.to_string(),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(&whole) || !fraction.is_none_or(is_digits) || (whole.is_empty() && fraction.is_none_or(str::is_empty)) {
        return None;
    }
    let sign = if is_negative { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { &whole };
    Some(match fraction.filter(|fraction| !fraction.is_empty()) {
        Some(fraction) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{whole}"),
    })
}

/// Whether a text has nothing but what numbers are written with, and a digit: it is meant as one.
pub fn looks_like_one(text: &str) -> bool {
    let belongs = |c: char| c.is_ascii_digit() || MINUS.contains(&c) || GROUPING.contains(&c) || "+.,".contains(c);
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(belongs)
}

/// The text without its sign, and whether it is negative. Of two signs one is left, which is then no digit.
fn unsigned(text: &str) -> (bool, &str) {
    let is_sign = |c: char| c == '+' || MINUS.contains(&c);
    match (text.strip_prefix(is_sign), text.strip_suffix(is_sign)) {
        (Some(rest), _) => (text.starts_with(MINUS), rest.trim_start()),
        (None, Some(rest)) => (text.ends_with(MINUS), rest.trim_end()),
        (None, None) => (false, text),
    }
}

/// The digits before the separator, without the sign that groups them by threes.
fn ungrouped(whole: &str, separator: char) -> Option<String> {
    let groups_here = |c: char| GROUPING.contains(&c) || (c != separator && (c == '.' || c == ','));
    let Some(sign) = whole.chars().find(|c| groups_here(*c)) else { return Some(whole.to_string()) };
    let groups: Vec<&str> = whole.split(sign).collect();
    let (first, others) = groups.split_first()?;
    let is_grouped = (1..=3).contains(&first.len()) && !first.starts_with('0') && others.iter().all(|group| group.len() == 3);
    is_grouped.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_one_number() {
        let comma = Some(',');
        for (text, separator, right) in [
            ("1.234,50", comma, "1234.50"),
            ("1 234,50", comma, "1234.50"),
            ("1\u{a0}234,50", comma, "1234.50"),
            ("1\u{202f}234,50", comma, "1234.50"),
            ("1\u{2009}234,50", comma, "1234.50"),
            ("1'234,50", comma, "1234.50"),
            ("1\u{2019}234,50", comma, "1234.50"),
            ("1.234", comma, "1234"),
            ("-1.234.567,8", comma, "-1234567.8"),
            ("12,5", comma, "12.5"),
            ("12,50-", comma, "-12.50"),
            ("12,50 -", comma, "-12.50"),
            ("12,50+", comma, "12.50"),
            ("- 12,50", comma, "-12.50"),
            ("\u{2212}12,50", comma, "-12.50"),
            (",5", comma, "0.5"),
            ("0,500", comma, "0.500"),
            ("1,234.50", Some('.'), "1234.50"),
            ("1,234", Some('.'), "1234"),
            ("1\u{2019}234.50", Some('.'), "1234.50"),
            ("12,345,678.9", Some('.'), "12345678.9"),
            ("12.50", Some('.'), "12.50"),
            ("0012.50", None, "0012.50"),
            ("+12.", None, "12"),
            (" .5 ", None, "0.5"),
        ] {
            assert_eq!(plain(text, separator).as_deref(), Some(right), "{text} with {separator:?}");
        }
    }

    #[test]
    fn what_could_be_wrong_by_a_thousand_is_no_number() {
        for (text, separator) in [
            ("12.50", Some(',')),
            ("0.500", Some(',')),
            (".500", Some(',')),
            ("1234.567,8", Some(',')),
            ("1.234 567,8", Some(',')),
            ("1,23", Some('.')),
            ("12,34.5", Some('.')),
            ("12,34,567", Some('.')),
            ("1,234.50", None),
            ("1 234", None),
            ("1'234", None),
            ("1,5", None),
            ("1.2.3", None),
            ("-5-", Some(',')),
            ("--5", None),
            ("", None),
            ("-", None),
            (".", None),
            ("12 kg", Some(',')),
            ("(12,50)", Some(',')),
            ("1e5", None),
        ] {
            assert_eq!(plain(text, separator), None, "{text} with {separator:?}");
        }
        assert!(looks_like_one("1.234,50-") && !looks_like_one("12 kg") && !looks_like_one("-"));
    }
}
