//! What a schema allows, as plain data: which elements and attributes are allowed where. `schema` builds it and `mapping` reads it,
//! so that neither module needs the other.

use std::borrow::Cow;

use super::Name;
pub use super::value_kind::ValueKind;

/// How a type treats white space in its values (XML Schema Part 2, 4.3.6): blanks, tabs and line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WhiteSpace {
    /// Kept, as in `xs:string`.
    #[default]
    Preserve,
    /// Each becomes a blank, as in `xs:normalizedString`.
    Replace,
    /// Several in a row become one blank, and those at the ends are removed: `xs:token` and all non-text types.
    Collapse,
}

impl WhiteSpace {
    /// Whether the type changes the value.
    pub fn changes(self, value: &str) -> bool {
        *self.of(value) != *value
    }

    /// The value after white space processing.
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
    /// The kind of its values.
    pub kind: ValueKind,
    /// How it treats white space.
    pub white_space: WhiteSpace,
    /// It is required.
    pub needed: bool,
}

/// The content one type allows.
#[derive(Debug, Clone, Default)]
pub struct ShapeType {
    /// Child elements with the type of each, sorted by name. One name has one type (XML Schema Part 1, 3.8.6).
    pub children: Vec<(Name, ShapeId)>,
    /// The required ones among them.
    pub needed: Vec<Name>,
    /// Attributes; the type's own come before those of its base type.
    pub attributes: Vec<ShapeAttribute>,
    /// A wildcard allows elements the schema does not name.
    pub open: bool,
    /// The type carries text (simple or mixed content).
    pub text: bool,
    /// The text may be among child elements.
    pub is_mixed: bool,
    /// The kind of that text.
    pub kind: ValueKind,
    /// How it treats white space.
    pub white_space: WhiteSpace,
}

/// All types of a schema, and the elements that a document may start with.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Types by id.
    pub types: Vec<ShapeType>,
    /// Global elements, sorted by name.
    pub roots: Vec<(Name, ShapeId)>,
    /// Named types, sorted by name: `xsi:type` may name each of them.
    pub named: Vec<(Name, ShapeId)>,
}
