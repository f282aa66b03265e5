//! How records are found again, told apart and refused, over the sandbox; and work that stops halfway and is taken up again.

use consign::odoo::sandbox::PlannedFault;
use serde_json::json;

use crate::common::{
    goods,
    plans::{Catalogue, item},
    records,
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_value_is_found_again() {
    records::what_has_no_value_is_found_again(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_that_share_a_key_make_one_record() {
    records::references_that_share_a_key_make_one_record(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_place_of_a_new_customer() {
    records::a_new_place_of_a_new_customer(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_scopes_are_looked_up_together() {
    records::numbers_and_scopes_are_looked_up_together(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_knows_first_whether_all_are_there() {
    records::an_update_knows_first_whether_all_are_there(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_stand_and_fall_whole() {
    records::parts_stand_and_fall_whole(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_no_state_for_a_call_is_told() {
    records::what_is_in_no_state_for_a_call_is_told(&World::embedded().await).await;
}

const PARTNERS: &str = "each = \"/Catalogue/Item\"\nmodel = \"res.partner\"\nidentity = [\"ref\"]\n[fields]\nref = \"Code\"\nname = { from = [\"Name\", \"Code\"] }\n";

/// What was called in a step before the one that stopped is not called again when the message is taken up.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_made_is_not_made_again() {
    let world = World::embedded().await;
    let mapping = r#"
[[records]]
name = "note"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
actions = ["message_post", "message_post"]
[records.fields]
ref = "Code"
name = "Code"

[[records]]
name = "product"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[records.fields]
default_code = "Code"
name = "Code"
"#;
    let catalogue = Catalogue::new(&world, mapping, "");
    let sandbox = world.sandbox.as_ref().expect("a sandbox");
    let posted = || sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count();
    sandbox.expect_trouble("product.template.create", PlannedFault::Status(503));
    let ran = catalogue.comes(&(item("A", "") + &item("B", ""))).ends(2);
    assert!(ran.out.contains("1 waiting"), "{}", ran.out);
    assert_eq!(posted(), 2, "the mapping says it twice");
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    world.consign(&["reprocess", &id]).ends(0);
    assert_eq!((posted(), world.odoo.count("product.template", json!([["default_code", "in", ["A", "B"]]])).await), (2, 2));
}

/// Where each record stands for itself, a call whose answer is lost is not made again one by one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_not_tried_one_by_one() {
    let world = World::embedded().await;
    let catalogue = Catalogue::new(&world, &PARTNERS.replace("[fields]", "actions = [\"message_post\"]\n[fields]"), "allow_partial = true");
    let sandbox = world.sandbox.as_ref().expect("a sandbox");
    sandbox.expect_trouble("message_post", PlannedFault::StatusAfterCommit(502));
    catalogue.comes(&(item("A", "") + &item("B", ""))).ends(2);
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    let ran = world.consign_later(&["reprocess", &id]).ends(1);
    assert!(ran.err.contains("C417"), "{ran:?}");
    assert_eq!(sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count(), 1);
}

/// What a person does between two tries is not overwritten: an order that was confirmed meanwhile is out of the mapping's scope.
#[tokio::test(flavor = "multi_thread")]
async fn what_left_the_scope_between_two_tries_is_told() {
    let world = World::embedded().await;
    let mapping = r#"
each = "/Catalogue/Item"
model = "sale.order"
identity = ["client_order_ref"]
write = "update"
scope = [["state", "in", ["draft", "sent"]]]
[fields]
client_order_ref = "Code"
note = "Name"
"#;
    let catalogue = Catalogue::new(&world, mapping, "");
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let order = world
        .odoo
        .create("sale.order", json!({"partner_id": customer.id, "client_order_ref": "PO", "note": "before", "order_line": [[0, 0, {"product_id": product.id}]]}))
        .await;
    let sandbox = world.sandbox.as_ref().expect("a sandbox");
    let note = || async { world.odoo.search_read("sale.order", json!([["id", "=", order]]), &["note"]).await[0]["note"].to_string() };
    sandbox.expect_trouble("sale.order.write", PlannedFault::Status(503));
    catalogue.comes(&item("PO", "<Name>after</Name>")).ends(2);
    world.odoo.call("sale.order", "action_confirm", json!([[order]]), json!({})).await;
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    let ran = world.consign(&["reprocess", &id]).ends(1);
    assert!(ran.err.contains("C412") && ran.err.contains("must not be changed any more"), "{ran:?}");
    assert!(note().await.contains("before"));

    // The same with a first try that was committed: it was ours.
    world.odoo.call("sale.order", "write", json!([[order], {"state": "draft"}]), json!({})).await;
    catalogue.map(&mapping.replace("[fields]", "actions = [\"action_confirm\"]\n[fields]"));
    sandbox.expect_trouble("sale.order.action_confirm", PlannedFault::StatusAfterCommit(502));
    catalogue.comes(&item("PO", "<Name>later</Name>")).ends(2);
    let id = world.messages("catalogue-in").pop().expect("a message")["id"].as_str().expect("an id").to_string();
    world.consign_later(&["reprocess", &id]).ends(0);
    assert!(note().await.contains("later"));
}

/// Values that were written by a try that stopped are ours: the next document may change them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_try_that_stopped_has_written_is_ours() {
    let world = World::embedded().await;
    let mapping = r#"
[[records]]
name = "company"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[records.fields]
ref = "Code"
name = "Name"

[[records]]
name = "product"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[records.fields]
default_code = "Code"
name = "Code"
barcode = "Unit"
"#;
    let catalogue = Catalogue::new(&world, mapping, "");
    world.odoo.create("product.template", json!({"name": "taken", "barcode": "5701234000013"})).await;
    let named = |name: &str, barcode: &str| item("A", &format!("<Name>{name}</Name>{barcode}"));
    catalogue.comes(&named("first", "")).ends(0);
    catalogue.comes(&named("second", "<Unit>5701234000013</Unit>")).ends(1);
    let ran = catalogue.comes(&named("third", "")).ends(0);
    assert!(!ran.out.contains("kept"), "{}", ran.out);
    assert_eq!(world.odoo.count("res.partner", json!([["name", "=", "third"]])).await, 1);
}

/// Records that are known by the record of another kind are told apart in a file of any size.
#[tokio::test(flavor = "multi_thread")]
async fn records_known_by_others_go_in_parts() {
    let world = World::embedded().await;
    let mapping = r#"
[[records]]
name = "product"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[records.fields]
default_code = "Code"
name = "Code"

[[records]]
name = "price"
each = "/Catalogue/Item"
model = "product.supplierinfo"
identity = ["partner_id", "product_tmpl_id"]
[records.fields]
product_tmpl_id = { record = "product" }
partner_id = { find = "res.partner", by = { name = "../Supplier" }, none = "create", create = { name = "../Supplier" } }
price = { const = 2 }
"#;
    let catalogue = Catalogue::new(&world, mapping, "");
    let filler = "x".repeat(8000);
    let items: String = (0..1100).map(|at| item(&format!("L-{at}"), &format!("<Filler>{filler}</Filler>"))).collect();
    catalogue.comes(&items).ends(0);
    assert_eq!(world.odoo.count("product.supplierinfo", json!([])).await, 1100);
}
