use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{i18n::Sentence, shape::ValueKind};

pub(super) const FUNCTION: Function = Function {
    name: "text",
    summary: "the text; every run of blanks and line breaks becomes one blank; `width` cuts it after this many characters",
    options: &["width"],
    makes: ValueKind::Text,
    example: ("  a\n  b ", PLAIN, "\"a b\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(json!(line.chars().take(options.width.unwrap_or(usize::MAX)).collect::<String>()))
}
