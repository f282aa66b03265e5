//! What is wrong with a value, in a clerk's words, and what it should have been. A sentence of the engine that is not known here
//! stays as it is.

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
use crate::model::{Code, Problem, problem::cut};

/// A value's type and how its file writes decimals.
pub(super) struct Value<'s> {
    pub(super) set: &'s SchemaSet,
    pub(super) of: Option<TypeKey>,
    pub(super) decimal_comma: bool,
}

impl Value<'_> {
    /// `value` is not what `name` takes.
    pub(super) fn problem(&self, code: Code, name: &str, value: &str, error: &ValidationError) -> Problem {
        if value.is_empty() {
            return Problem::new(code, format!("`{name}` is empty and must have a value"));
        }
        let (rule, hint) = self.rule(value, &error.message);
        Problem::new(code, format!("`{}` is not a valid `{name}`: {rule}", cut(value))).maybe_hint(hint.or_else(|| self.meant(value)))
    }

    /// A value that was probably meant, if the type takes it.
    fn meant(&self, value: &str) -> Option<String> {
        let kind = types::builtin(self.set, self.of);
        let of = TypeKey::Simple(types::simple(self.set, self.of)?);
        let fits = |value: &String| !value.is_empty() && validate_simple_type(value, of, self.set).is_ok();
        let found = candidates(kind, value).into_iter().find(fits)?;
        let blanks = value.split_whitespace().collect::<String>() == found;
        Some(if blanks { "take out the blanks".to_string() } else { format!("write `{}`", cut(&found)) })
    }

    /// The rule that the value breaks, and the value it probably should be.
    fn rule(&self, value: &str, message: &str) -> (String, Option<String>) {
        let listed = types::listed(self.set, self.of);
        if !listed.is_empty() && (message.starts_with("enumeration") || !message.contains("constraint violation")) {
            let several = listed.len() > 1;
            let hint = near(value, listed.iter().map(String::as_str).filter(|_| several))
                .or_else(|| listed.iter().find(|known| known.eq_ignore_ascii_case(value)).map(|known| format!("write `{known}`")));
            return (format!("it must be {}", names(&listed)), hint);
        }
        if let Some(rule) = facet(message, types::is_list(self.set, self.of)) {
            return (rule, None);
        }
        if message.contains("does not match any member type") {
            return ("it fits none of the forms that are allowed".into(), None);
        }
        if let Some(fixed) = quoted(message, "has fixed value") {
            return (format!("it must be `{}`", cut(fixed)), None);
        }
        let Some(kind) = types::builtin(self.set, self.of) else { return (plain(message), None) };
        let Some(rule) = self.wanted(kind, value) else { return (plain(message), None) };
        (rule, None)
    }

    /// How a built-in type is written.
    fn wanted(&self, kind: XmlTypeCode, value: &str) -> Option<String> {
        use XmlTypeCode as T;
        let text = match kind {
            T::Date if is_day_like(value) => "there is no such day",
            T::Date => "a date is written like 2026-11-20",
            T::DateTime => "a time is written like 2026-11-20T18:00:00, with +01:00 or Z behind it for the zone",
            T::Time => "a time of day is written like 18:00:00",
            T::GYear => "a year is written like 2026",
            T::GYearMonth => "a month is written like 2026-11",
            T::Duration => "a duration is written like P3D for 3 days, PT12H for 12 hours",
            T::Decimal if self.decimal_comma => "a number is written like 1.234,50, with a decimal comma and without a unit",
            T::Decimal | T::Double | T::Float => "a number is written like 1234.50, with a decimal point, without grouping or unit",
            T::Boolean => "it must be `true` or `false`, in small letters",
            T::PositiveInteger => "it must be a whole number above 0",
            T::NonNegativeInteger | T::UnsignedInt | T::UnsignedLong | T::UnsignedShort | T::UnsignedByte => {
                "it must be a whole number, not below 0"
            }
            T::NegativeInteger | T::NonPositiveInteger => "it must be a whole number, not above 0",
            T::Integer | T::Int | T::Long | T::Short | T::Byte => "it must be a whole number",
            T::Base64Binary => "it must be base64: letters, digits, `+`, `/`, with `=` at the end",
            T::HexBinary => "it must be pairs of 0-9 and A-F",
            T::NmToken | T::Name | T::NCName | T::Id | T::IdRef => "it must be a name without blanks",
            T::Language => "a language is written like en or en-GB",
            T::AnyUri => "it must be an address",
            _ => return None,
        };
        Some(text.to_string())
    }
}

