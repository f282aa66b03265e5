use serde_json::{Number, Value as Json};

use super::{COMMA, ConversionOptions, Function};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "decimal",
    summary: "a decimal number; `decimal = \",\"` reads 1.234,50; `scale = 2` reads 123450, which has no decimal separator, as 1234.50",
    options: &["decimal", "scale"],
    makes: ValueKind::Decimal,
    example: ("1.234,50", COMMA, "1234.5"),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let wanted = || match (options.decimal, options.scale) {
        (_, Some(scale)) => say!("wanted-scaled", scale = scale),
        (Some(sign), None) if sign != '.' => say!("wanted-decimal", example = format!("12{sign}50")),
        _ => say!("wanted-decimal", example = "12.50"),
    };
    // Some mainframes write the sign after the number.
    let (negative, digits) = match (text.strip_prefix(['-', '+']), text.strip_suffix('-')) {
        (Some(rest), _) => (text.starts_with('-'), rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => (false, text),
    };
    let digits = match options.decimal {
        Some(sign) if sign != '.' => point(digits, sign).ok_or_else(wanted)?,
        _ => digits.to_string(),
    };
    let plain =
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.matches('.').count() <= 1 && digits != ".";
    let whole = !digits.contains('.');
    let mut number = if plain && (whole || options.scale.is_none()) { digits.parse::<f64>().ok() } else { None }.ok_or_else(wanted)?;
    if let Some(scale) = options.scale {
        number /= 10f64.powi(i32::try_from(scale).unwrap_or(0));
    }
    Number::from_f64(if negative { -number } else { number }).map(Json::Number).ok_or_else(wanted)
}

/// The number with a point as decimal separator and without grouping. A point, blank or apostrophe that groups nothing is refused: read
/// as a decimal point, it could be wrong by a factor of a thousand.
fn point(digits: &str, sign: char) -> Option<String> {
    let (whole, rest) = digits.split_once(sign).map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let groups: Vec<&str> = whole.split(['.', ' ', '\'', '\u{a0}']).collect();
    let grouped =
        groups.len() == 1 || (groups.iter().skip(1).all(|group| group.len() == 3) && groups.first().is_some_and(|group| group.len() <= 3));
    grouped.then(|| match rest {
        Some(rest) => format!("{}.{rest}", groups.concat()),
        None => groups.concat(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::PLAIN, *};

    #[test]
    fn commas_scales_and_signs() {
        let comma = ConversionOptions { decimal: Some(','), ..PLAIN };
        let scaled = ConversionOptions { scale: Some(2), ..PLAIN };
        assert_eq!(apply("1 234,5", &comma), Ok(json!(1234.5)));
        assert_eq!(apply("-7,25", &comma), Ok(json!(-7.25)));
        assert!(apply("12.50", &comma).is_err(), "a point that groups nothing");
        assert_eq!(apply("1250", &scaled), Ok(json!(12.5)));
        assert_eq!(apply("1250-", &scaled), Ok(json!(-12.5)));
        assert!(apply("12.50", &scaled).is_err());
        assert!(apply("1,5", &PLAIN).is_err());
    }
}
