use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "gtin",
    summary: "a GTIN of 8, 12, 13 or 14 digits with a correct check digit. A GTIN-14 with a leading zero becomes its GTIN-13. \
              `width = 13` (or 14) pads shorter ones with zeros",
    options: &["width"],
    makes: ValueKind::Text,
    example: ("05701234000013", PLAIN, "\"5701234000013\""),
    apply,
};

/// GS1 General Specifications, 7.9: weights 3 and 1 from the right, without the check digit. Leading zeros do not change it.
fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != text.chars().count() || !matches!(digits.len(), 8 | 12 | 13 | 14) {
        return Err(say!("wanted-gtin"));
    }
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { digit * 3 } else { *digit }).sum();
    if !sum.is_multiple_of(10) {
        return Err(say!("wanted-gtin-check-digit"));
    }
    let Some(width) = options.width else {
        return Ok(json!(if digits.len() == 14 { text.strip_prefix('0').unwrap_or(text) } else { text }));
    };
    let bare = text.trim_start_matches('0');
    if bare.len() > width {
        return Err(say!("wanted-gtin-width", width = width));
    }
    Ok(json!(format!("{bare:0>width$}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_made_equal() {
        let wide = ConversionOptions { width: Some(13), ..PLAIN };
        assert_eq!(apply("036000291452", &wide), Ok(json!("0036000291452")), "a UPC as an EAN-13");
        assert_eq!(apply("05701234000013", &wide), Ok(json!("5701234000013")));
        assert!(
            apply("15701234000010", &wide).is_err_and(|wanted| wanted == say!("wanted-gtin-width", width = 13_u64)),
            "a carton is not its content"
        );
    }
}
