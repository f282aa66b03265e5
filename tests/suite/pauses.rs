//! Flows that people pause, resume and run now: at the command line and on the page, with and without a process that stays.

use std::{
    fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use consign::{
    journal::{AuditEntry, Journal},
    model::Message,
    odoo::sandbox::PlannedFault,
    pipeline::Watcher,
};
use serde_json::json;

use super::drops::Shop;
use crate::common::{goods, site::Site, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_flow_receives_nothing_and_finishes_what_it_has() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let world = &shop.world;
    world.sandbox.as_ref().expect("a sandbox").expect_trouble("res.partner.search_read", PlannedFault::Status(503));
    shop.drop("first.xml", &shop.order("P-1"));
    world.consign(&["run", "--once", "orders-in"]).ends(2);

    let unreasoned = world.consign(&["pause", "orders-in"]).ends(2);
    assert!(unreasoned.err.contains("pause needs --reason"), "{}", unreasoned.err);
    world.consign(&["pause", "no-such-flow", "--reason", "r"]).ends(1);
    assert!(world.consign(&["pause", "orders-in", "--by", "anna", "--reason", "stocktaking"]).ends(0).out.contains("orders-in: paused"));
    assert!(world.consign(&["pause", "orders-in", "--by", "bert", "--reason", "me too"]).ends(0).out.contains("is paused already"));
    let status = world.json(&["status"]);
    let of_flow = status.as_array().expect("flows").iter().find(|flow| flow["flow"] == "orders-in").expect("the flow");
    assert_eq!((&of_flow["pause"]["who"], &of_flow["pause"]["reason"]), (&json!("anna"), &json!("stocktaking")));

    shop.drop("second.xml", &shop.order("P-2"));
    let ran = world.consign(&["run", "--once", "orders-in"]);
    assert!(ran.out.contains("paused; 1 done"), "what was received is finished: {ran:?}");
    let names: Vec<_> = world.messages("orders-in").iter().map(|message| message["name"].clone()).collect();
    assert_eq!(names, ["first.xml"], "nothing new is received");
    assert!(world.consign(&["run", "--once", "orders-in"]).ends(0).out.contains("paused"));

    assert!(world.consign(&["resume", "orders-in", "--by", "anna"]).ends(0).out.contains("orders-in: resumed"));
    assert!(world.consign(&["resume", "orders-in"]).ends(0).out.contains("is not paused"));
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(world.messages("orders-in").len(), 2);
    let audit = world.json(&["audit"]);
    let entries =
        audit.as_array().expect("entries").iter().map(|entry| (entry["who"].clone(), entry["action"].clone(), entry["detail"].clone()));
    let anna = |action: &str| (json!("anna"), json!(action), json!("orders-in"));
    assert_eq!(entries.collect::<Vec<_>>(), [anna("resume"), anna("pause")], "the latest first, and none for what changed nothing");
}

/// Pauses the flow as soon as its first message is at rest.
struct PausesAfterOne {
    journal: Journal,
    runtime: tokio::runtime::Handle,
}

impl Watcher for PausesAfterOne {
    fn settled(&self, message: &Message) {
        let entry = AuditEntry { reason: Some("a wrong price".into()), ..AuditEntry::new("anna", "pause") };
        let pausing = self.journal.pause(&message.flow, &entry, Utc::now());
        tokio::task::block_in_place(|| self.runtime.block_on(pausing)).expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_from_the_next_record_on() {
    let shop = super::sending::sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 4).await;
    let engine = shop.engine().await;
    let journal = engine.another_journal().await.expect("a journal");
    let watcher = PausesAfterOne { journal, runtime: tokio::runtime::Handle::current() };
    let engine = engine.with_watcher(Arc::new(watcher));
    let ran = engine.run("despatch-out").await;
    assert!(ran.paused && ran.done == 1, "three more were ready: {ran:?}");
    assert_eq!(shop.world.partner_files("in").len(), 1);
    engine.journal().resume("despatch-out", &AuditEntry::new("anna", "resume"), Utc::now()).await.expect("written");
    let ran = engine.run("despatch-out").await;
    assert!(ran.done >= 1, "{ran:?}");
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} took too long");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_pauses_resumes_and_runs_a_flow_of_the_process_that_stays() {
    let world = World::embedded().await;
    // At no time by itself, and in no folder that is watched.
    world.replace("flows/orders-in.toml", &[("every 15 minutes", "manual")]);
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let order = |number: &str| goods::order(number, &customer, &[(&product, 1.0, 1.0)]);
    for (name, role) in [("anna", "operator"), ("vera", "viewer")] {
        Site::user(&world, name, role);
    }
    let site = Site::of(&world);
    let mut daemon = world.daemon();
    until("the start", async || fs::read_to_string(world.dir.path().join("daemon.log")).is_ok_and(|log| log.contains("flow is enabled")))
        .await;
    let anna = site.signed_in(&world, "anna").await;
    let vera = site.signed_in(&world, "vera").await;
    let flow = "/flows/orders-in";
    let act = async |action: &str, fields: &[(&str, &str)]| anna.submit(flow, &format!("{flow}/do/{action}"), fields).await.status;

    let seen = vera.get(flow).await.text;
    assert!(!seen.contains("Run now") && !seen.contains("Pause"), "{seen}");
    assert_eq!(vera.submit("/account", &format!("{flow}/do/pause"), &[("reason", "r")]).await.status, 403);
    assert_eq!(act("pause", &[("reason", " ")]).await, 400, "with a reason only");
    assert_eq!(act("explode", &[]).await, 400);
    assert_eq!(act("pause", &[("reason", "stocktaking")]).await, 303);
    let paused = anna.get(flow).await.text;
    assert!(paused.contains("Paused since") && paused.contains("stocktaking") && paused.contains("Resume"), "{paused}");
    assert!(anna.get("/").await.text.contains(">paused<"));
    assert_eq!(act("run", &[]).await, 400, "a paused flow is resumed first");

    assert_eq!(act("resume", &[]).await, 303);
    world.drop_file("out/orders", "now.xml", order("N-1"));
    assert_eq!(act("run", &[]).await, 303);
    until("the run", async || world.odoo.count("sale.order", json!([])).await == 1).await;
    until("its end", async || world.messages("orders-in").iter().all(|message| message["stage"] == "done")).await;
    let page = anna.get(flow).await.text;
    assert!(!page.contains("A run was requested") && page.contains("N-1"), "a row shows the number of its order: {page}");
    assert!(Command::new("kill").arg(daemon.id().to_string()).status().expect("kill").success());
    assert_eq!(daemon.wait().expect("ends").code(), Some(0));
}
