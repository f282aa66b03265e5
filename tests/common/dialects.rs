//! What Odoo does over each dialect, as our client sees it. The same suite runs against the sandbox and against a real Odoo 19.

use std::time::Duration;

use consign::odoo::{Call, DialectChoice, FaultKind, Odoo, OdooLogin, OdooSettings};
use serde_json::{Map, Value as Json, json};

use super::{goods, rpc::Target};

pub const ALL: [DialectChoice; 3] = [DialectChoice::Json2, DialectChoice::JsonRpc, DialectChoice::XmlRpc];

pub fn settings(target: &Target, dialect: DialectChoice) -> OdooSettings {
    let login = if dialect == DialectChoice::Json2 {
        OdooLogin::Key(target.key.clone())
    } else {
        OdooLogin::Password { login: target.login.clone(), password: target.password.clone() }
    };
    OdooSettings {
        url: target.url.clone(),
        database: target.database.clone(),
        login,
        dialect,
        timeout: Duration::from_secs(60),
        largest_answer: consign::http::LARGEST,
        calls: 2,
        context: Map::new(),
    }
}

/// Everything, over one dialect.
pub async fn behaves(target: &Target, dialect: DialectChoice) {
    let odoo = Odoo::connect(&settings(target, dialect)).await.expect("connected");
    assert!(odoo.version().starts_with("19"), "{}", odoo.version());
    records(&odoo).await;
    refusals(&odoo).await;
    lines(&odoo).await;
    load(&odoo).await;
    domains(&odoo).await;
    inventory(&odoo).await;
    deliveries(&odoo).await;
    chatter(&odoo).await;
    logins(target, dialect).await;
}

async fn one(odoo: &Odoo, model: &str, values: Json) -> i64 {
    odoo.create(model, vec![values], &Map::new()).await.expect("created")[0]
}

async fn records(odoo: &Odoo) {
    let number = goods::fresh();
    let (a, b) = (format!("R-{number}-a"), format!("R-{number}-b"));
    let ids = odoo
        .create(
            "product.template",
            vec![json!({"name": "ä <&> \" Ø", "default_code": a}), json!({"name": "B", "default_code": b, "list_price": 12.345})],
            &Map::new(),
        )
        .await
        .expect("created");
    assert_eq!(ids.len(), 2);
    let read =
        odoo.read("product.template", &ids, &["name", "default_code", "list_price", "barcode", "active", "categ_id"]).await.expect("read");
    let first = read.iter().find(|record| record["id"] == json!(ids[0])).expect("is there");
    assert_eq!(first["name"], "ä <&> \" Ø");
    assert_eq!(first["barcode"], false, "an empty value is false");
    assert_eq!(first["active"], true);
    odoo.call(Call::records("product.template", "write", &ids).arg("vals", json!({"list_price": 5.5}))).await.expect("written");
    let found = odoo.search_read("product.template", json!([["default_code", "in", [a, b]]]), &["list_price"], false).await.expect("found");
    assert_eq!(found.iter().map(|record| record["list_price"].as_f64()).collect::<Vec<_>>(), [Some(5.5), Some(5.5)]);
    let variants = odoo
        .search_read("product.product", json!([["product_tmpl_id", "=", ids[0]]]), &["default_code", "name"], false)
        .await
        .expect("found");
    assert_eq!((variants.len(), variants[0]["default_code"].as_str()), (1, Some(a.as_str())), "a template has its variant");
    odoo.call(Call::records("product.template", "write", &[ids[0]]).arg("vals", json!({"active": false}))).await.expect("archived");
    assert_eq!(odoo.search_read("product.template", json!([["default_code", "=", a]]), &["name"], false).await.expect("found").len(), 0);
    assert_eq!(
        odoo.search_read("product.template", json!([["default_code", "=", a]]), &["name"], true).await.expect("found").len(),
        1,
        "archived ones when asked"
    );
    assert_eq!(odoo.read("product.template", &[99_999_999], &["name"]).await.expect("read"), [], "a record that is not there is left out");
}

