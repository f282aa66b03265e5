//! Stock: quants in inventory mode, reservation, and deliveries that open a dialog before they create a backorder.

use chrono::Utc;
use serde_json::{Map, Value as Json, json};

use super::{
    Refusal,
    store::Store,
    values::{display_name, value},
};

const STOCK: i64 = 2;
const ADJUSTMENT: i64 = 4;

fn number(store: &Store, model: &str, id: i64, field: &str) -> f64 {
    value(store, model, id, field).as_f64().unwrap_or(0.0)
}

fn quant(store: &Store, product: i64, location: i64) -> Option<i64> {
    store
        .rows("stock.quant")
        .find(|(_, row)| row.get("product_id") == Some(&json!(product)) && row.get("location_id") == Some(&json!(location)))
        .map(|(id, _)| id)
}

/// In inventory mode `create` finds the quant of the same product and location itself and sets what was counted.
pub(super) fn create_quant(store: &mut Store, values: &Map<String, Json>, context: &Map<String, Json>) -> Result<i64, Refusal> {
    let id = |field: &str| values.get(field).and_then(Json::as_i64);
    let required = |label: &str, field: &str| {
        Refusal::validation(format!("The operation cannot be completed: Missing required value for the field '{label}' ({field})."))
    };
    let product = id("product_id").ok_or_else(|| required("Product", "product_id"))?;
    let location = id("location_id").ok_or_else(|| required("Location", "location_id"))?;
    if store.row("product.product", product).is_none() {
        return Err(Refusal::missing("product.product", product));
    }
    if value(store, "product.product", product, "is_storable") != Json::Bool(true) {
        return Err(Refusal::validation("Quants cannot be created for consumables or services."));
    }
    let quant = quant(store, product, location).unwrap_or_else(|| {
        let row = json!({"product_id": product, "location_id": location, "quantity": 0.0, "reserved_quantity": 0.0, "inventory_quantity": 0.0, "inventory_quantity_set": false, "company_id": 1});
        store.insert("stock.quant", row.as_object().cloned().unwrap_or_default())
    });
    let in_inventory_mode = context.get("inventory_mode").is_some_and(|flag| *flag == Json::Bool(true));
    if let Some(counted) = values.get("inventory_quantity").filter(|_| in_inventory_mode) {
        store.set("stock.quant", quant, "inventory_quantity", counted.clone());
        store.set("stock.quant", quant, "inventory_quantity_set", json!(true));
    } else if let Some(quantity) = values.get("quantity") {
        store.set("stock.quant", quant, "quantity", quantity.clone());
    }
    Ok(quant)
}

pub(super) fn apply_inventory(store: &mut Store, quants: &[i64], context: &Map<String, Json>) {
    let name = context.get("inventory_name").cloned().unwrap_or(Json::Bool(false));
    for quant in quants {
        let (before, counted) =
            (number(store, "stock.quant", *quant, "quantity"), number(store, "stock.quant", *quant, "inventory_quantity"));
        let (product, location) = (value(store, "stock.quant", *quant, "product_id"), value(store, "stock.quant", *quant, "location_id"));
        let (from, to) = if counted >= before { (json!(ADJUSTMENT), location) } else { (location, json!(ADJUSTMENT)) };
        let moved = json!({"product_id": product, "product_uom_qty": (counted - before).abs(), "quantity": (counted - before).abs(), "state": "done", "location_id": from, "location_dest_id": to,
                           "is_inventory": true, "inventory_name": name, "reference": name, "picking_id": false});
        // Without a difference, nothing moves.
        if (counted - before).abs() > f64::EPSILON {
            store.insert("stock.move", moved.as_object().cloned().unwrap_or_default());
        }
        store.set("stock.quant", *quant, "quantity", json!(counted));
        store.set("stock.quant", *quant, "inventory_quantity", json!(0.0));
        store.set("stock.quant", *quant, "inventory_quantity_set", json!(false));
    }
}

