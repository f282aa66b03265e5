use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function {
    name: "gtin",
    summary: "a GTIN of 8, 12, 13 or 14 digits whose check digit is right; a GTIN-14 with a leading zero becomes its GTIN-13",
    example: ("05701234000013", PLAIN, "\"5701234000013\""),
    apply,
};

/// GS1 General Specifications, 7.9: weights 3 and 1 from the right, the check digit left out.
fn apply(text: &str, _: &Options) -> Result<Json, String> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != text.chars().count() || !matches!(digits.len(), 8 | 12 | 13 | 14) {
        return Err("a GTIN of 8, 12, 13 or 14 digits".into());
    }
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { digit * 3 } else { *digit }).sum();
    if !sum.is_multiple_of(10) {
        return Err("a GTIN; its check digit is wrong".into());
    }
    Ok(json!(if digits.len() == 14 { text.strip_prefix('0').unwrap_or(text) } else { text }))
}
