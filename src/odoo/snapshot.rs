//! A snapshot of a server's models and fields, so that mappings can be checked without the server.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Call, FaultKind, Odoo};
use crate::model::{
    Problem,
    catalog::{Catalog, Field},
};

/// Required references that Odoo makes by itself with their record, since the record inherits from them (`_inherits`).
const DELEGATES: [(&str, &str); 2] = [("product.product", "product_tmpl_id"), ("res.users", "partner_id")];

/// Values of a selection that are kept; longer lists are countries and time zones.
const CHOICES: usize = 40;

/// The fields of these models as the server has them; models that it does not have are left out.
///
/// # Errors
/// As a call to Odoo.
pub async fn snapshot(odoo: &Odoo, models: &[String]) -> Result<Catalog, Problem> {
    let mut catalog = Catalog::default();
    for model in models {
        let doing = format!("reading the fields of {model}");
        let attributes = json!(["type", "relation", "relation_field", "required", "readonly", "store", "depends", "selection"]);
        let fields = match odoo.call(Call::model(model, "fields_get").arg("attributes", attributes)).await {
            Ok(fields) => fields,
            Err(fault) if fault.kind == FaultKind::Unknown => continue,
            Err(fault) => return Err(fault.problem(&doing)),
        };
        let Json::Object(fields) = fields else { continue };
        let required: Vec<&String> =
            fields.iter().filter(|(_, field)| field.get("required") == Some(&Json::Bool(true))).map(|(name, _)| name).collect();
        let defaults = match odoo.call(Call::model(model, "default_get").arg("fields", json!(required))).await {
            Ok(Json::Object(defaults)) => defaults,
            // A model that computes its defaults from a window that is not open.
            Ok(_) => Map::new(),
            Err(fault) if matches!(fault.kind, FaultKind::Server | FaultKind::Refused | FaultKind::Unknown) => Map::new(),
            Err(fault) => return Err(fault.problem(&doing)),
        };
        let reduced: BTreeMap<String, Field> =
            fields.iter().map(|(name, field)| (name.clone(), reduced(model, name, field, &defaults))).collect();
        catalog.insert(model.clone(), reduced);
    }
    Ok(catalog)
}

fn reduced(model: &str, name: &str, field: &Json, defaults: &Map<String, Json>) -> Field {
    let text = |key: &str| field.get(key).and_then(Json::as_str).map(str::to_string);
    let flag = |key: &str| field.get(key).and_then(Json::as_bool).unwrap_or(false);
    let worked_out = field.get("depends").and_then(Json::as_array).is_some_and(|depends| !depends.is_empty());
    let kind = text("type").unwrap_or_default();
    let selection: Vec<String> = field
        .get("selection")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|choice| choice.get(0).and_then(Json::as_str).map(str::to_string))
        .collect();
    let required = flag("required");
    let has_default = defaults.get(name).is_some_and(|value| !value.is_null());
    let by_itself = worked_out || flag("readonly") || kind == "one2many" || DELEGATES.contains(&(model, name));
    Field {
        relation: text("relation"),
        inverse: text("relation_field").filter(|_| kind == "one2many"),
        required,
        readonly: flag("readonly"),
        computed: !field.get("store").and_then(Json::as_bool).unwrap_or(true) || worked_out && flag("readonly"),
        selection: (!selection.is_empty() && selection.len() <= CHOICES).then_some(selection),
        filled: required && (has_default || by_itself),
        kind,
    }
}
