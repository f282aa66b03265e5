//! The engine's sentences about a value, in a clerk's words. A sentence that is not known here stays as it is.

/// What a type wants, by its local name.
fn wanted(kind: &str, decimal_comma: bool) -> Option<&'static str> {
    Some(match kind {
        "date" => "a date is written 2026-11-20",
        "dateTime" => "a time is written 2026-11-20T18:00:00, with +01:00 or Z behind it for the zone",
        "time" => "a time of day is written 18:00:00",
        "decimal" if decimal_comma => "a number is written 1.234,50: a decimal comma, no unit",
        "decimal" | "double" | "float" => "a number is written 1234.50: a decimal point, no grouping, no unit",
        "boolean" => "true or false, in small letters",
        "integer" | "int" | "long" | "short" | "byte" => "a whole number",
        "positiveInteger" => "a whole number above 0",
        "nonNegativeInteger" | "unsignedInt" | "unsignedLong" | "unsignedShort" | "unsignedByte" => "a whole number, not below 0",
        "base64Binary" => "base64",
        _ => return None,
    })
}

/// The text between the first two `'` behind `key`.
fn quoted<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.split(key).nth(1)?.split('\'').nth(1)
}

/// The number behind `key`.
fn number(text: &str, key: &str) -> Option<u64> {
    text.split(key).nth(1)?.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The rule that a value breaks, said plainly; `decimal_comma` when the file was one with such.
pub(super) fn plainly(message: &str, decimal_comma: bool) -> Option<String> {
    if let Some(kind) = message.strip_prefix("Invalid ").and_then(|rest| rest.split(' ').next()) {
        return wanted(kind, decimal_comma).map(str::to_string);
    }
    let facet = message.split(' ').next()?;
    Some(match facet {
        "minLength" => match (number(message, "value length"), number(message, "minimum")) {
            (Some(0), _) => "a value is required".to_string(),
            (Some(actual), Some(least)) => format!("at least {least} characters, it has {actual}"),
            _ => return None,
        },
        "maxLength" => format!("at most {} characters, it has {}", number(message, "maximum")?, number(message, "value length")?),
        "pattern" => format!("it must fit the pattern {}", quoted(message, "match pattern")?),
        "enumeration" => "it is none of the values the schema lists".to_string(),
        "minInclusive" => format!("at least {}", quoted(message, "minimum")?),
        "maxInclusive" => format!("at most {}", quoted(message, "maximum")?),
        "minExclusive" => format!("more than {}", quoted(message, "greater than")?),
        "maxExclusive" => format!("less than {}", quoted(message, "not less than")?),
        "totalDigits" => format!("at most {} digits, it has {}", number(message, "maximum is")?, number(message, "value has")?),
        "fractionDigits" => format!("at most {} digits behind the decimal point", number(message, "maximum")?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_said_in_a_clerks_words() {
        for (message, expected) in [
            (
                "Invalid decimal value 'x': Invalid xs:decimal lexical form: 'x'",
                "a number is written 1234.50: a decimal point, no grouping, no unit",
            ),
            ("minLength constraint violation: value length 0 is less than minimum 1", "a value is required"),
            ("maxLength constraint violation: value length 41 exceeds maximum 35", "at most 35 characters, it has 41"),
            ("pattern constraint violation: value 'x' does not match pattern '[A-Z]{3}'", "it must fit the pattern [A-Z]{3}"),
            ("minExclusive constraint violation: value '0' is not greater than '0'", "more than 0"),
        ] {
            assert_eq!(plainly(message, false).as_deref(), Some(expected));
        }
        assert_eq!(plainly("something else", false), None);
    }
}
