use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{i18n::Sentence, shape::ValueKind};

pub(super) const FUNCTION: Function = Function {
    name: "lower",
    summary: "the text in lower case",
    options: &[],
    makes: ValueKind::Text,
    example: ("ABC", PLAIN, "\"abc\""),
    apply,
};

fn apply(text: &str, _: &ConversionOptions) -> Result<Json, Sentence> {
    Ok(json!(text.to_lowercase()))
}