async fn refusals(odoo: &Odoo) {
    let create = |model: &'static str, values: Json| odoo.call(Call::model(model, "create").arg("vals_list", json!([values])));
    let fault = create("product.template", json!({"list_price": 3})).await.expect_err("no name");
    assert_eq!(fault.kind, FaultKind::Refused, "{fault:?}");
    assert!(fault.message.contains("name"), "{fault:?}");
    let fault = create("product.template", json!({"name": "x", "nmae": 1})).await.expect_err("no such field");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Unknown, "Invalid field 'nmae' in 'product.template'"));
    let fault = odoo.search_read("sale.order", json!([["nofield", "=", 1]]), &["name"], false).await.expect_err("no such field");
    assert_eq!(
        (fault.kind, fault.message.as_str()),
        (FaultKind::Unknown, "Invalid field sale.order.nofield in condition ('nofield', '=', 1)")
    );
    let fault = odoo.call(Call::records("sale.order", "frobnicate", &[1])).await.expect_err("no such method");
    assert_eq!(fault.kind, FaultKind::Unknown, "{fault:?}");
    let fault = odoo.call(Call::records("no.model", "read", &[1])).await.expect_err("no such model");
    assert_eq!(fault.kind, FaultKind::Unknown, "{fault:?}");
    let fault = odoo
        .call(Call::records("res.partner", "write", &[99_999_999]).arg("vals", json!({"name": "x"})))
        .await
        .expect_err("no such record");
    assert_eq!(fault.kind, FaultKind::Refused, "{fault:?}");
    let barcode = goods::gtin(goods::fresh());
    one(odoo, "product.template", json!({"name": "first", "barcode": barcode})).await;
    let fault = create("product.template", json!({"name": "second", "barcode": barcode})).await.expect_err("the barcode is taken");
    assert_eq!(fault.kind, FaultKind::Refused, "{fault:?}");
    assert!(fault.message.contains(&barcode), "{fault:?}");
    assert_eq!(
        odoo.search_read("product.template", json!([["barcode", "=", barcode]]), &["name"], false).await.expect("found").len(),
        1,
        "nothing of a refused call stays"
    );
}

async fn product(odoo: &Odoo) -> i64 {
    let number = goods::fresh();
    one(
        odoo,
        "product.product",
        json!({"name": format!("P {number}"), "default_code": format!("P-{number}"), "is_storable": true, "list_price": 10.0}),
    )
    .await
}

async fn lines(odoo: &Odoo) {
    let customer = one(odoo, "res.partner", json!({"name": format!("C {}", goods::fresh()), "is_company": true})).await;
    let (a, b) = (product(odoo).await, product(odoo).await);
    let order = json!({"partner_id": customer, "order_line": [[0, 0, {"product_id": a, "product_uom_qty": 2, "price_unit": 3.5, "sequence": 1}], [0, 0, {"product_id": b, "sequence": 2}]]});
    let order = one(odoo, "sale.order", order).await;
    let read = odoo.read("sale.order", &[order], &["state", "amount_untaxed", "order_line", "partner_id"]).await.expect("read");
    assert_eq!(
        (read[0]["state"].as_str(), read[0]["amount_untaxed"].as_f64()),
        (Some("draft"), Some(17.0)),
        "a price that is not given is the product's"
    );
    assert_eq!(read[0]["partner_id"][0], json!(customer));
    let first = read[0]["order_line"][0].clone();
    let change = json!({"order_line": [[1, first, {"product_uom_qty": 4}], [0, 0, {"product_id": b, "product_uom_qty": 1, "price_unit": 1, "sequence": 3}]]});
    odoo.call(Call::records("sale.order", "write", &[order]).arg("vals", change)).await.expect("written");
    let read = odoo.read("sale.order", &[order], &["amount_untaxed", "order_line"]).await.expect("read");
    assert_eq!(
        (read[0]["order_line"].as_array().map(Vec::len), read[0]["amount_untaxed"].as_f64()),
        (Some(3), Some(51.0)),
        "a new quantity brings the product's price back"
    );
    let change = json!({"order_line": [[1, first, {"product_uom_qty": 6, "price_unit": 3.5}]]});
    odoo.call(Call::records("sale.order", "write", &[order]).arg("vals", change)).await.expect("written");
    let read = odoo.read("sale.order", &[order], &["amount_untaxed"]).await.expect("read");
    assert_eq!(read[0]["amount_untaxed"].as_f64(), Some(32.0), "a price that is written with it stays");
    odoo.call(Call::records("sale.order", "action_confirm", &[order])).await.expect("confirmed");
    assert_eq!(odoo.read("sale.order", &[order], &["state"]).await.expect("read")[0]["state"], "sale");
    let again = odoo.call(Call::records("sale.order", "action_confirm", &[order])).await.expect_err("confirmed already");
    assert_eq!(again.kind, FaultKind::Refused, "{again:?}");
}

