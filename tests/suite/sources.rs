//! Any source, any format: documents that lie in memory, as outlines, go into Odoo like files.

use std::{fs, sync::Arc};

use chrono::Utc;
use consign::{
    endpoint::kinds::memory_source::MemorySource,
    model::{MessageId, Stage},
    pipeline::Engine,
};
use serde_json::json;

use crate::common::{goods, world::World};

const ORDER: &str = "Order
  OrderNumber NUMBER
  OrderDate 2026-11-20
  Buyer
    Name BUYER
  Lines
    Line
      LineNumber 1
      SupplierCode CODE
      Quantity QUANTITY
      UnitPrice 3.5
";

/// A flow that takes orders from memory.
async fn flow(world: &World, name: &str) -> Arc<MemorySource> {
    world.use_local_drop();
    fs::write(world.workspace().join("password"), &world.odoo.password).expect("written");
    world.replace("consign.toml", &[("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"password\" }")]);
    let flow = format!(
        "partner = \"nordwind\"\nmapping = \"mappings/order.toml\"\nschedule = \"manual\"\n\
         [source]\nkind = \"memory\"\nname = \"{name}\"\nformat = \"outline\"\n[target]\nkind = \"odoo\"\n"
    );
    fs::write(world.workspace().join("flows/memory-in.toml"), flow).expect("written");
    MemorySource::named(name)
}

async fn run(world: &World) -> Vec<(MessageId, Stage)> {
    let workspace = consign::endpoint::load(&world.workspace()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let engine = Engine::open(Arc::new(workspace)).await.expect("opens");
    engine.run("memory-in").await;
    let messages = engine.journal().list(&consign::journal::Filter::of_flow("memory-in")).await.expect("read");
    messages.into_iter().map(|message| (message.id, message.stage)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_from_memory_is_in_odoo_once_and_its_source_hears_of_it() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let source = flow(&world, "sources").await;
    let order = |number: &str, quantity: &str| {
        let text = ORDER.replace("NUMBER", number).replace("BUYER", &customer.name).replace("CODE", &product.code);
        text.replace("QUANTITY", quantity).into_bytes()
    };
    source.put("good", &order("M-1", "2"), Utc::now());
    source.put("bad", &order("M-2", "two"), Utc::now());
    let messages = run(&world).await;
    assert_eq!(messages.len(), 2);
    assert!(source.items().is_empty(), "both are settled: {:?}", source.items());
    let told: Vec<(String, Option<(MessageId, Stage)>)> = source.reported().into_iter().map(|told| (told.key, told.message)).collect();
    for (key, stage) in [("good", Stage::Done), ("bad", Stage::Failed)] {
        assert!(told.iter().any(|(known, message)| known == key && message.is_some_and(|(_, at)| at == stage)), "{key}: {told:?}");
    }
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", "M-1"]])).await, 1);
    // The same again is known, and its source hears that as well.
    source.put("good", &order("M-1", "2"), Utc::now());
    assert_eq!(run(&world).await.len(), 2);
    assert!(source.items().is_empty());
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", "M-1"]])).await, 1);
}
