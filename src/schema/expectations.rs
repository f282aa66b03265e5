//! What is wrong with a value, in plain words, and what it should have been. An unknown sentence of the engine stays as it is.

use chrono::NaiveDate;
use xsd_schema::{
    SchemaSet, TypeKey, XmlTypeCode,
    validation::{ValidationError, validate_simple_type},
};

use super::{
    patterns,
    phrases::{names, near, plain, quoted},
    types,
};
use crate::model::{
    Code, Problem,
    i18n::{Argument, Sentence, say},
    problem::cut,
};

/// A value's type and how its file writes decimals.
pub(super) struct Value<'s> {
    pub(super) set: &'s SchemaSet,
    pub(super) of: Option<TypeKey>,
    pub(super) decimal_comma: bool,
}

impl Value<'_> {
    /// `value` is not valid for the element `name`.
    pub(super) fn problem(&self, code: Code, name: &str, value: &str, error: &ValidationError) -> Problem {
        if value.is_empty() {
            return Problem::new(code, say!("value-empty", name = name));
        }
        let (rule, hint) = self.rule(value, &error.message);
        let message = say!("value-invalid", value = cut(value), name = name, rule = rule);
        Problem::new(code, message).maybe_hint(hint.or_else(|| self.meant(value)))
    }

    /// `value` is not valid for the attribute of `element`.
    pub(super) fn attribute(&self, element: &str, attribute: &str, value: &str, error: &ValidationError) -> Problem {
        if value.is_empty() {
            return Problem::new(Code::DocAttribute, say!("attribute-empty", attribute = attribute, element = element));
        }
        let (rule, hint) = self.rule(value, &error.message);
        let message = say!("attribute-invalid", value = cut(value), attribute = attribute, element = element, rule = rule);
        Problem::new(Code::DocAttribute, message).maybe_hint(hint.or_else(|| self.meant(value)))
    }

    /// A value that was probably meant, if the type accepts it.
    fn meant(&self, value: &str) -> Option<Sentence> {
        let kind = types::builtin(self.set, self.of);
        let of = TypeKey::Simple(types::simple(self.set, self.of)?);
        let fits = |value: &String| !value.is_empty() && validate_simple_type(value, of, self.set).is_ok();
        let found = candidates(kind, value).into_iter().find(fits)?;
        let blanks = value.split_whitespace().collect::<String>() == found;
        Some(if blanks { say!("hint-remove-blanks") } else { say!("hint-write", value = cut(&found)) })
    }

    /// The rule that the value breaks, and the value it probably should be.
    fn rule(&self, value: &str, message: &str) -> (Argument, Option<Sentence>) {
        let listed = types::listed(self.set, self.of);
        if !listed.is_empty() && (message.starts_with("enumeration") || !message.contains("constraint violation")) {
            let several = listed.len() > 1;
            let hint = near(value, listed.iter().map(String::as_str).filter(|_| several))
                .or_else(|| listed.iter().find(|known| known.eq_ignore_ascii_case(value)).map(|known| say!("hint-write", value = known)));
            return (say!("rule-be", what = names(&listed)).into(), hint);
        }
        if let Some(rule) = facet(message, types::is_list(self.set, self.of)) {
            return (rule.into(), None);
        }
        if message.contains("does not match any member type") {
            return (say!("rule-no-member").into(), None);
        }
        if let Some(fixed) = quoted(message, "has fixed value") {
            return (say!("rule-fixed", value = cut(fixed)).into(), None);
        }
        let Some(kind) = types::builtin(self.set, self.of) else { return (said(message), None) };
        let Some(rule) = self.wanted(kind, value) else { return (said(message), None) };
        (rule.into(), None)
    }

    /// How a built-in type is written.
    fn wanted(&self, kind: XmlTypeCode, value: &str) -> Option<Sentence> {
        use XmlTypeCode as T;
        Some(match kind {
            T::Date if is_day_like(value) => say!("rule-no-such-day"),
            T::Date => say!("rule-date", example = "2026-11-20"),
            T::DateTime => say!("rule-time", example = "2026-11-20T18:00:00"),
            T::Time => say!("rule-time-of-day", example = "18:00:00"),
            T::GYear => say!("rule-year", example = "2026"),
            T::GYearMonth => say!("rule-month", example = "2026-11"),
            T::Duration => say!("rule-duration"),
            T::Decimal if self.decimal_comma => say!("rule-number-comma", example = "1.234,50"),
            T::Decimal | T::Double | T::Float => say!("rule-number-point", example = "1234.50"),
            T::Boolean => say!("rule-boolean"),
            T::PositiveInteger => say!("rule-whole-above-0"),
            T::NonNegativeInteger | T::UnsignedInt | T::UnsignedLong | T::UnsignedShort | T::UnsignedByte => {
                say!("rule-whole-not-below-0")
            }
            T::NegativeInteger | T::NonPositiveInteger => say!("rule-whole-not-above-0"),
            T::Integer | T::Int | T::Long | T::Short | T::Byte => say!("rule-whole"),
            T::Base64Binary => say!("rule-base64"),
            T::HexBinary => say!("rule-hex"),
            T::NmToken | T::Name | T::NCName | T::Id | T::IdRef => say!("rule-name"),
            T::Language => say!("rule-language"),
            T::AnyUri => say!("rule-address"),
            _ => return None,
        })
    }
}

