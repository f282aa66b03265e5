//! What happens when things come in an awkward order: content that returns, files that overtake each other, retries and their times.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use chrono::{TimeDelta, Utc};
use consign::{
    model::{Clock, ManualClock, MessageId},
    odoo::sandbox::PlannedFault,
    pipeline::Engine,
};
use serde_json::json;

use crate::common::{checks::all_at_rest, goods, world::World};

const HEADER: &str = "Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\n";

fn list(world: &World, rows: &str) {
    fs::write(world.workspace().join("drops/lumen/products/list.csv"), format!("{HEADER}{rows}")).expect("dropped");
    world.consign(&["run", "--once", "products-in"]).ends(0);
}

async fn price(world: &World, code: &str) -> f64 {
    world.odoo.search_read("product.template", json!([["default_code", "=", code]]), &["list_price"]).await[0]["list_price"]
        .as_f64()
        .expect("a price")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_set_back_is_news() {
    let world = World::embedded().await;
    for expected in [10.0, 12.0, 10.0] {
        list(&world, &format!("A;;Lampe;{expected},00;\r\n"));
        assert_eq!(price(&world, "A").await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_many_empties_no_field_of_any() {
    let world = World::embedded().await;
    let barcodes = [goods::gtin(goods::fresh()), goods::gtin(goods::fresh())];
    list(&world, &format!("A;{};Lampe;1,00;\r\nB;{};Lampe;1,00;\r\nC;;Lampe;1,00;\r\nD;;Lampe;1,00;\r\n", barcodes[0], barcodes[1]));
    // C gets a number, the others a price; A and B name no number this time.
    let third = goods::gtin(goods::fresh());
    list(&world, &format!("A;;Lampe;2,00;\r\nB;;Lampe;3,00;\r\nC;{third};Lampe;1,00;\r\nD;;Lampe;4,00;\r\n"));
    let products = world.odoo.search_read("product.template", json!([]), &["default_code", "barcode", "list_price"]).await;
    let seen: Vec<(&str, &str, f64)> = products
        .iter()
        .map(|product| {
            (
                product["default_code"].as_str().expect("a code"),
                product["barcode"].as_str().unwrap_or("-"),
                product["list_price"].as_f64().expect("a price"),
            )
        })
        .collect();
    assert_eq!(seen, [("A", barcodes[0].as_str(), 2.0), ("B", barcodes[1].as_str(), 3.0), ("C", third.as_str(), 1.0), ("D", "-", 4.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_that_waited_does_not_overwrite_a_newer_one() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let order = |quantity: f64| goods::order("OV-1", &customer, &[(&product, quantity, 1.0)]);
    world.sandbox.as_ref().expect("a sandbox").expect_trouble("create", PlannedFault::Busy);
    world.drop_file("out/orders", "order.xml", order(1.0));
    world.consign(&["run", "--once", "orders-in"]).ends(2);
    world.drop_file("out/orders", "order.xml", order(25.0));
    // The newer one must go first: the older waits for its time, which the daemon keeps.
    let older = world.messages("orders-in")[0].clone();
    assert_eq!(older["stage"], "waiting");
    let engine = engine(&world).await;
    assert_eq!(engine.run("orders-in").await.done, 1);
    engine.journal().close().await;
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let older = world.json(&["show", older["id"].as_str().expect("an id")]);
    assert_eq!(
        (older["message"]["stage"].as_str(), older["message"]["reason"].as_str().map(|reason| &reason[..4])),
        (Some("held"), Some("C316"))
    );
    let lines = world.odoo.search_read("sale.order.line", json!([]), &["product_uom_qty"]).await;
    assert_eq!((lines.len(), lines[0]["product_uom_qty"].as_f64()), (1, Some(25.0)));
}

/// An engine in this process, with the secrets in files.
async fn engine(world: &World) -> Engine {
    let root = world.workspace();
    fs::write(root.join("odoo.secret"), &world.odoo.password).expect("written");
    fs::write(root.join("sftp.secret"), "secret").expect("written");
    world.replace("consign.toml", &[("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"odoo.secret\" }")]);
    world.replace("partners/nordwind.toml", &[("{ env = \"NORDWIND_PASSWORD\" }", "{ file = \"sftp.secret\" }")]);
    Engine::open(Arc::new(consign::endpoint::load(&root).expect("fits"))).await.expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_message_is_tried_again_when_its_time_has_come_and_not_before() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    world.sandbox.as_ref().expect("a sandbox").expect_trouble("create", PlannedFault::Busy);
    world.drop_file("out/orders", "order.xml", goods::order("R-1", &customer, &[(&product, 1.0, 1.0)]));
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let engine = engine(&world).await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(engine.run("orders-in").await.waiting, 1);
    clock.advance(TimeDelta::seconds(20));
    assert_eq!(
        (engine.run("orders-in").await.done, engine.journal().pending_flows(clock.now()).await.expect("asked").len()),
        (0, 0),
        "too early"
    );
    clock.advance(TimeDelta::seconds(30));
    assert_eq!(engine.journal().pending_flows(clock.now()).await.expect("asked"), ["orders-in"]);
    assert_eq!(engine.run("orders-in").await.done, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_not_the_partners_fault() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    world.drop_file("out/orders", "order.xml", goods::order("M-1", &customer, &[(&product, 1.0, 1.0)]));
    let mut command = world.prepared(&["run", "--once", "orders-in"]);
    let output = command.env_remove("CONSIGN_ODOO_PASSWORD").output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let waiting = world.messages("orders-in").pop().expect("a message");
    assert_eq!((waiting["stage"].as_str(), waiting["reason"].as_str().map(|reason| &reason[..4])), (Some("waiting"), Some("C107")));
    assert_eq!(world.partner_files("error"), Vec::<String>::new());
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_that_a_proxy_refuses_does_not_block_the_others() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    world.sandbox.as_ref().expect("a sandbox").expect_trouble("create", PlannedFault::Status(413));
    for number in 1..=2 {
        world.drop_file(
            "out/orders",
            &format!("order-{number}.xml"),
            goods::order(&format!("P-{number}"), &customer, &[(&product, 1.0, 1.0)]),
        );
    }
    let ran = world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(ran.out.contains("1 done, 1 failed"), "{}", ran.out);
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_refused_twice_keeps_an_original_for_each_message() {
    let shop = super::drops::Shop::with("stable_for = \"0s\"").await;
    let order = shop.order("TW-1").replace(&shop.product.code, "LATER").replace(&shop.product.barcode, "5701234000099");
    for _ in 0..2 {
        shop.world.drop_file("out/orders", "twice.xml", &order);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    }
    let messages = shop.world.messages("orders-in");
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0]["blob_path"], messages[1]["blob_path"]);
    shop.world.odoo.create("product.product", serde_json::json!({"name": "New", "default_code": "LATER"})).await;
    let mut ids: Vec<String> = messages.iter().map(|message| message["id"].as_str().expect("an id").to_string()).collect();
    ids.sort();
    for id in ids {
        shop.world.consign(&["reprocess", &id]).ends(0);
    }
    assert!(shop.world.messages("orders-in").iter().all(|message| message["stage"] == "done"), "{:?}", shop.world.messages("orders-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_starts_takes_nothing_away_of_a_copy_that_somebody_saves_on_the_page() {
    let shop = super::drops::Shop::with("stable_for = \"0s\"").await;
    // The page of another process has written the copy's bytes, and is about to write its message down.
    let engine = shop.engine().await;
    let root = engine.storage().root().to_path_buf();
    let written = engine.storage().spool_edited(MessageId::new(), b"<a/>".to_vec()).await.expect("written");
    let left = engine.storage().spool_edited(MessageId::new(), b"<b/>".to_vec()).await.expect("written");
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    fs::File::options().write(true).open(root.join(&left)).and_then(|file| file.set_modified(long_ago)).expect("set");
    let orphan = engine.storage().spool(MessageId::new(), b"<c/>".to_vec()).await.expect("written");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(root.join(&written).exists(), "it may be written down yet");
    assert!(!root.join(&left).exists() && !root.join(&orphan).exists(), "nobody is at these any more");
}
