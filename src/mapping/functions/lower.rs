use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};
use crate::model::shape::Kind;

pub(super) const FUNCTION: Function = Function {
    name: "lower",
    summary: "the text in lower case",
    options: &[],
    makes: Kind::Text,
    example: ("ABC", PLAIN, "\"abc\""),
    apply,
};

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    Ok(json!(text.to_lowercase()))
}
