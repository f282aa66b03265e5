//! The process that stays: watched folders, reprocessing beside it, a graceful stop, a kill and a restart.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::common::{checks::all_at_rest, goods, world::World};

/// Waits until something is so, for at most half a minute.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(30), "{what} took too long");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_a_watched_folder_is_taken_and_sigterm_ends_it_well() {
    let world = World::embedded().await;
    let mut daemon = world.daemon();
    until("the start", async || fs::read_to_string(world.dir.path().join("daemon.log")).is_ok_and(|log| log.contains("flow is enabled")))
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    fs::copy(world.workspace().join("samples/products-in/artikel.csv"), world.workspace().join("drops/lumen/products/artikel.csv"))
        .expect("dropped");
    until("the products", async || world.odoo.count("product.template", json!([])).await == 4).await;

    // Somebody reprocesses while it runs: it does the work itself. And nobody else may write the workspace.
    until("rest", async || {
        world.messages("products-in").iter().all(|message| message["stage"] == "done" && message["acknowledged"] == true)
    })
    .await;
    let message = world.messages("products-in").pop().expect("a message");
    let again = world.consign(&["reprocess", message["id"].as_str().expect("an id")]).ends(0);
    assert!(again.out.contains("done"), "{}", again.out);
    let second = world.consign(&["run", "--once"]).ends(2);
    assert!(second.err.contains("error[C902]"), "{}", second.err);

    signal(&daemon, "TERM");
    assert_eq!(
        daemon.wait().expect("ends").code(),
        Some(0),
        "{}",
        fs::read_to_string(world.dir.path().join("daemon.log")).unwrap_or_default()
    );
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_the_workspace_anew_and_loses_no_work() {
    let world = World::embedded().await;
    world.replace("flows/orders-in.toml", &[("every 15 minutes", "every 1 seconds")]);
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let flow = fs::read_to_string(world.workspace().join("flows/orders-in.toml")).expect("a flow");
    let mut daemon = world.daemon();
    let log = || fs::read_to_string(world.dir.path().join("daemon.log")).unwrap_or_default();
    until("the start", async || log().contains("flow is enabled")).await;
    // Reloaded again and again while orders come.
    for number in 0..12 {
        world.drop_file(
            "out/orders",
            &format!("order-{number}.xml"),
            goods::order(&format!("H-{number}"), &customer, &[(&product, 1.0, 1.0)]),
        );
        if number % 3 == 1 {
            signal(&daemon, "HUP");
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    until("the orders", async || world.odoo.count("sale.order", json!([])).await == 12).await;
    assert!(log().contains("workspace reloaded"), "{}", log());
    // A mistake is told, and what was read before goes on.
    fs::write(world.workspace().join("flows/orders-in.toml"), "direction = \"inn\"\n").expect("written");
    signal(&daemon, "HUP");
    until("the refusal", async || log().contains("workspace not reloaded, as it has an error")).await;
    world.drop_file("out/orders", "order-12.xml", goods::order("H-12", &customer, &[(&product, 1.0, 1.0)]));
    until("the order", async || world.odoo.count("sale.order", json!([])).await == 13).await;
    // A new flow is on from then on.
    fs::write(world.workspace().join("flows/orders-in.toml"), &flow).expect("written");
    fs::write(world.workspace().join("flows/late-orders.toml"), flow.replace("out/orders", "out/late")).expect("written");
    world.drop_file("out/late", "late.xml", goods::order("H-13", &customer, &[(&product, 1.0, 1.0)]));
    signal(&daemon, "HUP");
    until("the new flow", async || world.odoo.count("sale.order", json!([])).await == 14).await;
    until("rest", async || {
        let all = [world.messages("orders-in"), world.messages("late-orders")].concat();
        all.iter().all(|message| message["stage"] == "done" && message["acknowledged"] == true)
    })
    .await;
    signal(&daemon, "TERM");
    assert_eq!(daemon.wait().expect("ends").code(), Some(0), "{}", log());
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_through_while_it_is_killed_again_and_again() {
    let world = World::embedded().await;
    world.replace("flows/orders-in.toml", &[("every 15 minutes", "every 1 seconds")]);
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    for number in 0..30 {
        world.drop_file("out/orders", &format!("o{number}.xml"), goods::order(&format!("D-{number}"), &customer, &[(&product, 1.0, 1.0)]));
    }
    // Killed after a time that falls somewhere else each round; the steps between are the checkpoints' matter.
    for round in 0..8u64 {
        let mut daemon = world.daemon();
        tokio::time::sleep(Duration::from_millis(60 + round * 45)).await;
        daemon.kill().expect("killed");
        daemon.wait().expect("ended");
    }
    let mut daemon = world.daemon_later();
    until("the orders", async || {
        world.odoo.count("sale.order", json!([["state", "=", "sale"]])).await == 30 && world.partner_files("archive").len() == 30
    })
    .await;
    signal(&daemon, "TERM");
    daemon.wait().expect("ended");
    assert_eq!(world.odoo.count("sale.order", json!([])).await, 30, "each once");
    assert_eq!(world.odoo.count("stock.picking", json!([])).await, 30, "each confirmed once");
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_running_when_odoo_and_the_drop_are_away() {
    let world = World::embedded().await;
    let url = world.odoo.url.clone();
    world.replace("consign.toml", &[(&url, "http://127.0.0.1:9")]);
    world.replace("flows/orders-in.toml", &[("every 15 minutes", "every 1 seconds")]);
    world.drop_file("out/orders", "bad.xml", "<Order>");
    let mut daemon = world.daemon();
    until("the bad file", async || world.partner_files("error").len() == 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(daemon.try_wait().expect("asked").is_none(), "it runs on");
    signal(&daemon, "TERM");
    assert_eq!(daemon.wait().expect("ends").code(), Some(0));
}
