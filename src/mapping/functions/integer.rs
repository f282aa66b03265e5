use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "integer",
    summary: "a whole number; decimals that are all zero are accepted",
    options: &[],
    makes: ValueKind::Integer,
    example: ("010", PLAIN, "10"),
    apply,
};

fn apply(text: &str, _: &ConversionOptions) -> Result<Json, Sentence> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.chars().all(|c| c == '0') => whole,
        _ => text,
    };
    whole.parse::<i64>().map(|number| json!(number)).map_err(|_| say!("wanted-integer"))
}
