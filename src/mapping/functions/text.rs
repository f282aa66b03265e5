use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function {
    name: "text",
    summary: "the text with every run of blanks and line ends made one blank",
    example: ("  a\n  b ", PLAIN, "\"a b\""),
    apply,
};

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    Ok(json!(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}
