//! How often our own copy of a file is read after it was written: each time costs the disk and a digest.

use std::{fs, sync::Arc};

use consign::pipeline::Engine;
use serde_json::json;

use crate::common::{goods, scenarios::names_go_out, world::World};

const ORDER: &str = "<Order><OrderNumber>R-1</OrderNumber><OrderDate>2026-11-20</OrderDate><Buyer><Name>BUYER</Name></Buyer><Lines><Line><LineNumber>1</LineNumber><SupplierCode>CODE</SupplierCode><Quantity>2</Quantity><UnitPrice>3.5</UnitPrice></Line></Lines></Order>";

/// Runs a flow in this process; how often a whole file of our storage was read.
async fn reads(world: &World, flow: &str) -> u64 {
    let workspace = consign::endpoint::load(&world.workspace()).expect("fits");
    let engine = Engine::open(Arc::new(workspace)).await.expect("opens");
    let summary = engine.run(flow).await;
    assert_eq!((summary.done + summary.failed, summary.problems.len()), (1, 0), "{summary:?}");
    engine.storage().reads()
}

/// A world whose secrets this process need not have in its environment, and whose flows look whether a file was cut off.
async fn world() -> World {
    let world = World::embedded().await;
    world.use_local_drop();
    fs::write(world.workspace().join("password"), &world.odoo.password).expect("written");
    world.replace("consign.toml", &[("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"password\" }")]);
    for flow in ["orders-in", "products-in"] {
        world.replace(&format!("flows/{flow}.toml"), &[("stable_for = \"0s\"", "stable_for = \"0s\"\nincomplete_timeout = \"10m\"")]);
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_read_twice_at_most() {
    let world = world().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    world.drop_file("out/orders", "order.xml", ORDER.replace("BUYER", &customer.name).replace("CODE", &product.code));
    assert_eq!(reads(&world, "orders-in").await, 1, "an order that is done");
    world.drop_file("out/orders", "bad.xml", ORDER.replace("<Quantity>2</Quantity>", "<Quantity>two</Quantity>"));
    assert_eq!(reads(&world, "orders-in").await, 2, "an order that is refused: judged, and its numbers looked for");
    let list = "Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\nL-7;;Lampe;12,00;0,5\r\n";
    fs::write(world.workspace().join("drops/lumen/products/list.csv"), list).expect("dropped");
    assert_eq!(reads(&world, "products-in").await, 1, "a table");
    names_go_out(&world);
    world.odoo.create("res.partner", json!({"name": "Sent 1"})).await;
    assert_eq!(reads(&world, "names-out").await, 1, "a document of ours");
    assert_eq!(world.messages("names-out")[0]["stage"], "done");
}
