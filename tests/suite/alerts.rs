//! Who is told of what, and when: every kind of alert with the clock moved, received by a webhook; mail is received by a real server
//! in the live suite.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use chrono::{DateTime, TimeDelta, Utc};
use consign::{
    journal::AuditEntry,
    model::{Clock, ManualClock},
    ops::alerts::{self, AlertCondition, certificates::Endings, deliver},
    pipeline::Engine,
    transport::sftp::server::Quirks,
};
use serde_json::{Value, json};

use super::drops::Shop;

/// Receives what is posted; refuses while `down`.
#[derive(Default)]
struct Received {
    bodies: Vec<Value>,
    down: bool,
}

#[derive(Clone, Default)]
struct Hook(Arc<Mutex<Received>>);

impl Hook {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook?token=hush", listener.local_addr().expect("an address"));
        let take = |State(hook): State<Hook>, Json(body): Json<Value>| async move {
            let mut received = hook.0.lock().expect("not poisoned");
            if received.down {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            received.bodies.push(body);
            StatusCode::OK
        };
        let app = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    /// States and keys of all that was told, each told together in a list of its own.
    fn told(&self) -> Vec<Vec<String>> {
        let one = |news: &Value| format!("{} {}", news["state"].as_str().expect("a state"), news["key"].as_str().expect("a key"));
        let bodies = &self.0.lock().expect("not poisoned").bodies;
        bodies.iter().map(|body| body["news"].as_array().expect("news").iter().map(one).collect()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").bodies.iter().map(|body| body["text"].as_str().expect("a text").to_string()).collect()
    }
}

/// A shop that is watched, with a clock that we move.
struct Watched {
    shop: Shop,
    engine: Engine,
    clock: Arc<ManualClock>,
    hook: Hook,
    endings: Endings,
}

impl Watched {
    async fn with(keys: &str, alerts: &str) -> Self {
        Self::around(Shop::with(keys).await, alerts, Utc::now()).await
    }

    async fn around(shop: Shop, alerts: &str, at: DateTime<Utc>) -> Self {
        let hook = Hook::default();
        let url = hook.start().await;
        let file = shop.world.workspace().join("consign.toml");
        let text = fs::read_to_string(&file).expect("a file");
        fs::write(&file, format!("{text}\n[alerts]\nwebhook = {{ file = \"hook.secret\" }}\n{alerts}\n")).expect("written");
        fs::write(shop.world.workspace().join("hook.secret"), url).expect("written");
        let clock = Arc::new(ManualClock::new(at));
        let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { shop, engine, clock, hook, endings: Endings::default() }
    }

    /// Time goes by, and it is looked.
    async fn after(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
        alerts::look(&self.engine, &self.endings, self.clock.now()).await.expect("looked");
        let problems = deliver::all(&self.engine).await.expect("delivered");
        assert!(!problems.iter().any(|problem| problem.to_string().contains("hush")), "a URL can be a secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_files_are_told_once_with_their_causes_and_told_to_be_over() {
    let watched = Watched::with("stable_for = \"0s\"", "disabled = [\"stopped\"]").await;
    for number in 0..3 {
        watched.shop.drop(&format!("bad-{number}.xml"), &format!("<Order>{number}</Order>"));
    }
    watched.engine.run("orders-in").await;
    watched.after(1).await;
    watched.after(1).await;
    for number in 3..6 {
        watched.shop.drop(&format!("bad-{number}.xml"), &format!("<Order>{number}</Order>"));
    }
    watched.engine.run("orders-in").await;
    watched.after(10).await;
    assert_eq!(watched.hook.told(), [["new failed/orders-in"]], "not again within the hour");
    watched.after(60).await;
    assert_eq!(watched.hook.told(), [["new failed/orders-in"], ["more failed/orders-in"]]);
    let text = watched.hook.texts().concat();
    assert!(text.contains("3 messages of orders-in failed: 3 × ") && text.contains("6 messages of orders-in failed"), "{text}");
    assert!(text.contains("fix: consign errors orders-in"), "{text}");
    watched.shop.world.consign(&["discard", "--flow", "orders-in", "--reason", "tests"]).ends(0);
    watched.after(10).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["over failed/orders-in".to_string()]));
    assert!(watched.hook.texts().last().expect("a text").contains("RECOVERED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_told_is_told_once_the_receiver_is_back() {
    let watched = Watched::with("stable_for = \"0s\"", "disabled = [\"stopped\"]").await;
    watched.hook.0.lock().expect("not poisoned").down = true;
    watched.shop.drop("bad.xml", "<Order/>");
    watched.engine.run("orders-in").await;
    for _ in 0..4 {
        watched.after(1).await;
    }
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new());
    watched.hook.0.lock().expect("not poisoned").down = false;
    watched.after(10).await;
    watched.after(10).await;
    assert_eq!(watched.hook.told(), [["new failed/orders-in"]], "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_or_waits_too_long_is_told_and_a_flow_that_cannot_work() {
    let mut watched = Watched::with("stable_for = \"0s\"", "held = \"2h\"\nwaiting = \"1h\"\ndisabled = [\"stopped\"]").await;
    let order = watched.shop.order("A-1");
    watched.shop.drop("a.xml", &order);
    watched.engine.run("orders-in").await;
    watched.shop.drop("b.xml", &order);
    watched.engine.run("orders-in").await;
    watched.shop.world.sandbox = None;
    watched.shop.drop("c.xml", &watched.shop.order("A-2"));
    watched.engine.run("orders-in").await;
    watched.after(59).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "not yet");
    watched.engine.run("orders-in").await;
    watched.after(2).await;
    assert_eq!(watched.hook.told(), [["new waiting/orders-in"]]);
    watched.after(60).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["new held/orders-in".to_string()]));
    watched.shop.world.server.as_ref().expect("a server").behave(Quirks { denied: vec!["list"], ..Quirks::default() });
    watched.engine.run("stock-in").await;
    watched.after(61).await;
    let last = watched.hook.told().last().cloned().expect("told");
    assert!(last.contains(&"new unable/stock-in".to_string()), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_silent_beyond_its_window_is_told_and_its_weekend_is_not() {
    let shop = Shop::with("stable_for = \"0s\"\nexpected_by = \"0 10 * * 1-5\"\nzone = \"Europe/Berlin\"").await;
    let friday = "2026-03-06T08:00:00Z".parse().expect("a time");
    let watched = Watched::around(shop, "disabled = [\"stopped\"]", friday).await;
    watched.shop.drop("friday.xml", &watched.shop.order("S-1"));
    watched.engine.run("orders-in").await;
    watched.after(120).await;
    watched.after(2 * 24 * 60).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "something came by Friday, and nothing is due on a Sunday");
    watched.after(24 * 60 - 61).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "Monday, a minute to ten in Berlin");
    watched.after(1).await;
    assert_eq!(watched.hook.told(), [["new silent/orders-in"]]);
    assert!(watched.hook.texts()[0].contains("last at 2026-03-06 08:00 UTC"), "{}", watched.hook.texts()[0]);
    watched.shop.drop("monday.xml", &watched.shop.order("S-2"));
    watched.engine.run("orders-in").await;
    watched.after(6).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["over silent/orders-in".to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_partners_numbers_is_told_until_the_file_comes_or_a_person_knows() {
    let watched = Watched::with("stable_for = \"0s\"\nsequence = \"ORD_{number}.xml\"", "disabled = [\"stopped\"]").await;
    for number in [8, 9, 12] {
        watched.shop.drop(&format!("ORD_{number:04}.xml"), &watched.shop.order(&format!("G-{number}")));
    }
    watched.engine.run("orders-in").await;
    watched.after(14).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "files may come out of order");
    watched.after(2).await;
    assert_eq!(watched.hook.told(), [["new gap/orders-in"]]);
    assert!(watched.hook.texts()[0].contains("numbers of orders-in not received: 10-11"), "{}", watched.hook.texts()[0]);
    for number in [10, 11] {
        watched.shop.drop(&format!("ORD_{number:04}.xml"), &watched.shop.order(&format!("G-{number}")));
    }
    watched.engine.run("orders-in").await;
    watched.after(6).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["over gap/orders-in".to_string()]));
    watched.shop.drop("ORD_0014.xml", &watched.shop.order("G-14"));
    watched.engine.run("orders-in").await;
    watched.after(70).await;
    assert_eq!(watched.hook.told().len(), 3);
    let world = &watched.shop.world;
    assert!(world.consign(&["alerts", "--mute", "gap/nowhere"]).ends(2).err.contains("gap/orders-in"));
    world.consign(&["alerts", "--silence", "gap/orders-in", "--reason", "they skipped it"]).ends(0);
    watched.after(48 * 60).await;
    assert_eq!(watched.hook.told().len(), 3, "it is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_the_partner_leaves_lying_is_told() {
    let shop = super::sending::sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1\npickup = \"2h\"", 2).await;
    let watched = Watched::around(shop, "disabled = [\"stopped\"]", Utc::now()).await;
    watched.engine.run("despatch-out").await;
    fs::remove_file(watched.shop.world.partner.join("in/despatch-1.xml")).expect("collected");
    watched.after(119).await;
    watched.engine.run("despatch-out").await;
    watched.after(0).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new());
    watched.after(2).await;
    watched.engine.run("despatch-out").await;
    watched.after(0).await;
    assert_eq!(watched.hook.told(), [["new uncollected/despatch-out"]]);
    fs::remove_file(watched.shop.world.partner.join("in/despatch-2.xml")).expect("collected");
    watched.engine.run("despatch-out").await;
    watched.after(10).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["over uncollected/despatch-out".to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_told_and_one_that_refuses() {
    let shop = super::sending::sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1", 2).await;
    let flow = shop.world.workspace().join("flows/despatch-out.toml");
    let text = fs::read_to_string(&flow).expect("a flow");
    let answer = "[answer]\nwithin = \"4h\"\naccepted = [\"in/done/{name}\"]\nrefused = [\"in/error/{name}\"]";
    fs::write(&flow, format!("{text}\n{answer}\n")).expect("written");
    let watched = Watched::around(shop, "disabled = [\"stopped\"]", Utc::now()).await;
    let drop = watched.shop.world.partner.join("in");
    for folder in ["done", "error"] {
        fs::create_dir_all(drop.join(folder)).expect("made");
    }
    let moves = |number: u32, folder: &str| {
        let name = format!("despatch-{number}.xml");
        fs::rename(drop.join(&name), drop.join(folder).join(&name)).expect("moved");
    };
    watched.engine.run("despatch-out").await;
    watched.after(239).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "there is time");
    watched.after(2).await;
    assert_eq!(watched.hook.told(), [["new overdue/despatch-out"]]);
    assert!(watched.hook.texts().concat().contains("2 documents of despatch-out are not acknowledged"), "{:?}", watched.hook.texts());
    moves(1, "done");
    moves(2, "error");
    watched.engine.run("despatch-out").await;
    watched.after(5).await;
    watched.after(5).await;
    let told = watched.hook.told().concat();
    assert_eq!(told, ["new overdue/despatch-out", "new refused/despatch-out", "over overdue/despatch-out"]);
    let id =
        watched.shop.world.messages("despatch-out").into_iter().find(|message| message["name"] == "despatch-2.xml").expect("a message");
    let id = id["id"].as_str().expect("an id").to_string();
    watched.shop.world.consign(&["answer", &id, "--accepted", "--reason", "settled by telephone"]).ends(0);
    watched.after(10).await;
    assert_eq!(watched.hook.told().concat().last().map(String::as_str), Some("over refused/despatch-out"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_a_key_that_ends_and_a_process_that_is_gone_are_told() {
    let mut watched = Watched::with("stable_for = \"0s\"", "disk = 9999999999").await;
    watched.engine.run("orders-in").await;
    watched.after(0).await;
    assert_eq!(watched.hook.told(), [["new disk/storage"]]);
    watched.after(60).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["new stopped/orders-in".to_string()]), "it should have run every quarter");
    let key = "ending/odoo-keys".to_string();
    let hint = "make a new one".to_string();
    watched.endings.found.push(AlertCondition {
        key: key.clone(),
        kind: "ending",
        flow: None,
        text: "ends".into(),
        hint,
        count: 1,
        since: None,
    });
    watched.after(10).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["new ending/odoo-keys".to_string()]));
    watched.endings = Endings { found: Vec::new(), unseen: vec![key] };
    watched.after(10).await;
    assert_eq!(watched.hook.told().len(), 3, "an Odoo that is away says nothing about its keys");
    watched.endings = Endings::default();
    watched.after(10).await;
    assert_eq!(watched.hook.told().last(), Some(&vec!["over ending/odoo-keys".to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn cron_and_monitoring_ask_by_exit_code() {
    let watched = Watched::with("stable_for = \"0s\"", "disabled = [\"held\", \"disk\"]").await;
    let world = &watched.shop.world;
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    let fine = world.consign(&["alerts"]).ends(0);
    insta::assert_snapshot!(fine.out, @"no active alerts");
    world.drop_file("out/orders", "bad.xml", "<Order/>");
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let bad = world.consign(&["alerts"]).ends(1);
    assert!(bad.out.starts_with("failed/orders-in\n"), "{}", bad.out);
    assert_eq!(world.json(&["alerts"])["alerts"][0]["count"], json!(1));
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new(), "to ask tells nobody");
    world.consign(&["alerts", "--tell"]).ends(1);
    world.consign(&["alerts", "--tell"]).ends(1);
    assert_eq!(watched.hook.told(), [["new failed/orders-in"]]);
    world.consign(&["alerts", "--try"]).ends(0);
    assert!(watched.hook.texts().last().expect("a text").contains("This is a test"));
    fs::write(world.workspace().join("hook.secret"), "http://127.0.0.1:1/hook?token=hush").expect("written");
    let lost = world.consign(&["alerts", "--try"]).ends(2);
    assert!(lost.err.contains("C908") && !lost.err.contains("hush"), "{}", lost.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_stays_paused_is_an_alert_after_a_day_and_is_not_silent_meanwhile() {
    let shop = Shop::with("stable_for = \"0s\"\nexpected_by = \"0 10 * * 1-5\"").await;
    let friday = "2026-03-06T08:00:00Z".parse().expect("a time");
    let watched = Watched::around(shop, "disabled = [\"stopped\"]\n[web]\nurl = \"https://edi.example.com\"", friday).await;
    watched.engine.run("orders-in").await;
    let anna = AuditEntry { reason: Some("stocktaking".into()), ..AuditEntry::new("anna", "pause") };
    watched.engine.journal().pause("orders-in", &anna, watched.clock.now()).await.expect("written");
    watched.after(24 * 60 - 1).await;
    assert_eq!(watched.hook.told(), Vec::<Vec<String>>::new());
    watched.after(3 * 24 * 60).await;
    assert_eq!(watched.hook.told(), [["new paused/orders-in"]], "and nobody hears of silence");
    let text = watched.hook.texts().concat();
    assert!(text.contains("orders-in has been paused since 2026-03-06 08:00 UTC by anna (stocktaking)"), "{text}");
    assert!(text.contains("    https://edi.example.com/flows/orders-in\n"), "{text}");
    watched.engine.journal().resume("orders-in", &anna, watched.clock.now()).await.expect("written");
    watched.after(6).await;
    assert!(watched.hook.told().concat().contains(&"over paused/orders-in".to_string()));
    let is_silent = |told: &[Vec<String>]| told.concat().iter().any(|one| one.contains("silent"));
    assert!(!is_silent(&watched.hook.told()), "nothing could be received during the pause");
    watched.after(3 * 24 * 60).await;
    assert!(is_silent(&watched.hook.told()), "two expected times after the pause are silent");
}
