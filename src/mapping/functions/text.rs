use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{i18n::Sentence, shape::ValueKind};

pub(super) const FUNCTION: Function = Function {
    name: "text",
    summary: "the text with every run of blanks and line ends made one blank, cut after `width` characters where that is given",
    options: &["width"],
    makes: ValueKind::Text,
    example: ("  a\n  b ", PLAIN, "\"a b\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(json!(line.chars().take(options.width.unwrap_or(usize::MAX)).collect::<String>()))
}
