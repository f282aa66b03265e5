//! Conversions: what `as = "…"` in a mapping can say. One file each; the example is documentation and test at once.

mod boolean;
mod date;
mod datetime;
mod decimal;
mod gtin;
mod integer;
mod text;

use serde_json::Value as Json;

/// Further settings beside `as`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// How a date or time is written, in strftime's signs: `%d.%m.%Y`.
    pub format: Option<String>,
    /// Time zone of times without one: `Europe/Berlin`.
    pub zone: Option<String>,
}

/// One conversion.
pub struct Function {
    /// Name after `as =`.
    pub name: &'static str,
    /// What it makes of a text.
    pub summary: &'static str,
    /// Input, options, output as JSON.
    pub example: (&'static str, Options, &'static str),
    /// Converts; an error says what the value should have been.
    pub apply: fn(&str, &Options) -> Result<Json, String>,
}

/// Every conversion, by name.
pub const ALL: [&Function; 7] =
    [&boolean::FUNCTION, &date::FUNCTION, &datetime::FUNCTION, &decimal::FUNCTION, &gtin::FUNCTION, &integer::FUNCTION, &text::FUNCTION];

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
    pub options: Options,
}

impl std::fmt::Debug for Conversion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

/// Options without anything set, for examples.
const PLAIN: Options = Options { format: None, zone: None };

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
}
