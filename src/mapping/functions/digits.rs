use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "digits",
    summary: "only the digits of the text: `DK 12 34` becomes 1234",
    options: &[],
    makes: ValueKind::Text,
    example: ("DK 12-34", PLAIN, "\"1234\""),
    apply,
};

fn apply(text: &str, _: &ConversionOptions) -> Result<Json, Sentence> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() { Err(say!("wanted-digit")) } else { Ok(json!(digits)) }
}
