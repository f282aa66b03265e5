use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function { name: "integer", summary: "a whole number", example: ("010", PLAIN, "10"), apply };

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    text.parse::<i64>().map(|number| json!(number)).map_err(|_| "a whole number".into())
}
