//! The documents of the library that go out: made of records of a real Odoo, judged by xmllint, and looked through.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::{
    common::{goods, scenarios::xmllint},
    library::Site,
};

/// The documents that go out, of an order, its delivery and an invoice made here.
pub async fn outbound(site: &Site) -> usize {
    let odoo = site.odoo.clone();
    let customer = goods::customer(&odoo).await;
    let (a, b) = (goods::product(&odoo).await, goods::product(&odoo).await);
    let reference = format!("OUT-{}", goods::fresh());
    let lines = json!([[0, 0, {"product_id": a.id, "product_uom_qty": 3, "price_unit": 12.5, "sequence": 10}], [0, 0, {"product_id": b.id, "product_uom_qty": 2, "price_unit": 7.25, "sequence": 20}]]);
    let order = odoo.create("sale.order", json!({"partner_id": customer.id, "client_order_ref": reference, "order_line": lines})).await;
    odoo.call("sale.order", "action_confirm", json!([[order]]), json!({})).await;
    let order = odoo.search_read("sale.order", json!([["id", "=", order]]), &["name", "picking_ids"]).await[0].clone();
    let picking = order["picking_ids"][0].clone();
    for moved in odoo.search_read("stock.move", json!([["picking_id", "=", picking]]), &["product_uom_qty"]).await {
        odoo.call("stock.move", "write", json!([[moved["id"]], {"quantity": moved["product_uom_qty"], "picked": true}]), json!({})).await;
    }
    odoo.call("stock.picking", "button_validate", json!([[picking]]), json!({"context": {"skip_sms": true}})).await;
    let invoice = odoo.create("account.move", json!({"move_type": "out_invoice", "partner_id": customer.id, "invoice_date": "2026-11-20", "ref": reference,
        "invoice_line_ids": [[0, 0, {"product_id": a.id, "quantity": 3, "price_unit": 12.5}], [0, 0, {"product_id": b.id, "quantity": 2, "price_unit": 7.25}]]})).await;
    odoo.call("account.move", "action_post", json!([[invoice]]), json!({})).await;
    let totals =
        odoo.search_read("account.move", json!([["id", "=", invoice]]), &["name", "amount_untaxed", "amount_total"]).await[0].clone();
    let name = order["name"].as_str().expect("a name").to_string();
    let amount = |field: &str| format!("{:.2}", totals[field].as_f64().expect("an amount"));
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let ubl = |document: &str| corpus.join(format!("ubl-2.1/schemas/maindoc/UBL-{document}-2.1.xsd"));
    let cases: [(&str, PathBuf, Vec<String>); 4] = [
        ("ubl-order-response-out", ubl("OrderResponse"), vec![reference.clone(), name.clone(), ">3".into(), "12.5".into(), "7.25".into()]),
        (
            "ubl-despatch-out",
            ubl("DespatchAdvice"),
            vec![reference.clone(), name.clone(), a.barcode.clone(), b.code.clone(), customer.name.clone(), "Aarhus".into(), "8000".into()],
        ),
        (
            "ubl-invoice-out",
            ubl("Invoice"),
            vec![totals["name"].as_str().expect("a name").into(), amount("amount_untaxed"), amount("amount_total"), customer.vat.clone()],
        ),
        (
            "opentrans-dispatch-out",
            corpus.join("opentrans-2.1/schemas/opentrans_2_1.xsd"),
            vec![reference.clone(), a.code.clone(), customer.name.clone()],
        ),
    ];
    for (flow, schema, signs) in &cases {
        let path = site.dir.path().join(format!("flows/{flow}.toml"));
        let text = fs::read_to_string(&path).expect("a flow");
        let start = text.find("domain = [").expect("a domain") + "domain = [".len();
        fs::write(&path, format!("{}\n  [\"partner_id\", \"=\", {}],{}", &text[..start], customer.id, &text[start..])).expect("written");
        let folder = site.folder(flow);
        let (code, out, err) = site.consign(&["run", "--once", flow]);
        assert_eq!(code, 0, "{flow}: {out}{err}");
        let sent: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        assert_eq!(sent.len(), 1, "{flow}: {sent:?}");
        xmllint(schema, &sent[0]);
        let text = fs::read_to_string(&sent[0]).expect("the document");
        for sign in signs {
            assert!(text.contains(sign.as_str()), "{flow}: no `{sign}` in {text}");
        }
    }
    cases.len()
}
