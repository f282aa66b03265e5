//! A first mapping, made of a sample document, its schema and a model of Odoo's: the paths that occur, those filled in whose meaning
//! is plain, the rest as remarks. It passes `consign check` as it is; what it leaves open a person decides.

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
