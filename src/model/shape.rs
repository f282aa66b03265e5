//! What a schema allows, as plain data: which elements and attributes may stand where. Built by `schema`, asked by `mapping`, so
//! that neither room needs to know the other.

use serde::Serialize;

use super::Name;

/// What a simple value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text, codes among it.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Decimal,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// A time of day.
    Time,
}

impl Kind {
    /// The word in a sentence.
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

/// Index of a [`ShapeType`] in its [`Shape`].
pub type ShapeId = usize;

/// The content one type allows.
#[derive(Debug, Clone, Default)]
pub struct ShapeType {
    /// Child elements with the type of each.
    pub children: Vec<(Name, ShapeId)>,
    /// Those of them without which the element is not valid.
    pub needed: Vec<Name>,
    /// Attributes with what their values are, and whether they must be there.
    pub attributes: Vec<(Name, Kind, bool)>,
    /// A wildcard allows elements the schema does not name.
    pub open: bool,
    /// The type carries text (simple or mixed content).
    pub text: bool,
    /// What that text is.
    pub kind: Kind,
}

/// All types of a schema and the elements a document may start with.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Types by id.
    pub types: Vec<ShapeType>,
    /// Global elements.
    pub roots: Vec<(Name, ShapeId)>,
}
