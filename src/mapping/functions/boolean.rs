use serde_json::{Value as Json, json};

use super::{Function, Options, PLAIN};

pub(super) const FUNCTION: Function = Function {
    name: "boolean",
    summary: "true or false, in the spellings partners use: true/false, 1/0, yes/no, y/n, ja/nein, x",
    example: ("Yes", PLAIN, "true"),
    apply,
};

fn apply(text: &str, _: &Options) -> Result<Json, String> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "ja" | "j" | "x" => Ok(json!(true)),
        "false" | "0" | "no" | "n" | "nein" | "-" => Ok(json!(false)),
        _ => Err("true or false".into()),
    }
}