fn is_day_like(value: &str) -> bool {
    let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99"
}

/// Possibly intended values, likeliest first.
fn candidates(kind: Option<XmlTypeCode>, value: &str) -> Vec<String> {
    use XmlTypeCode as T;
    let mut all = Vec::new();
    match kind {
        Some(T::Boolean) => match value.to_lowercase().as_str() {
            "true" | "yes" | "y" | "ja" | "j" | "x" | "on" => all.push("true".into()),
            "false" | "no" | "n" | "nein" | "off" => all.push("false".into()),
            _ => {}
        },
        Some(T::Date) => {
            let formats = ["%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"];
            all.extend(formats.into_iter().find_map(|format| day(value, format)));
            // Day and month must not be guessed, except where one of both cannot be a month.
            if let (Some(day), None) = (day(value, "%d/%m/%Y"), day(value, "%m/%d/%Y")) {
                all.push(day);
            }
        }
        Some(T::DateTime) => all.push(value.trim().replacen(' ', "T", 1)),
        Some(T::Decimal | T::Double | T::Float) => all.extend(with_point(value)),
        _ => {
            all.extend(day(value, "%d.%m.%Y"));
            all.extend([value.to_uppercase(), value.to_lowercase(), value.split_whitespace().collect()]);
        }
    }
    all.retain(|candidate| candidate != value);
    all
}

/// A date of our time, as XML Schema writes it.
fn day(value: &str, format: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(value, format).ok()?;
    (1900..2200).contains(&chrono::Datelike::year(&day)).then(|| day.format("%Y-%m-%d").to_string())
}

/// A number with a decimal comma, only if it can be read one way: 1.234,50 and 12,5, but not 1,234.
fn with_point(value: &str) -> Option<String> {
    let (whole, fraction) = value.split_once(',')?;
    let grouped = whole.contains('.') || fraction.len() != 3;
    let plain: String = whole.chars().filter(|c| *c != '.').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (grouped && digits(plain.trim_start_matches('-')) && digits(fraction)).then(|| format!("{plain}.{fraction}"))
}

