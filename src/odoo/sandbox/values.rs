//! The value of a field of a record: stored, computed, or from another record.

use serde_json::{Value as Json, json};

use super::store::Store;
use crate::{model::catalog::Field, odoo::fields::built_in};

pub(super) fn has_field(model: &str, field: &str) -> bool {
    matches!(field, "id" | "display_name") || built_in().field(model, field).is_some()
}

pub(super) fn relation(model: &str, field: &str) -> Option<&'static str> {
    built_in().field(model, field)?.relation.as_deref()
}

/// A field's value as it would be stored: ids for relations, false for empty.
pub(super) fn value(store: &Store, model: &str, id: i64, field: &str) -> Json {
    if field == "id" {
        return json!(id);
    }
    if let Some(computed) = computed(store, model, id, field) {
        return computed;
    }
    let Some(row) = store.row(model, id) else { return Json::Bool(false) };
    if let Some(value) = row.get(field) {
        return value.clone();
    }
    match built_in().field(model, field) {
        Some(Field { kind, relation: Some(target), inverse: Some(inverse), .. }) if kind == "one2many" => {
            store.rows(target).filter(|(_, row)| row.get(inverse).and_then(Json::as_i64) == Some(id)).map(|(id, _)| json!(id)).collect()
        }
        Some(Field { kind, .. }) if kind == "one2many" || kind == "many2many" => json!([]),
        Some(Field { kind, .. }) if matches!(kind.as_str(), "float" | "monetary") => json!(0.0),
        Some(Field { kind, .. }) if kind == "integer" => json!(0),
        _ => Json::Bool(false),
    }
}

pub(super) fn display_name(store: &Store, model: &str, id: i64) -> String {
    let text = |field: &str| value(store, model, id, field).as_str().unwrap_or_default().to_string();
    match model {
        "product.product" | "product.template" => match text("default_code") {
            code if code.is_empty() => text("name"),
            code => format!("[{code}] {}", text("name")),
        },
        "stock.quant" => value(store, model, id, "product_id")
            .as_i64()
            .map(|product| display_name(store, "product.product", product))
            .unwrap_or_default(),
        "stock.location" => text("complete_name"),
        _ => text("name"),
    }
}

/// Fields that are computed, or stored on another record.
fn computed(store: &Store, model: &str, id: i64, field: &str) -> Option<Json> {
    let of = |field: &str| value(store, model, id, field);
    match (model, field) {
        (_, "display_name") => Some(json!(display_name(store, model, id))),
        ("product.product", _) if !matches!(field, "product_tmpl_id" | "active" | "barcode" | "default_code") => {
            let template = store.row(model, id)?.get("product_tmpl_id")?.as_i64()?;
            matches!(field, "product_variant_id" | "product_variant_ids")
                .then(|| json!(id))
                .or_else(|| Some(value(store, "product.template", template, field)))
        }
        ("product.template", "product_variant_id") => Some(variant(store, id).map_or(Json::Bool(false), Json::from)),
        ("product.template", "product_variant_count") => Some(json!(1)),
        ("product.template", "barcode" | "default_code") => {
            Some(variant(store, id).map_or(Json::Bool(false), |variant| value(store, "product.product", variant, field)))
        }
        ("sale.order.line", "price_subtotal") => {
            let number = |field: &str| of(field).as_f64().unwrap_or(0.0);
            Some(json!(round(number("product_uom_qty") * number("price_unit") * (1.0 - number("discount") / 100.0))))
        }
        ("sale.order", "amount_untaxed" | "amount_total") => {
            let lines = of("order_line");
            let total: f64 = lines
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_i64)
                .filter_map(|line| value(store, "sale.order.line", line, "price_subtotal").as_f64())
                .sum();
            Some(json!(round(total)))
        }
        ("stock.picking", "picking_type_code") => Some(value(store, "stock.picking.type", of("picking_type_id").as_i64()?, "code")),
        ("stock.quant", "available_quantity") => {
            Some(json!(of("quantity").as_f64().unwrap_or(0.0) - of("reserved_quantity").as_f64().unwrap_or(0.0)))
        }
        _ => None,
    }
}

fn round(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// The product of a template.
pub(super) fn variant(store: &Store, template: i64) -> Option<i64> {
    store.rows("product.product").find(|(_, row)| row.get("product_tmpl_id").and_then(Json::as_i64) == Some(template)).map(|(id, _)| id)
}
