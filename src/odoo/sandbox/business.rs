//! What Odoo does itself when records are created and changed: defaults, products and their variants, prices of lines. Only behaviour
//! that the suite shows in a real Odoo.

use chrono::Utc;
use serde_json::{Map, Value as Json, json};

use super::{
    Refusal,
    store::{Row, Store},
    values::{display_name, value, variant},
};

/// Default values of a new record.
pub(super) fn defaults(store: &mut Store, model: &str, values: &Map<String, Json>) -> Row {
    let now = Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
    let product = || values.get("product_id").and_then(Json::as_i64);
    let defaults = match model {
        "product.template" => {
            json!({"active": true, "type": "consu", "is_storable": false, "list_price": 1.0, "uom_id": 1, "categ_id": 1, "sale_ok": true, "purchase_ok": true})
        }
        "product.product" => json!({"active": true}),
        "res.partner" => json!({"active": true, "is_company": false, "type": "contact"}),
        "sale.order" => {
            let number = store.next("sequence:sale.order");
            let partner = values.get("partner_id").cloned().unwrap_or(Json::Bool(false));
            json!({"name": format!("S{number:05}"), "state": "draft", "date_order": now, "company_id": 1, "currency_id": 1, "warehouse_id": 1,
                   "partner_invoice_id": partner, "partner_shipping_id": partner})
        }
        "sale.order.line" => json!({
            "sequence": 10, "product_uom_qty": 1.0, "discount": 0.0, "product_uom_id": 1,
            "name": product().map(|id| display_name(store, "product.product", id)).unwrap_or_default(),
            "price_unit": product().map_or(json!(0.0), |id| value(store, "product.product", id, "list_price")),
        }),
        "stock.location" => json!({"active": true, "usage": "internal", "company_id": 1}),
        "mail.message" => json!({"date": now, "message_type": "comment"}),
        _ => json!({}),
    };
    if let Json::Object(row) = defaults { row } else { Row::new() }
}

/// Follow-ups after a record is created.
pub(super) fn created(store: &mut Store, model: &str, id: i64) -> Result<(), Refusal> {
    match model {
        "product.template" => {
            let row = store.row(model, id).cloned().unwrap_or_default();
            let taken = |field: &str| row.get(field).cloned().unwrap_or(Json::Bool(false));
            let variant = json!({"product_tmpl_id": id, "active": taken("active"), "barcode": taken("barcode"), "default_code": taken("default_code")});
            let variant = store.insert("product.product", variant.as_object().cloned().unwrap_or_default());
            unique_barcode(store, variant)
        }
        "stock.location" => {
            let parent = value(store, model, id, "location_id").as_i64().map(|parent| display_name(store, model, parent));
            let name = display_name_of(store, id);
            store.set(model, id, "complete_name", json!(parent.map_or(name.clone(), |parent| format!("{parent}/{name}"))));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn display_name_of(store: &Store, location: i64) -> String {
    value(store, "stock.location", location, "name").as_str().unwrap_or_default().to_string()
}

/// Follow-ups after a record is changed.
pub(super) fn written(store: &mut Store, model: &str, id: i64, values: &Map<String, Json>) -> Result<(), Refusal> {
    match model {
        "product.template" => {
            let Some(variant) = variant(store, id) else { return Ok(()) };
            for field in ["barcode", "default_code", "active"] {
                if let Some(value) = values.get(field) {
                    store.set("product.product", variant, field, value.clone());
                }
            }
            unique_barcode(store, variant)
        }
        "product.product" => {
            let template = value(store, model, id, "product_tmpl_id").as_i64().unwrap_or_default();
            for (field, given) in values.iter().filter(|(field, _)| !matches!(field.as_str(), "barcode" | "default_code" | "active")) {
                store.set("product.template", template, field, given.clone());
            }
            unique_barcode(store, id)
        }
        // A new quantity or product brings the product's price back, unless a price is written with it.
        "sale.order.line"
            if !values.contains_key("price_unit") && (values.contains_key("product_uom_qty") || values.contains_key("product_id")) =>
        {
            if let Some(product) = value(store, model, id, "product_id").as_i64() {
                let price = value(store, "product.product", product, "list_price");
                store.set(model, id, "price_unit", price);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn unique_barcode(store: &Store, product: i64) -> Result<(), Refusal> {
    let barcode = value(store, "product.product", product, "barcode");
    let Some(text) = barcode.as_str().filter(|text| !text.is_empty()) else { return Ok(()) };
    match store.rows("product.product").find(|(id, row)| *id != product && row.get("barcode") == Some(&barcode)) {
        Some((other, _)) => Err(Refusal::validation(format!(
            "Barcode(s) already assigned:\n\n- Barcode \"{text}\" already assigned to product(s): {}",
            display_name(store, "product.product", other)
        ))),
        None => Ok(()),
    }
}