fn is_day_like(value: &str) -> bool {
    let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99"
}

/// What may have been meant, likeliest first.
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
            // Day and month must not be guessed: only where one of both can be no month.
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

/// A day of our time, as XML Schema writes it.
fn day(value: &str, format: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(value, format).ok()?;
    (1900..2200).contains(&chrono::Datelike::year(&day)).then(|| day.format("%Y-%m-%d").to_string())
}

/// A number with a decimal comma, only where it can be read one way: 1.234,50 and 12,5, but not 1,234.
fn with_point(value: &str) -> Option<String> {
    let (whole, fraction) = value.split_once(',')?;
    let grouped = whole.contains('.') || fraction.len() != 3;
    let plain: String = whole.chars().filter(|c| *c != '.').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (grouped && digits(plain.trim_start_matches('-')) && digits(fraction)).then(|| format!("{plain}.{fraction}"))
}

/// The number behind `key`.
fn number(text: &str, key: &str) -> Option<u64> {
    text.split(key).nth(1)?.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn counted(number: u64, list: bool, thing: &str) -> String {
    let thing = if list { "value" } else { thing };
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The pattern of the engine's sentence.
fn pattern(message: &str) -> Option<&str> {
    message.split("match pattern '").nth(1)?.strip_suffix('\'')
}

/// The facet that a value breaks, said plainly.
fn facet(message: &str, list: bool) -> Option<String> {
    let facet = message.split(' ').next()?;
    Some(match facet {
        "length" => {
            let wanted =
                number(message, "required length").or_else(|| number(message, "expected")).or_else(|| number(message, "length must be"))?;
            match number(message, "value length").or_else(|| number(message, "actual")).or_else(|| number(message, "got")) {
                Some(actual) => format!("exactly {}, it has {actual}", counted(wanted, list, "character")),
                None => format!("exactly {}", counted(wanted, list, "character")),
            }
        }
        "minLength" => match (number(message, "value length"), number(message, "minimum")) {
            (Some(0), _) => "a value is required".to_string(),
            (Some(actual), Some(least)) => format!("at least {}, it has {actual}", counted(least, list, "character")),
            _ => return None,
        },
        "maxLength" => {
            format!("at most {}, it has {}", counted(number(message, "maximum")?, list, "character"), number(message, "value length")?)
        }
        "pattern" => {
            let pattern = pattern(message)?;
            patterns::in_words(pattern)
                .map_or_else(|| format!("it must fit the pattern {}", cut(pattern)), |words| format!("it must be {words}"))
        }
        "enumeration" => "it is none of the values the schema lists".to_string(),
        "minInclusive" => format!("it must be at least {}", quoted(message, "minimum")?),
        "maxInclusive" => format!("it must be at most {}", quoted(message, "maximum")?),
        "minExclusive" => format!("it must be more than {}", quoted(message, "greater than")?),
        "maxExclusive" => format!("it must be less than {}", quoted(message, "not less than")?),
        "totalDigits" => {
            format!("at most {}, it has {}", counted(number(message, "maximum is")?, false, "digit"), number(message, "value has")?)
        }
        "fractionDigits" => format!("at most {} behind the decimal point", counted(number(message, "maximum is")?, false, "digit")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_said_in_a_clerks_words() {
        for (message, expected) in [
            ("minLength constraint violation: value length 0 is less than minimum 1", "a value is required"),
            ("maxLength constraint violation: value length 41 exceeds maximum 35", "at most 35 characters, it has 41"),
            ("pattern constraint violation: value 'x' does not match pattern '[A-Z]{3}'", "it must be exactly 3 capital letters"),
            ("pattern constraint violation: value 'x' does not match pattern '[0-9]{8,14}'", "it must be 8 to 14 digits"),
            ("pattern constraint violation: value 'x' does not match pattern '(a|b)+'", "it must fit the pattern (a|b)+"),
            ("minExclusive constraint violation: value '0' is not greater than '0'", "it must be more than 0"),
        ] {
            assert_eq!(facet(message, false).as_deref(), Some(expected));
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