async fn load(odoo: &Odoo) {
    let number = goods::fresh();
    let external = |name: &str| format!("consign_test.p{number}_{name}");
    let load = |fields: Json, data: Json| odoo.call(Call::model("product.template", "load").arg("fields", fields).arg("data", data));
    let rows = json!([[external("a"), "Lamp", "12.5"], [external("b"), "Desk", "7"]]);
    let made = load(json!(["id", "name", "list_price"]), rows.clone()).await.expect("loaded");
    assert_eq!(made["ids"].as_array().map(Vec::len), Some(2), "{made}");
    let again = load(json!(["id", "name", "list_price"]), rows).await.expect("loaded");
    assert_eq!(again["ids"], made["ids"], "the same external id updates");
    let bad = load(json!([".id", "list_price"]), json!([[made["ids"][0].to_string(), "9"], [made["ids"][1].to_string(), "abc"]]))
        .await
        .expect("answers");
    assert_eq!(bad["ids"], false);
    assert_eq!((bad["messages"][0]["record"].as_i64(), bad["messages"][0]["field"].as_str()), (Some(1), Some("list_price")), "{bad}");
    let kept = odoo.read("product.template", &[made["ids"][0].as_i64().expect("an id")], &["list_price"]).await.expect("read");
    assert_eq!(kept[0]["list_price"].as_f64(), Some(12.5), "a bad row rolls the whole call back");
    let customer = one(odoo, "res.partner", json!({"name": format!("L {number}"), "is_company": true})).await;
    let item = product(odoo).await;
    let fields = json!(["id", "partner_id/.id", "order_line/id", "order_line/product_id/.id", "order_line/product_uom_qty"]);
    let rows = json!([
        [external("o"), customer.to_string(), external("l1"), item.to_string(), "2"],
        ["", "", external("l2"), item.to_string(), "3"]
    ]);
    let order = odoo.call(Call::model("sale.order", "load").arg("fields", fields).arg("data", rows)).await.expect("loaded");
    let read = odoo.read("sale.order", &[order["ids"][0].as_i64().expect("an id")], &["order_line"]).await.expect("read");
    assert_eq!(read[0]["order_line"].as_array().map(Vec::len), Some(2), "following rows are further lines");
}

async fn domains(odoo: &Odoo) {
    let number = goods::fresh();
    let parent =
        one(odoo, "res.partner", json!({"name": format!("D{number} parent"), "is_company": true, "ref": format!("D{number}")})).await;
    one(odoo, "res.partner", json!({"name": format!("D{number} child"), "parent_id": parent, "ref": format!("d{number}x")})).await;
    let count = |domain: Json| async { odoo.search_read("res.partner", domain, &["name"], false).await.expect("found").len() };
    let like = json!(["name", "like", format!("D{number}")]);
    assert_eq!(count(json!([like])).await, 2);
    assert_eq!(count(json!([like, ["parent_id", "=", false]])).await, 1);
    assert_eq!(count(json!([like, ["parent_id.ref", "=", format!("D{number}")]])).await, 1);
    assert_eq!(count(json!(["|", ["ref", "=", format!("D{number}")], ["ref", "=", format!("d{number}x")]])).await, 2);
    assert_eq!(count(json!([like, "!", ["is_company", "=", true]])).await, 1);
    assert_eq!(count(json!([like, ["ref", "ilike", format!("D{number}X")]])).await, 1);
    assert_eq!(count(json!([like, ["ref", "not in", [format!("D{number}")]]])).await, 1);
    assert_eq!(count(json!([like, ["id", ">", parent]])).await, 1);
}

async fn stock_location(odoo: &Odoo) -> i64 {
    let found = odoo.search_read("stock.location", json!([["complete_name", "=", "WH/Stock"]]), &["usage"], false).await.expect("found");
    found[0]["id"].as_i64().expect("an id")
}

async fn count(odoo: &Odoo, product: i64, quantity: f64, name: &str) {
    let mut context = Map::new();
    context.insert("inventory_mode".into(), json!(true));
    context.insert("inventory_name".into(), json!(name));
    let values = json!({"product_id": product, "location_id": stock_location(odoo).await, "inventory_quantity": quantity});
    let quants = odoo.create("stock.quant", vec![values], &context).await.expect("counted");
    let answer = odoo.call(Call::records("stock.quant", "action_apply_inventory", &quants).context(&context)).await.expect("applied");
    assert!(answer.is_null(), "None comes as null over every dialect: {answer}");
}

async fn inventory(odoo: &Odoo) {
    let item = product(odoo).await;
    let name = format!("count {}", goods::fresh());
    count(odoo, item, 8.0, &name).await;
    count(odoo, item, 5.0, &name).await;
    let quants = odoo
        .search_read(
            "stock.quant",
            json!([["product_id", "=", item], ["location_id.usage", "=", "internal"]]),
            &["quantity", "inventory_quantity_set"],
            false,
        )
        .await
        .expect("found");
    assert_eq!((quants.len(), quants[0]["quantity"].as_f64(), quants[0]["inventory_quantity_set"].as_bool()), (1, Some(5.0), Some(false)));
    let moves =
        odoo.search_read("stock.move", json!([["inventory_name", "=", name]]), &["product_uom_qty", "state"], false).await.expect("found");
    assert_eq!(moves.len(), 2, "each count left its mark");
    let plain = one(odoo, "product.product", json!({"name": "not tracked"})).await;
    let values = json!({"product_id": plain, "location_id": stock_location(odoo).await, "inventory_quantity": 1});
    let fault = odoo
        .call(
            Call::model("stock.quant", "create")
                .arg("vals_list", json!([values]))
                .context(json!({"inventory_mode": true}).as_object().expect("a map")),
        )
        .await
        .expect_err("not tracked");
    assert_eq!(fault.kind, FaultKind::Refused, "{fault:?}");
}

