//! The fields of Odoo 19 for the models that EDI touches: a snapshot of `fields_get` of a real server (19.0 Community with sale,
//! stock, purchase, crm and account), reduced to type, relation, required, read-only, stored and selection values.

use std::sync::OnceLock;

use crate::model::catalog::Catalog;

/// The built-in snapshot.
pub fn built_in() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| serde_json::from_str(include_str!("fields/odoo-19.json")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snapshot_has_the_models_of_the_four_flows() {
        for model in [
            "sale.order",
            "sale.order.line",
            "product.template",
            "product.product",
            "stock.quant",
            "stock.picking",
            "stock.move",
            "res.partner",
        ] {
            assert!(built_in().model(model).is_some_and(|fields| fields.len() > 10), "{model}");
        }
        assert_eq!(built_in().field("sale.order", "order_line").and_then(|field| field.relation.as_deref()), Some("sale.order.line"));
    }
}
