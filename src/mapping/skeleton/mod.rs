//! A starter mapping, made from a sample document, its schema and an Odoo model: paths with a clear meaning are filled in, the others
//! are comments. It passes `consign check` as it is; a person decides the rest.

mod knowledge;
mod material;
mod outbound;
mod paths;
mod write;

pub use self::{
    material::Material,
    outbound::{StarterTemplate, template},
    write::Skeleton,
};

/// Makes a skeleton.
pub fn skeleton(material: &Material<'_>) -> Skeleton {
    let found = paths::found(material);
    write::write(material, &found)
}
