//! What a value is.

use serde::Serialize;

/// The kind of a simple value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    /// Text, including codes.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Decimal,
    /// True or false.
    Boolean,
    /// A date.
    Date,
    /// A date with time.
    DateTime,
    /// A time of day.
    Time,
}

impl ValueKind {
    /// The words for a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::DateTime => "a date with time",
            Self::Time => "a time of day",
        }
    }
}