async fn deliveries(odoo: &Odoo) {
    let customer = one(odoo, "res.partner", json!({"name": format!("V {}", goods::fresh()), "is_company": true})).await;
    let item = product(odoo).await;
    count(odoo, item, 3.0, "deliveries").await;
    let order = one(
        odoo,
        "sale.order",
        json!({"partner_id": customer, "order_line": [[0, 0, {"product_id": item, "product_uom_qty": 5, "price_unit": 1}]]}),
    )
    .await;
    odoo.call(Call::records("sale.order", "action_confirm", &[order])).await.expect("confirmed");
    let picking = odoo
        .search_read("stock.picking", json!([["sale_id", "=", order]]), &["state", "picking_type_code", "move_ids"], false)
        .await
        .expect("found");
    assert_eq!((picking.len(), picking[0]["picking_type_code"].as_str()), (1, Some("outgoing")));
    let id = picking[0]["id"].as_i64().expect("an id");
    odoo.call(Call::records("stock.picking", "action_assign", &[id])).await.expect("assigned");
    let moves =
        odoo.search_read("stock.move", json!([["picking_id", "=", id]]), &["product_uom_qty", "quantity"], false).await.expect("found");
    assert_eq!((moves[0]["product_uom_qty"].as_f64(), moves[0]["quantity"].as_f64()), (Some(5.0), Some(3.0)), "what is there is reserved");
    let asked = odoo.call(Call::records("stock.picking", "button_validate", &[id])).await.expect("answers");
    assert_eq!(asked["res_model"], "stock.backorder.confirmation", "it asks instead of doing it: {asked}");
    assert_ne!(odoo.read("stock.picking", &[id], &["state"]).await.expect("read")[0]["state"], "done");
    let context = json!({"skip_backorder": true, "skip_sms": true});
    odoo.call(Call::records("stock.picking", "button_validate", &[id]).context(context.as_object().expect("a map")))
        .await
        .expect("validated");
    assert_eq!(odoo.read("stock.picking", &[id], &["state"]).await.expect("read")[0]["state"], "done");
    let pickings =
        odoo.search_read("stock.picking", json!([["sale_id", "=", order]]), &["state", "backorder_id"], false).await.expect("found");
    assert_eq!(pickings.len(), 2, "the rest is a backorder");
    let quants = odoo
        .search_read("stock.quant", json!([["product_id", "=", item], ["location_id.usage", "=", "internal"]]), &["quantity"], false)
        .await
        .expect("found");
    assert!(quants.iter().all(|quant| quant["quantity"].as_f64() == Some(0.0)), "{quants:?}");
}

async fn chatter(odoo: &Odoo) {
    let order = one(odoo, "sale.order", json!({"partner_id": one(odoo, "res.partner", json!({"name": "chatter"})).await})).await;
    let note = format!("file <a&b> {}", goods::fresh());
    odoo.call(Call::records("sale.order", "message_post", &[order]).arg("body", note.as_str())).await.expect("posted");
    let tail = note.rsplit(' ').next().expect("a word");
    let found = odoo
        .search_read(
            "mail.message",
            json!([["model", "=", "sale.order"], ["res_id", "=", order], ["body", "like", tail]]),
            &["body"],
            false,
        )
        .await
        .expect("found");
    assert_eq!(found.len(), 1);
    assert!(found[0]["body"].as_str().expect("text").contains("&lt;a&amp;b&gt;"), "text is not markup: {}", found[0]["body"]);
}

async fn logins(target: &Target, dialect: DialectChoice) {
    let mut wrong = settings(target, dialect);
    wrong.login = match dialect {
        DialectChoice::Json2 => OdooLogin::Key("wrong".into()),
        _ => OdooLogin::Password { login: target.login.clone(), password: "wrong".into() },
    };
    let problem = Odoo::connect(&wrong).await.map(|_| ()).expect_err("refused");
    let expected = if dialect == DialectChoice::Json2 { "C503" } else { "C502" };
    assert_eq!(problem.code.as_str(), expected, "{problem}");
    assert!(problem.is_temporary(), "messages wait until someone corrects it");
}
