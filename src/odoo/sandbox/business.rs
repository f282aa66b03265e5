//! The behaviour of the models EDI works with: products and their variants, orders that make deliveries, counting stock, pickings
//! that ask back. Only what the suite shows a real Odoo to do.

mod stock;

use chrono::Utc;
use serde_json::{Map, Value as Json, json};

use super::{
    Refusal,
    orm::{self, display_name, value},
    store::{Row, Store},
};

/// Fields that are worked out, or live on another record.
pub(super) fn computed(store: &Store, model: &str, id: i64, field: &str) -> Option<Json> {
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

fn variant(store: &Store, template: i64) -> Option<i64> {
    store.rows("product.product").find(|(_, row)| row.get("product_tmpl_id").and_then(Json::as_i64) == Some(template)).map(|(id, _)| id)
}

/// Values a new record has before those that were given.
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

/// Models that make a record in their own way; `None` for all others.
pub(super) fn create(
    store: &mut Store,
    model: &str,
    values: &Map<String, Json>,
    context: &Map<String, Json>,
) -> Result<Option<i64>, Refusal> {
    match model {
        "product.product" => {
            if values.contains_key("product_tmpl_id") {
                return Ok(None);
            }
            let template = orm::create(store, "product.template", values, context)?;
            Ok(variant(store, template))
        }
        "stock.quant" => stock::create_quant(store, values, context).map(Some),
        _ => Ok(None),
    }
}

/// What follows when a record was made.
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

/// What follows when a record was changed.
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

/// A public method that is not one of the ORM's; `None` when there is no such method.
pub(super) fn call(
    store: &mut Store,
    model: &str,
    method: &str,
    ids: &[i64],
    args: &Map<String, Json>,
    context: &Map<String, Json>,
) -> Result<Option<Json>, Refusal> {
    match (model, method) {
        ("sale.order", "action_confirm" | "action_cancel")
        | ("stock.quant", "action_apply_inventory")
        | ("stock.picking", "action_assign" | "button_validate")
        | (_, "message_post" | "has_access")
        | ("res.users", "context_get") => {}
        _ => return Ok(None),
    }
    if let Some(gone) = ids.iter().find(|id| store.row(model, **id).is_none()) {
        return Err(Refusal::missing(model, *gone));
    }
    let answer = match method {
        "action_confirm" => confirm(store, ids).map(|()| json!(true))?,
        "action_cancel" => {
            ids.iter().for_each(|id| store.set(model, *id, "state", json!("cancel")));
            json!(true)
        }
        "action_apply_inventory" => {
            stock::apply_inventory(store, ids, context);
            Json::Null
        }
        "action_assign" => {
            ids.iter().for_each(|id| stock::assign(store, *id));
            json!(true)
        }
        "button_validate" => stock::validate(store, ids, context)?,
        "message_post" => {
            let body = args.get("body").and_then(Json::as_str).unwrap_or_default();
            // What comes over RPC is text, never markup.
            let body = format!("<p>{}</p>", body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
            let values = json!({"model": model, "res_id": ids.first(), "body": body});
            json!([orm::create(store, "mail.message", values.as_object().unwrap_or(&Map::new()), context)?])
        }
        "context_get" => json!({"lang": "en_US", "tz": false, "uid": 2}),
        _ => json!(true),
    };
    Ok(Some(answer))
}

fn confirm(store: &mut Store, orders: &[i64]) -> Result<(), Refusal> {
    for order in orders {
        let of = |field: &str| value(store, "sale.order", *order, field);
        if !matches!(of("state").as_str(), Some("draft" | "sent")) {
            return Err(Refusal::user("Some orders are not in a state requiring confirmation."));
        }
        let (name, partner, reference) = (of("name"), of("partner_shipping_id"), of("client_order_ref"));
        let lines: Vec<i64> = of("order_line").as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
        let goods: Vec<i64> = lines
            .into_iter()
            .filter(|line| {
                value(store, "sale.order.line", *line, "product_id")
                    .as_i64()
                    .is_some_and(|product| value(store, "product.product", product, "type") == "consu")
            })
            .collect();
        store.set("sale.order", *order, "state", json!("sale"));
        if goods.is_empty() {
            continue;
        }
        let number = store.next("sequence:WH/OUT");
        let now = Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
        let picking = json!({"name": format!("WH/OUT/{number:05}"), "state": "confirmed", "partner_id": partner, "origin": name, "picking_type_id": 2, "location_id": 2,
                             "location_dest_id": 3, "sale_id": order, "scheduled_date": now, "date_done": false, "company_id": 1, "client_order_ref": reference});
        let picking = store.insert("stock.picking", picking.as_object().cloned().unwrap_or_default());
        for line in goods {
            let of = |field: &str| value(store, "sale.order.line", line, field);
            let product = of("product_id");
            let moved = json!({"picking_id": picking, "product_id": product, "product_uom_qty": of("product_uom_qty"), "quantity": 0.0, "state": "confirmed", "location_id": 2,
                               "location_dest_id": 3, "sale_line_id": line, "product_uom": of("product_uom_id"), "reference": format!("WH/OUT/{number:05}"), "sequence": of("sequence")});
            store.insert("stock.move", moved.as_object().cloned().unwrap_or_default());
        }
        stock::assign(store, picking);
    }
    Ok(())
}
