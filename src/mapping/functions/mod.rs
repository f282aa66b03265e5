//! Conversions: the values of `as = "…"` in a mapping. One file each; the example is documentation and test at once.

mod boolean;
mod currency;
mod date;
mod datetime;
mod decimal;
mod digits;
mod gtin;
mod html;
mod integer;
mod lower;
mod pad;
mod text;
mod unit;
mod upper;

use serde_json::Value as Json;

use crate::model::{i18n::Sentence, shape::ValueKind};

/// Further settings beside `as`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConversionOptions {
    /// Format of a date or time, as for strftime: `%d.%m.%Y`; several are tried in order.
    pub format: Vec<String>,
    /// Time zone of times without one: `Europe/Berlin`.
    pub zone: Option<String>,
    /// Two-digit years from this one on are of the last century; 69 by default.
    pub pivot: Option<u32>,
    /// The decimal separator; a point by default.
    pub decimal: Option<char>,
    /// Number of decimals in a number written without a decimal separator.
    pub scale: Option<u32>,
    /// The partner's words for true.
    pub yes: Vec<String>,
    /// The partner's words for false.
    pub no: Vec<String>,
    /// Number of characters or digits.
    pub width: Option<usize>,
    /// Character put before a text that is too short.
    pub fill: Option<char>,
}

/// One conversion.
pub struct Function {
    /// Name after `as =`.
    pub name: &'static str,
    /// What it makes from a text.
    pub summary: &'static str,
    /// Settings that it accepts.
    pub options: &'static [&'static str],
    /// Type of the result.
    pub makes: ValueKind,
    /// Input, options, output as JSON.
    pub example: (&'static str, ConversionOptions, &'static str),
    /// Converts; an error says what the value should have been.
    pub apply: fn(&str, &ConversionOptions) -> Result<Json, Sentence>,
}

/// Every conversion, by name.
pub const ALL: [&Function; 14] = [
    &boolean::FUNCTION,
    &currency::FUNCTION,
    &date::FUNCTION,
    &datetime::FUNCTION,
    &decimal::FUNCTION,
    &digits::FUNCTION,
    &gtin::FUNCTION,
    &html::FUNCTION,
    &integer::FUNCTION,
    &lower::FUNCTION,
    &pad::FUNCTION,
    &text::FUNCTION,
    &unit::FUNCTION,
    &upper::FUNCTION,
];

/// The conversion of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    ALL.into_iter().find(|function| function.name == name)
}

/// A conversion with its options, as a mapping holds it.
#[derive(Clone)]
pub struct Conversion {
    /// The function.
    pub function: &'static Function,
    /// Its options.
    pub options: ConversionOptions,
}

impl std::fmt::Debug for Conversion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

/// Options with nothing set, for examples.
const PLAIN: ConversionOptions = with(None, None);
/// A decimal comma.
const COMMA: ConversionOptions = with(Some(','), None);
/// Six characters.
const SIX: ConversionOptions = with(None, Some(6));

const fn with(decimal: Option<char>, width: Option<usize>) -> ConversionOptions {
    ConversionOptions {
        format: Vec::new(),
        zone: None,
        pivot: None,
        decimal,
        scale: None,
        yes: Vec::new(),
        no: Vec::new(),
        width,
        fill: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_true_and_the_list_is_alphabetical() {
        let names: Vec<_> = ALL.iter().map(|function| function.name).collect();
        assert!(names.is_sorted());
        for function in ALL {
            let (input, options, output) = &function.example;
            let result = (function.apply)(input, options).map(|value| value.to_string());
            assert_eq!(result.as_deref(), Ok(*output), "{}", function.name);
        }
    }

    #[test]
    fn the_reference_lists_every_one() {
        let page = include_str!("../../../docs/mapping.md");
        for function in ALL {
            assert!(page.contains(&format!("| `{}` |", function.name)), "docs/mapping.md does not know `{}`", function.name);
        }
    }
}
