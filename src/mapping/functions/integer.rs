use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    number,
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "integer",
    summary: "a whole number; decimals that are all zero are accepted; `decimal` as for `decimal`: with `,`, 1.000 is a thousand",
    options: &["decimal"],
    makes: ValueKind::Integer,
    example: ("010", PLAIN, "10"),
    apply,
};

fn apply(text: &str, options: &ConversionOptions) -> Result<Json, Sentence> {
    let plain = number::plain(text, options.decimal).ok_or_else(|| say!("wanted-integer"))?;
    let whole = match plain.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return Err(say!("wanted-integer")),
        None => &plain,
    };
    whole.parse::<i64>().map(|number| json!(number)).map_err(|_| say!("wanted-integer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_is_never_one() {
        let comma = ConversionOptions { decimal: Some(','), ..PLAIN };
        for (text, right) in
            [("1.000", 1000), ("1.000.000", 1_000_000), ("2.500", 2500), ("1 000", 1000), ("1'000", 1000), ("7,00", 7), ("5-", -5)]
        {
            assert_eq!(apply(text, &comma), Ok(json!(right)), "{text}");
        }
        assert!(apply("1,5", &comma).is_err() && apply("1.00", &comma).is_err());
        assert_eq!(apply("1.000", &PLAIN), Ok(json!(1)), "of a number with a decimal point, as XML has it");
        assert!(apply("1.5", &PLAIN).is_err() && apply("1.000.000", &PLAIN).is_err() && apply("10,000", &PLAIN).is_err());
    }
}
