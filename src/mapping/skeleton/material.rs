//! The input for a starter mapping.

use crate::model::{
    Document,
    catalog::Catalog,
    shape::{Shape, ValueKind},
};

/// The input for a skeleton.
pub struct Material<'m> {
    /// A sample.
    pub document: &'m Document,
    /// Its schema's shape.
    pub shape: &'m Shape,
    /// Its schema's name, below `schemas/`.
    pub schema: &'m str,
    /// Odoo's models.
    pub catalog: &'m Catalog,
    /// The model to write.
    pub model: &'m str,
    /// The schema's documentation of elements, by local name.
    pub about: &'m dyn Fn(&str) -> Option<String>,
}

/// A value of the sample.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Local names from the root; an attribute's last.
    pub(super) names: Vec<String>,
    /// The path as written, from the record's or line's element.
    pub(super) path: String,
    /// Its type in the schema.
    pub(super) kind: ValueKind,
    /// The value in the sample.
    pub(super) value: String,
    /// Further values that the sample has there: together they show how numbers and dates are written.
    pub(super) further: Vec<String>,
}
