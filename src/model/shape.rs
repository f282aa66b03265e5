//! What a schema allows, as plain data: which elements and attributes may stand where. Built by `schema`, asked by `mapping`, so
//! that neither room needs to know the other.

use super::Name;

/// Index of a [`ShapeType`] in its [`Shape`].
pub type ShapeId = usize;

/// The content one type allows.
#[derive(Debug, Clone, Default)]
pub struct ShapeType {
    /// Child elements with the type of each.
    pub children: Vec<(Name, ShapeId)>,
    /// Attributes.
    pub attributes: Vec<Name>,
    /// A wildcard allows elements the schema does not name.
    pub open: bool,
    /// The type carries text (simple or mixed content).
    pub text: bool,
}

/// All types of a schema and the elements a document may start with.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Types by id.
    pub types: Vec<ShapeType>,
    /// Global elements.
    pub roots: Vec<(Name, ShapeId)>,
}
