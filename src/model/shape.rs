//! What a schema allows, as plain data: which elements and attributes may stand where. Built by `schema`, asked by `mapping`, so
//! that neither room needs to know the other.

use std::borrow::Cow;

use serde::Serialize;

use super::Name;

/// What a simple value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
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

impl ValueKind {
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

/// What a type does with the white space of its values (XML Schema Part 2, 4.3.6): blanks, tabs and line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WhiteSpace {
    /// They stay, as in `xs:string`.
    #[default]
    Preserve,
    /// Each is a blank, as in `xs:normalizedString`.
    Replace,
    /// Many in a row are one blank, and those at the ends go: `xs:token` and everything that is no text.
    Collapse,
}

impl WhiteSpace {
    /// Whether the type has the value in another form.
    pub fn changes(self, value: &str) -> bool {
        *self.of(value) != *value
    }

    /// The value as the type has it.
    ///
    /// ```
    /// use consign::model::shape::WhiteSpace;
    ///
    /// assert_eq!(WhiteSpace::Collapse.of(" KA\n  7 "), "KA 7");
    /// assert_eq!(WhiteSpace::Replace.of(" KA\n  7 "), " KA   7 ");
    /// assert_eq!(WhiteSpace::Preserve.of(" KA\n  7 "), " KA\n  7 ");
    /// ```
    pub fn of(self, value: &str) -> Cow<'_, str> {
        let is_space = |sign: char| matches!(sign, ' ' | '\t' | '\n' | '\r');
        match self {
            Self::Preserve => Cow::Borrowed(value),
            Self::Replace if !value.contains(['\t', '\n', '\r']) => Cow::Borrowed(value),
            Self::Replace => Cow::Owned(value.replace(['\t', '\n', '\r'], " ")),
            Self::Collapse => {
                let inner = value.trim_matches(is_space);
                match inner.contains(['\t', '\n', '\r']) || inner.contains("  ") {
                    false => Cow::Borrowed(inner),
                    true => Cow::Owned(inner.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")),
                }
            }
        }
    }
}

/// Index of a [`ShapeType`] in its [`Shape`].
pub type ShapeId = usize;

/// An attribute that a type allows.
#[derive(Debug, Clone)]
pub struct ShapeAttribute {
    /// Its name.
    pub name: Name,
    /// What its values are.
    pub kind: ValueKind,
    /// What becomes of their white space.
    pub white_space: WhiteSpace,
    /// It must be there.
    pub needed: bool,
}

/// The content one type allows.
#[derive(Debug, Clone, Default)]
pub struct ShapeType {
    /// Child elements with the type of each, sorted by name. One name has one type (XML Schema Part 1, 3.8.6).
    pub children: Vec<(Name, ShapeId)>,
    /// Those of them without which the element is not valid.
    pub needed: Vec<Name>,
    /// Attributes; those of the type itself come before those of the one it is derived from.
    pub attributes: Vec<ShapeAttribute>,
    /// A wildcard allows elements the schema does not name.
    pub open: bool,
    /// The type carries text (simple or mixed content).
    pub text: bool,
    /// What that text is.
    pub kind: ValueKind,
    /// What becomes of its white space.
    pub white_space: WhiteSpace,
}

/// All types of a schema and the elements a document may start with.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Types by id.
    pub types: Vec<ShapeType>,
    /// Global elements, sorted by name.
    pub roots: Vec<(Name, ShapeId)>,
    /// Types that have a name, sorted by it: `xsi:type` may name each of them.
    pub named: Vec<(Name, ShapeId)>,
}