/// Reserves available stock; goods that are not tracked are always available.
pub(super) fn assign(store: &mut Store, picking: i64) {
    let moves: Vec<i64> =
        value(store, "stock.picking", picking, "move_ids").as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
    let mut all = true;
    for moved in moves {
        let wanted = number(store, "stock.move", moved, "product_uom_qty");
        let had = number(store, "stock.move", moved, "quantity");
        let product = value(store, "stock.move", moved, "product_id").as_i64().unwrap_or_default();
        let quantity = if value(store, "product.product", product, "is_storable") == Json::Bool(true) {
            let Some(quant) = quant(store, product, STOCK) else {
                all = false;
                continue;
            };
            let free = number(store, "stock.quant", quant, "quantity") - number(store, "stock.quant", quant, "reserved_quantity");
            let taken = free.max(0.0).min(wanted - had);
            let reserved = number(store, "stock.quant", quant, "reserved_quantity") + taken;
            store.set("stock.quant", quant, "reserved_quantity", json!(reserved));
            had + taken
        } else {
            wanted
        };
        all &= quantity >= wanted;
        let state = if quantity >= wanted {
            "assigned"
        } else if quantity > 0.0 {
            "partially_available"
        } else {
            "confirmed"
        };
        store.set("stock.move", moved, "quantity", json!(quantity));
        store.set("stock.move", moved, "state", json!(state));
    }
    store.set("stock.picking", picking, "state", json!(if all { "assigned" } else { "confirmed" }));
}

/// `true` when done; a window action when Odoo would open a dialog.
pub(super) fn validate(store: &mut Store, pickings: &[i64], context: &Map<String, Json>) -> Result<Json, Refusal> {
    for picking in pickings {
        let moves: Vec<i64> =
            value(store, "stock.picking", *picking, "move_ids").as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
        if moves.iter().all(|moved| number(store, "stock.move", *moved, "quantity") == 0.0) {
            let name = display_name(store, "stock.picking", *picking);
            return Err(Refusal::user(format!(
                "You cannot validate a transfer if no quantities are reserved. To force the transfer, encode quantities. ({name})"
            )));
        }
        let short = moves
            .iter()
            .any(|moved| number(store, "stock.move", *moved, "quantity") < number(store, "stock.move", *moved, "product_uom_qty"));
        if short && context.get("skip_backorder").is_none() {
            return Ok(
                json!({"type": "ir.actions.act_window", "res_model": "stock.backorder.confirmation", "view_mode": "form", "target": "new"}),
            );
        }
        let backorder = if short { Some(make_backorder(store, *picking)) } else { None };
        for moved in moves {
            let (done, wanted) = (number(store, "stock.move", moved, "quantity"), number(store, "stock.move", moved, "product_uom_qty"));
            if let (Some(backorder), true) = (backorder, done < wanted) {
                let mut rest = store.row("stock.move", moved).cloned().unwrap_or_default();
                rest.insert("picking_id".into(), json!(backorder));
                rest.insert("product_uom_qty".into(), json!(wanted - done));
                rest.insert("quantity".into(), json!(0.0));
                store.insert("stock.move", rest);
                store.set("stock.move", moved, "product_uom_qty", json!(done));
            }
            store.set("stock.move", moved, "state", json!("done"));
            let product = value(store, "stock.move", moved, "product_id").as_i64().unwrap_or_default();
            if let Some(quant) = quant(store, product, STOCK) {
                for field in ["quantity", "reserved_quantity"] {
                    let left = number(store, "stock.quant", quant, field) - done;
                    store.set("stock.quant", quant, field, json!(left));
                }
            }
        }
        store.set("stock.picking", *picking, "state", json!("done"));
        store.set("stock.picking", *picking, "date_done", json!(Utc::now().format("%Y-%m-%d %H:%M:%S").to_string()));
    }
    Ok(json!(true))
}

fn make_backorder(store: &mut Store, picking: i64) -> i64 {
    let sequence = store.next("sequence:WH/OUT");
    let mut row = store.row("stock.picking", picking).cloned().unwrap_or_default();
    row.insert("name".into(), json!(format!("WH/OUT/{sequence:05}")));
    row.insert("backorder_id".into(), json!(picking));
    row.insert("state".into(), json!("confirmed"));
    store.insert("stock.picking", row)
}
