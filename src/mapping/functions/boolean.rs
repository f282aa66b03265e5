use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "boolean",
    summary: "true or false, in common spellings: true/false, 1/0, yes/no, y/n, ja/nein, oui/non, si/no, x. Set others with `yes` and `no`",
    options: &["yes", "no"],
    makes: ValueKind::Boolean,
    example: ("Yes", PLAIN, "true"),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let named = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if named(&options.yes) {
        return Ok(json!(true));
    }
    if named(&options.no) {
        return Ok(json!(false));
    }
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "ja" | "j" | "oui" | "si" | "sí" | "x" => Ok(json!(true)),
        "false" | "0" | "no" | "n" | "nein" | "non" | "nej" | "-" => Ok(json!(false)),
        _ => Err(say!("wanted-true-or-false")),
    }
}
