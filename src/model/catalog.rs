//! Which models and fields an Odoo has: a snapshot of its `fields_get`, as data, so that mappings can be checked without a server.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One field of a model.
#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    /// Odoo's type: `char`, `many2one`, `one2many`…
    #[serde(rename = "type")]
    pub kind: String,
    /// Model a relation points to.
    #[serde(default)]
    pub relation: Option<String>,
    /// For a one2many, the many2one on the other side.
    #[serde(default)]
    pub inverse: Option<String>,
    /// Must have a value.
    #[serde(default)]
    pub required: bool,
    /// Shown read-only; over RPC Odoo writes it all the same unless it is computed.
    #[serde(default)]
    pub readonly: bool,
    /// Not stored: worked out when it is read.
    #[serde(default)]
    pub computed: bool,
    /// Values of a selection, where they are few.
    #[serde(default)]
    pub selection: Option<Vec<String>>,
}

/// Models and their fields by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Catalog {
    models: BTreeMap<String, BTreeMap<String, Field>>,
}

impl Catalog {
    /// The fields of a model, or `None` for a model that is not in the snapshot.
    pub fn model(&self, name: &str) -> Option<&BTreeMap<String, Field>> {
        self.models.get(name)
    }

    /// One field.
    pub fn field(&self, model: &str, field: &str) -> Option<&Field> {
        self.models.get(model)?.get(field)
    }

    /// Names of all models.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }
}
