//! Public methods of models besides those of the ORM: orders that make deliveries, counting stock, pickings that open dialogs. Only
//! behaviour that the suite shows in a real Odoo.

use chrono::Utc;
use serde_json::{Map, Value as Json, json};

use super::{Refusal, orm, stock, store::Store, values::value};

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
            // A value from RPC is text, never markup.
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
