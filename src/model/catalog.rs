//! Which models and fields an Odoo has: a snapshot of its `fields_get`, as data, so that mappings can be checked without a server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One field of a model.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Field {
    /// Odoo's type: `char`, `many2one`, `one2many`…
    #[serde(rename = "type")]
    pub kind: String,
    /// Model a relation points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// For a one2many, the many2one on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<String>,
    /// Requires a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Shown read-only. Over RPC Odoo writes it anyway, unless it is computed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub readonly: bool,
    /// Not stored: computed when it is read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub computed: bool,
    /// Values of a selection, if there are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Vec<String>>,
    /// A new record gets a value automatically: a default, or one that Odoo computes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filled: bool,
}

/// Models and their fields by name.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
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

    /// Adds or replaces a model.
    pub fn insert(&mut self, model: String, fields: BTreeMap<String, Field>) {
        self.models.insert(model, fields);
    }
}
