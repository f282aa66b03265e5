//! A first mapping, made of a sample document, its schema and a model of Odoo's: the paths that occur, those filled in whose meaning
//! is plain, the rest as remarks. It passes `consign check` as it is; what it leaves open a person decides.

mod knowledge;
mod outbound;
mod paths;
mod write;

use crate::model::{Document, catalog::Catalog, shape::Shape};

use self::{knowledge::Guess, paths::Found};
pub use self::{
    outbound::{Template, template},
    write::Skeleton,
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

/// Makes a skeleton.
pub fn skeleton(material: &Material<'_>) -> Skeleton {
    let found = paths::found(material);
    write::write(material, &found)
}

/// The field that a path most likely is for.
fn guess(material: &Material<'_>, model: &str, found: &Found) -> Option<Guess> {
    knowledge::known(model, &found.names).or_else(|| knowledge::by_name(material.catalog, model, found))
}
