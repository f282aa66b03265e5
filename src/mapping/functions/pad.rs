use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, SIX};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "pad",
    summary: "the text, padded on the left to `width` characters with `fill` (default 0); a longer text is refused",
    options: &["width", "fill"],
    makes: ValueKind::Text,
    example: ("42", SIX, "\"000042\""),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let (width, length) = (options.width.unwrap_or(0), text.chars().count());
    if length > width {
        return Err(say!("wanted-length", width = width));
    }
    Ok(json!(std::iter::repeat_n(options.fill.unwrap_or('0'), width - length).chain(text.chars()).collect::<String>()))
}
