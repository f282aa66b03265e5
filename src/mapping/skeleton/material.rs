//! What a first mapping is made of.

use crate::model::{
    Document,
    catalog::Catalog,
    shape::{Shape, ValueKind},
};

/// What a skeleton is made of.
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
    /// What the schema's author says of elements, by local name.
    pub about: &'m dyn Fn(&str) -> Option<String>,
}

/// A value of the sample.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Local names from the root; an attribute's last.
    pub(super) names: Vec<String>,
    /// The path as it is written, from the record's or line's element.
    pub(super) path: String,
    /// What the schema says that it is.
    pub(super) kind: ValueKind,
    /// The value in the sample.
    pub(super) value: String,
    /// Further values that the sample has there: how numbers and days are written shows in all of them.
    pub(super) further: Vec<String>,
}