/// The number after `key`.
fn number(text: &str, key: &str) -> Option<u64> {
    text.split(key).nth(1)?.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The engine's own words.
fn said(message: &str) -> Argument {
    Argument::English { english: plain(message) }
}

/// `35 characters`; for a list, values.
fn characters(count: u64, list: bool) -> Sentence {
    say!("amount", count = count, kind = if list { say!("values", count = count) } else { say!("characters", count = count) })
}

/// `3 digits`.
fn digits(count: u64) -> Sentence {
    say!("amount", count = count, kind = say!("digits", count = count))
}

/// The pattern in the engine's sentence.
fn pattern(message: &str) -> Option<&str> {
    message.split("match pattern '").nth(1)?.strip_suffix('\'')
}

/// The facet that a value breaks, in plain words.
fn facet(message: &str, list: bool) -> Option<Sentence> {
    let facet = message.split(' ').next()?;
    Some(match facet {
        "length" => {
            let wanted =
                number(message, "required length").or_else(|| number(message, "expected")).or_else(|| number(message, "length must be"))?;
            match number(message, "value length").or_else(|| number(message, "actual")).or_else(|| number(message, "got")) {
                Some(actual) => say!("rule-length-exactly", amount = characters(wanted, list), actual = actual),
                None => say!("rule-length", amount = characters(wanted, list)),
            }
        }
        "minLength" => match (number(message, "value length"), number(message, "minimum")) {
            (Some(0), _) => say!("rule-value-required"),
            (Some(actual), Some(least)) => say!("rule-length-at-least", amount = characters(least, list), actual = actual),
            _ => return None,
        },
        "maxLength" => {
            let amount = characters(number(message, "maximum")?, list);
            say!("rule-length-at-most", amount = amount, actual = number(message, "value length")?)
        }
        "pattern" => {
            let pattern = pattern(message)?;
            patterns::in_words(pattern).unwrap_or_else(|| say!("rule-pattern", pattern = cut(pattern)))
        }
        "enumeration" => say!("rule-not-listed"),
        "minInclusive" => say!("rule-at-least", limit = quoted(message, "minimum")?),
        "maxInclusive" => say!("rule-at-most", limit = quoted(message, "maximum")?),
        "minExclusive" => say!("rule-more-than", limit = quoted(message, "greater than")?),
        "maxExclusive" => say!("rule-less-than", limit = quoted(message, "not less than")?),
        "totalDigits" => {
            say!("rule-length-at-most", amount = digits(number(message, "maximum is")?), actual = number(message, "value has")?)
        }
        "fractionDigits" => say!("rule-fraction-digits", amount = digits(number(message, "maximum is")?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::i18n::Text;

    #[test]
    fn facets_are_said_in_a_clerks_words() {
        for (message, expected) in [
            ("minLength constraint violation: value length 0 is less than minimum 1", "a value is required"),
            ("maxLength constraint violation: value length 41 exceeds maximum 35", "at most 35 characters, it has 41"),
            ("pattern constraint violation: value 'x' does not match pattern '[A-Z]{3}'", "it must be exactly 3 capital letters"),
            ("pattern constraint violation: value 'x' does not match pattern '[0-9]{8,14}'", "it must be 8 to 14 digits"),
            ("pattern constraint violation: value 'x' does not match pattern '(a|b)+'", "it must match the pattern (a|b)+"),
            ("minExclusive constraint violation: value '0' is not greater than '0'", "it must be more than 0"),
        ] {
            assert_eq!(facet(message, false).map(Text::from).as_deref(), Some(expected));
        }
        assert_eq!(facet("something else", false), None);
    }

    #[test]
    fn only_what_can_be_read_one_way_is_suggested() {
        use XmlTypeCode as T;
        for (kind, value, expected) in [
            (T::Decimal, "1.234,50", Some("1234.50")),
            (T::Decimal, "12,5", Some("12.5")),
            (T::Decimal, "1,234", None),
            (T::Boolean, "TRUE", Some("true")),
            (T::Boolean, "perhaps", None),
            (T::Date, "20.11.2026", Some("2026-11-20")),
            (T::Date, "20/11/2026", Some("2026-11-20")),
            (T::Date, "10/11/2026", None),
            (T::Date, "18/12/14", None),
            (T::DateTime, "2026-11-20 18:00:00", Some("2026-11-20T18:00:00")),
        ] {
            assert_eq!(candidates(Some(kind), value).first().map(String::as_str), expected, "{value}");
        }
    }
}
