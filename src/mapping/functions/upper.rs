use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};
use crate::model::shape::Kind;

pub(super) const FUNCTION: Function = Function {
    name: "upper",
    summary: "the text in upper case",
    options: &[],
    makes: Kind::Text,
    example: ("abc", PLAIN, "\"ABC\""),
    apply,
};

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    Ok(json!(text.to_uppercase()))
}
