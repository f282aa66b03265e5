use serde_json::{Number, Value as Json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function {
    name: "decimal",
    summary: "a decimal number with a point (a decimal comma is the CSV dialect's matter)",
    example: ("12.50", PLAIN, "12.5"),
    apply,
};

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain =
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.matches('.').count() <= 1 && digits != ".";
    let number = if plain { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None };
    number.map(Json::Number).ok_or_else(|| "a decimal number such as 12.50".into())
}
