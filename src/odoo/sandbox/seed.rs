//! The records of a new Odoo, as far as EDI needs them.

use serde_json::{Value as Json, json};

use super::store::Store;

pub(super) fn seed(store: &mut Store) {
    let mut add = |model: &str, values: Json| {
        if let Json::Object(row) = values {
            store.insert(model, row);
        }
    };
    add("res.currency", json!({"name": "EUR", "symbol": "€", "active": true}));
    add("res.country", json!({"name": "Denmark", "code": "DK"}));
    add("res.country", json!({"name": "Germany", "code": "DE"}));
    add(
        "res.partner",
        json!({"name": "My Company", "active": true, "is_company": true, "vat": "DK99999993", "type": "contact", "street": "Havnegade 1", "city": "Aarhus", "zip": "8000", "country_id": 1}),
    );
    add("res.company", json!({"name": "My Company", "partner_id": 1, "currency_id": 1, "active": true}));
    add("res.users", json!({"name": "OdooBot", "login": "__system__", "active": false}));
    add("res.users", json!({"name": "Administrator", "login": "admin", "active": true, "partner_id": 1, "company_id": 1}));
    add("uom.uom", json!({"name": "Units", "active": true}));
    add("uom.uom", json!({"name": "kg", "active": true}));
    add("product.category", json!({"name": "All", "complete_name": "All"}));
    add("stock.location", json!({"name": "WH", "complete_name": "WH", "usage": "view", "active": true}));
    add(
        "stock.location",
        json!({"name": "Stock", "complete_name": "WH/Stock", "usage": "internal", "location_id": 1, "active": true, "company_id": 1}),
    );
    add("stock.location", json!({"name": "Customers", "complete_name": "Partners/Customers", "usage": "customer", "active": true}));
    add(
        "stock.location",
        json!({"name": "Inventory adjustment", "complete_name": "Virtual Locations/Inventory adjustment", "usage": "inventory", "active": true}),
    );
    add("stock.picking.type", json!({"name": "Receipts", "code": "incoming", "active": true, "sequence_code": "IN"}));
    add(
        "stock.picking.type",
        json!({"name": "Delivery Orders", "code": "outgoing", "active": true, "sequence_code": "OUT", "default_location_src_id": 2, "default_location_dest_id": 3}),
    );
    add(
        "stock.warehouse",
        json!({"name": "My Company", "code": "WH", "lot_stock_id": 2, "out_type_id": 2, "company_id": 1, "active": true}),
    );
    store.commit();
}
