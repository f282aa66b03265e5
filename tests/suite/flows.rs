//! The four flows over embedded servers; `tests/live` runs the same scenarios over real ones.

use std::path::Path;

use crate::common::{goods, kills, scenarios, world::World};

fn schema(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_flows() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let (a, b) = scenarios::stock_levels_are_applied(&world).await;
    let order = scenarios::an_order_becomes_a_sale_order(&world, &customer, &a, &b).await;
    scenarios::a_delivery_becomes_a_despatch_advice(&world, "despatch-out", "in", &schema("despatch-advice.xsd"), &customer, &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_products_in_every_dialect() {
    for dialect in ["json2", "jsonrpc", "xmlrpc"] {
        let world = World::embedded().await;
        world.set_dialect(dialect);
        scenarios::a_thousand_products(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ubl_there_and_back() {
    scenarios::ubl_there_and_back(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_survives_a_kill_at_every_checkpoint() {
    let world = World::embedded().await;
    kills::an_order_survives_every_kill(&world).await;
    kills::one_order_survives_all_kills(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_applied_once_whenever_we_are_killed() {
    kills::a_count_is_applied_once(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_sent_once_whenever_we_are_killed() {
    kills::a_delivery_survives_every_kill(&World::embedded().await).await;
}
