//! What mappings do to Odoo, over the sandbox; `tests/live` runs the same against a real Odoo 19.

use std::fs;

use serde_json::json;

use crate::common::{goods, plans, plans::Catalogue, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn products_and_their_suppliers() {
    plans::products_and_their_suppliers(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_changed_stays() {
    plans::what_a_person_changed_stays(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_and_keeps_no_other_out() {
    plans::what_is_refused_is_told_and_keeps_no_other_out(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn external_ids_make_the_same_record_again() {
    plans::external_ids_make_the_same_record_again(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_made_held_or_told() {
    plans::what_is_missing_is_made_held_or_told(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_come_and_go() {
    plans::lines_come_and_go(&World::embedded().await).await;
}

/// A method of which nothing is known and whose answer is lost is not called again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_is_lost_is_held_and_not_made_again() {
    let world = World::embedded().await;
    let (catalogue, sandbox) = Catalogue::whose_call_is_lost(&world);
    let ran = catalogue.comes("<Item><Code>X1</Code></Item>").ends(2);
    assert!(ran.out.contains("1 waiting"), "{}", ran.out);
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    let posted = || sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count();
    assert_eq!(posted(), 1);
    let ran = world.consign(&["reprocess", &id]).ends(2);
    assert!(ran.out.contains("waiting, next attempt"), "Odoo may still be at it: nobody looks before it can be known: {ran:?}");
    let ran = world.consign_later(&["reprocess", &id]).ends(1);
    assert!(ran.out.contains("held") && ran.err.contains("C417"), "{ran:?}");
    assert_eq!(posted(), 1, "taken up again it is told what is not known");
    for deed in ["reprocess", "release"] {
        let ran = world.consign_later(&[deed, &id]).ends(1);
        assert!(ran.err.contains("C417") && ran.err.contains("consign resolve"), "{deed} forgets nothing: {ran:?}");
    }
    assert_eq!(posted(), 1);
    assert!(world.consign_later(&["resolve", &id, "--did-not-happen"]).ends(2).err.contains("--reason"));
    world.consign_later(&["resolve", &id, "--did-not-happen", "--reason", "no message in its chatter"]).ends(0);
    assert_eq!(posted(), 2, "a person has looked");
    let decided = world.json(&["audit"]);
    assert_eq!((decided[0]["action"].as_str(), decided[0]["reason"].as_str()), (Some("resolve"), Some("no message in its chatter")));
    assert!(decided[0]["detail"].as_str().is_some_and(|detail| detail.starts_with("did not take place: call message_post")), "{decided}");
    assert!(world.consign(&["resolve", &id, "--happened", "--reason", "r"]).ends(2).err.contains("C903"), "nothing is left to decide");
}

/// The same, and the person finds the message in the chatter.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_person_has_seen_is_not_made_again() {
    let world = World::embedded().await;
    let (catalogue, sandbox) = Catalogue::whose_call_is_lost(&world);
    catalogue.comes("<Item><Code>X1</Code></Item>").ends(2);
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    world.consign_later(&["run", "--once", "catalogue-in"]).ends(1);
    let shown = world.consign(&["show", &id]).ends(0);
    assert!(shown.out.contains("open: call message_post") && shown.out.contains("consign resolve"), "{}", shown.out);
    let edited = world.dir.path().join("edited.xml");
    fs::write(&edited, "<Catalogue/>").expect("written");
    let ran = world.consign(&["edit", &id, "--file", edited.to_str().expect("a path"), "--reason", "r"]).ends(1);
    assert!(ran.err.contains("C417") && ran.err.contains("cannot be edited"), "{}", ran.err);
    world.consign(&["resolve", &id, "--happened", "--reason", "it stands in the chatter"]).ends(0);
    assert_eq!(sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count(), 1);
    assert_eq!(world.messages("catalogue-in")[0]["stage"], "done");
}

/// Discarded, it is written down that nobody looked; and it is not begun anew before somebody has.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_message_that_is_discarded_stays_unknown_until_a_person_decides() {
    let world = World::embedded().await;
    let (catalogue, sandbox) = Catalogue::whose_call_is_lost(&world);
    catalogue.comes("<Item><Code>X1</Code></Item>").ends(2);
    let id = world.messages("catalogue-in")[0]["id"].as_str().expect("an id").to_string();
    let ran = world.consign(&["discard", &id, "--reason", "not wanted"]).ends(0);
    assert!(ran.out.contains("outcome unknown: call message_post"), "{}", ran.out);
    assert!(world.consign(&["show", &id]).ends(0).out.contains("unknown: call message_post"));
    let ran = world.consign_later(&["reprocess", &id]).ends(1);
    assert!(ran.err.contains("C417") && ran.err.contains("consign resolve"), "{}", ran.err);
    world.consign_later(&["resolve", &id, "--happened", "--reason", "it is there"]).ends(0);
    assert_eq!(world.messages("catalogue-in")[0]["stage"], "discarded");
    world.consign_later(&["reprocess", &id]).ends(0);
    let posted = sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count();
    assert_eq!(posted, 1, "what was begun goes on under its mark, and what took place is not done again");
    assert_eq!(world.messages("catalogue-in")[0]["stage"], "done");
}

/// A file of any size is mapped a part at a time; its positions are those of the whole file.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_in_parts() {
    let world = World::embedded().await;
    let mapping = "each = \"/Catalogue/Item\"\nmodel = \"res.partner\"\nidentity = [\"ref\"]\n[fields]\nref = \"Code\"\nname = { expr = \"supplier ~ ' ' ~ code\", with = { supplier = \"../Supplier\", code = \"Code\" } }\n";
    let catalogue = Catalogue::new(&world, mapping, "");
    let filler = "x".repeat(4000);
    let items = |bad: Option<usize>| -> String {
        (0..2500)
            .map(|at| {
                format!(
                    "<Item><Code>{}</Code><Filler>{filler}</Filler></Item>\n",
                    if bad == Some(at) { "BIG 7".to_string() } else { format!("BIG  {at}") }
                )
            })
            .collect()
    };
    catalogue.comes(&items(Some(2345))).ends(1);
    let report = catalogue.report();
    assert!(report.contains("C405") && report.contains("the first is on line 10 @2348"), "{report}");
    assert_eq!(world.odoo.count("res.partner", json!([["ref", "like", "BIG "]])).await, 0, "nothing before all is known to be right");
    catalogue.comes(&items(None)).ends(0);
    assert_eq!(world.odoo.count("res.partner", json!([["ref", "like", "BIG "]])).await, 2500);
    assert_eq!(
        world.odoo.count("res.partner", json!([["name", "=", "Lumen Supplies BIG 2499"]])).await,
        1,
        "what stands around is known in each part, and all of it as its type has it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_held_against_what_was_recorded() {
    let world = World::embedded().await;
    let case = world.workspace().join("samples/orders-in/usual");
    fs::create_dir_all(&case).expect("a folder");
    fs::copy(world.workspace().join("samples/orders-in/order-1001.xml"), case.join("order.xml")).expect("copied");
    let bad = world.workspace().join("samples/orders-in/invalid");
    fs::create_dir_all(&bad).expect("a folder");
    fs::copy(world.workspace().join("samples/orders-in/order-1003-invalid.xml"), bad.join("order.xml")).expect("copied");
    let out = world.workspace().join("samples/despatch-out/minimal");
    fs::create_dir_all(&out).expect("a folder");
    let record = json!({"id": 1, "name": "WH/OUT/00001", "scheduled_date": null, "sale_id": null, "company_id": {"name": "We", "partner_id": {"vat": null}},
        "partner_id": {"name": "Nordwind", "vat": null, "street": null, "zip": null, "city": null, "country_id": null},
        "move_ids": [{"product_uom_qty": 1.0, "quantity": 1.0, "product_id": {"name": "Lamp", "barcode": null, "default_code": "L-1"}}]});
    fs::write(out.join("record.json"), record.to_string()).expect("written");
    let ran = world.consign(&["test"]).ends(1);
    assert!(ran.out.contains("3 samples, 3 not as expected"), "{}", ran.out);
    world.consign(&["test", "--accept"]).ends(0);
    assert!(fs::read_to_string(bad.join("expected.txt")).expect("recorded").contains("error[C212]"));
    assert!(fs::read_to_string(out.join("expected.xml")).expect("recorded").contains("<DespatchNumber>WH/OUT/00001</DespatchNumber>"));
    world.consign(&["test"]).ends(0);
    world.replace(
        "mappings/order.toml",
        &[("{ from = \"UnitPrice\", as = \"decimal\" }", "{ expr = \"price * 2\", with = { price = \"UnitPrice\" } }")],
    );
    let ran = world.consign(&["test", "orders-in"]).ends(1);
    insta::assert_snapshot!(ran.out, @r#"
    orders-in                invalid                          ok
    orders-in                usual                            DIFFERS
        …
                  name = "Desk lamp, oak"
                  product_uom_qty = 12.0
        -         price_unit = 34.5
        +         price_unit = 69
                - from line 22
                  sequence = 2
                  product_id = the product.product with default_code "L-200"
                  name = "Wall lamp, brass"
                  product_uom_qty = 4.0
        -         price_unit = 58.0
        +         price_unit = 116
          then action_confirm
    2 samples, 1 not as expected; review them, then: consign test --accept
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_held_against_the_real_odoo_and_against_what_was_done() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let order = goods::order("LIVE-1", &customer, &[(&product, 2.0, 5.0)]);
    let file = world.dir.path().join("order.xml");
    fs::write(&file, &order).expect("written");
    let live = |world: &World| world.consign(&["plan", "orders-in", &file.display().to_string(), "--live"]);
    let ran = live(&world).ends(0);
    assert!(ran.out.contains("create  sale.order (line 2)") && ran.out.contains("1 to create, 0 to update, 0 unchanged"), "{}", ran.out);
    world.drop_file("out/orders", "order.xml", &order);
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(live(&world).ends(0).out.contains("0 to create, 0 to update, 1 unchanged"));
    fs::write(&file, order.replace("<Quantity>2</Quantity>", "<Quantity>3</Quantity>").replace("2026-12-01", "2026-12-02"))
        .expect("written");
    let ran = live(&world).ends(0);
    assert!(
        ran.out.contains("commitment_date: \"2026-11-30 23:00:00\" -> \"2026-12-01 23:00:00\"")
            && ran.out.contains("order_line: 0 new, 1 changed, 0 removed\n      1: product_uom_qty 2.0 -> 3.0"),
        "{}",
        ran.out
    );

    let check = || world.consign(&["replay-check", "orders-in"]);
    assert!(check().ends(0).out.contains("1 file: 1 unchanged, 0 different, 0 now rejected"));
    world.replace(
        "mappings/order.toml",
        &[
            ("note             = \"Note\"", "note             = { from = \"Note\", default = \"none\" }"),
            (
                "product_uom_qty = { from = \"Quantity\", as = \"decimal\" }",
                "product_uom_qty = { expr = \"q + 1\", with = { q = \"Quantity\" } }",
            ),
        ],
    );
    let ran = check().ends(1);
    assert!(
        ran.out.contains("order_line 1: product_uom_qty 2.0 -> 3")
            && ran.out.contains("note written now (none)")
            && ran.out.contains("1 file: 0 unchanged, 1 different"),
        "{}",
        ran.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_flow_is_made_of_a_sample_and_passes_the_check() {
    let world = World::embedded().await;
    let sample = world.workspace().join("samples/orders-in/order-1001.xml").display().to_string();
    let ran = world
        .consign(&["new", "flow", "second-in", "--sample", &sample, "--schema", "order.xsd", "--model", "sale.order", "--partner", "lumen"])
        .ends(0);
    assert!(ran.out.contains("values filled in"), "{}", ran.out);
    insta::assert_snapshot!("new_flow_mapping", fs::read_to_string(world.workspace().join("mappings/second-in.toml")).expect("a mapping"));
    world.consign(&["check"]).ends(0);
    world.consign(&["plan", "second-in", &sample]).ends(0);
    let ran = world.consign(&["new", "flow", "second-in", "--sample", &sample, "--schema", "order.xsd", "--model", "sale.order"]).ends(2);
    assert!(ran.err.contains("already"), "{}", ran.err);
    let ran = world.consign(&["new", "flow", "third-in", "--sample", &sample, "--schema", "order.xsd", "--model", "sale.ordr"]).ends(2);
    assert!(ran.err.contains("did you mean `sale.order`?"), "{}", ran.err);
    let despatch = world.dir.path().join("despatch.xml");
    let text = "<DespatchAdvice><DespatchNumber>7</DespatchNumber><IssuedAt>2026-01-01T00:00:00Z</IssuedAt><Supplier><Name>We</Name></Supplier><DeliverTo><Name>They</Name></DeliverTo><Lines><Line><LineNumber>1</LineNumber><Gtin>5701234000013</Gtin><Description>Lamp</Description><Ordered>1</Ordered><Despatched>1</Despatched></Line></Lines></DespatchAdvice>";
    fs::write(&despatch, text).expect("written");
    world
        .consign(&[
            "new",
            "flow",
            "second-out",
            "--sample",
            &despatch.display().to_string(),
            "--schema",
            "despatch-advice.xsd",
            "--model",
            "stock.picking",
            "--out",
        ])
        .ends(0);
    insta::assert_snapshot!(
        "new_flow_template",
        fs::read_to_string(world.workspace().join("templates/second-out.xml")).expect("a template")
    );
    world.consign(&["check"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_taken_from_the_real_odoo() {
    let world = World::embedded().await;
    let ran = world.consign(&["odoo", "snapshot"]).ends(0);
    assert!(ran.out.contains("models of Odoo 19.0"), "{}", ran.out);
    world.consign(&["check"]).ends(0);
    world.replace("odoo-fields.json", &[("\"client_order_ref\"", "\"client_reference\"")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("the model `sale.order` has no field `client_order_ref`"), "{}", ran.err);
}
