use serde_json::{Number, Value as Json};

use super::{COMMA, ConversionOptions, Function};
use crate::model::{
    i18n::{Sentence, say},
    number,
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "decimal",
    summary: "a decimal number; `decimal = \",\"` reads 1.234,50, and `decimal = \".\"` reads 1,234.50; `scale = 2` reads 123450, which has no decimal separator, as 1234.50",
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
    let plain = number::plain(text, options.decimal).ok_or_else(wanted)?;
    let plain = match options.scale {
        Some(_) if plain.contains('.') => return Err(wanted()),
        Some(scale) => scaled(&plain, scale).ok_or_else(wanted)?,
        None => plain,
    };
    plain.parse().ok().and_then(Number::from_f64).map(Json::Number).ok_or_else(wanted)
}

/// The number with its last digits behind the point: exact, unlike a division.
fn scaled(plain: &str, scale: u32) -> Option<String> {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
    let scale = usize::try_from(scale).ok()?;
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale)?;
    Some(format!("{sign}{whole}.{fraction}0"))
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
        assert_eq!(apply("5", &scaled), Ok(json!(0.05)));
        assert!(apply("12.50", &scaled).is_err());
        let point = ConversionOptions { decimal: Some('.'), ..PLAIN };
        assert_eq!(apply("1,234.50", &point), Ok(json!(1234.5)), "the separator is stated, so the other sign groups");
        assert!(apply("1,234.50", &PLAIN).is_err(), "nothing is guessed");
        assert_eq!(apply("12,50-", &comma), Ok(json!(-12.5)));
        assert!(apply("1,5", &PLAIN).is_err());
    }
}
