//! What a poll takes, leaves and tells: the cases that partners really have.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use consign::{
    endpoint::{self, History, Readiness},
    model::{Clock, Code, ManualClock},
    pipeline::{Engine, Lock},
    transport::sftp::server::Quirks,
};
use serde_json::json;

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    kills::kill_at,
    world::World,
};

/// A world with a customer and a product that orders can name.
pub struct Shop {
    pub world: World,
    pub customer: Customer,
    pub product: Product,
}

impl Shop {
    /// A shop whose `orders-in` has these keys instead of `settle = "0s"`.
    pub async fn with(keys: &str) -> Self {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        world.replace("flows/orders-in.toml", &[("stable_for = \"0s\"", keys)]);
        Self { world, customer, product }
    }

    pub fn order(&self, number: &str) -> String {
        goods::order(number, &self.customer, &[(&self.product, 1.0, 2.5)])
    }

    pub fn drop(&self, name: &str, text: &str) {
        self.world.drop_file("out/orders", name, text);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.partner.join("out/orders").join(name)
    }

    async fn orders(&self) -> i64 {
        self.world.odoo.count("sale.order", json!([])).await
    }

    fn here(&self) -> Vec<String> {
        self.world.partner_files("out/orders")
    }

    /// An engine in this process, with the secrets in files.
    pub async fn engine(&self) -> Engine {
        let root = self.world.workspace();
        fs::write(root.join("odoo.secret"), &self.world.odoo.password).expect("written");
        fs::write(root.join("sftp.secret"), "secret").expect("written");
        self.world.replace("consign.toml", &[("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"odoo.secret\" }")]);
        self.world.replace("partners/nordwind.toml", &[("{ env = \"NORDWIND_PASSWORD\" }", "{ file = \"sftp.secret\" }")]);
        Engine::open(Arc::new(endpoint::load(&root).expect("fits"))).await.expect("opens")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_only_once_its_marker_is_there() {
    for (marker, of) in [("{name}.done", "order.xml.done"), ("{stem}.ok", "order.ok")] {
        let shop = Shop::with(&format!("marker = \"{marker}\"\nstable_for = \"1h\"")).await;
        shop.drop("order.xml", &shop.order("M-1"));
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        assert_eq!(shop.orders().await, 0, "not yet");
        let drops = shop.world.consign(&["drops", "orders-in"]).ends(0);
        assert!(drops.out.contains("held") && drops.out.contains(&format!("C317: `{of}` is not there yet")), "{}", drops.out);
        shop.drop(of, "");
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        assert_eq!((shop.orders().await, shop.here()), (1, Vec::new()), "taken at once, and the marker goes with it");
        all_at_rest(&shop.world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_left_until_it_stands_still() {
    let shop = Shop::with("stable_for = \"1s\"").await;
    let order = shop.order("G-1");
    let (path, text) = (shop.path("order.xml"), order.clone());
    let writing = std::thread::spawn(move || {
        // Appended to, as an upload is: a file that is written anew has 0 bytes for a moment, which is another case.
        let mut file = fs::File::create(&path).expect("made");
        for piece in text.as_bytes().chunks(text.len() / 12) {
            file.write_all(piece).expect("written");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    std::thread::sleep(Duration::from_millis(150));
    let first = shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(first.out.contains("1 not complete yet"), "{}", first.out);
    writing.join().expect("written");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.orders().await, 1);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_broken_off_is_waited_for_and_at_last_refused() {
    let shop = Shop::with("stable_for = \"0s\"\nincomplete_timeout = \"10m\"").await;
    let order = shop.order("C-1");
    shop.drop("order.xml", &order[..order.len() / 2]);
    shop.drop("other.xml", &order[..order.len() / 2]);
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let ran = engine.run("orders-in").await;
    assert_eq!((ran.incomplete, ran.failed, shop.here().len()), (2, 0, 2), "it may still come: {ran:?}");
    let ran = engine.run("orders-in").await;
    assert_eq!((ran.incomplete, ran.failed), (2, 0), "and is waited for");
    // The upload begins anew and comes through.
    shop.drop("order.xml", &order);
    assert_eq!(engine.run("orders-in").await.done, 1);
    assert_eq!(shop.orders().await, 1);
    clock.advance(chrono::TimeDelta::minutes(11));
    let ran = engine.run("orders-in").await;
    assert_eq!(ran.failed, 1, "nothing is waited for for ever");
    assert_eq!(shop.here(), Vec::<String>::new());
    engine.journal().close().await;
    let errors = shop.world.consign(&["errors"]).ends(0);
    assert!(errors.out.contains("it is truncated"), "{}", errors.out);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_broken_off_is_waited_for_with_the_usual_settings_too() {
    // Standing still is no proof of being whole, neither is a marker.
    for keys in ["stable_for = \"1s\"", "marker = \"{name}.done\""] {
        let shop = Shop::with(keys).await;
        let order = shop.order("U-1");
        shop.drop("order.xml", &order[..order.len() / 2]);
        shop.drop("order.xml.done", "");
        for _ in 0..2 {
            let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
            assert!(ran.out.contains("1 not complete yet"), "{keys}: {}", ran.out);
        }
        let drops = shop.world.consign(&["drops", "orders-in"]).ends(0);
        assert!(drops.out.contains("C318"), "{keys}: {}", drops.out);
        shop.drop("order.xml", &order);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        assert_eq!((shop.orders().await, shop.here().contains(&"order.xml".to_string())), (1, false), "{keys}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marker_of_another_file_is_left_alone_and_that_of_a_duplicate_is_not() {
    let shop = Shop::with("marker = \"{name}.done\"").await;
    let order = shop.order("K-1");
    for _ in 0..2 {
        // The second time it is an exact duplicate: its marker must not vouch for whatever comes next under the name.
        shop.drop("order.xml", &order);
        shop.drop("order.xml.done", "");
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        assert_eq!(shop.here(), Vec::<String>::new());
    }
    // Killed before the move; meanwhile the next file of the name has come, with its own marker.
    shop.drop("order.xml", &shop.order("K-2"));
    shop.drop("order.xml.done", "");
    kill_at(&shop.world, "orders-in", "archived");
    shop.drop("order.xml", &shop.order("K-345"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    for number in ["K-1", "K-2", "K-345"] {
        assert_eq!(shop.world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 1, "{number}");
    }
    assert_eq!(shop.here(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_cannot_be_moved_keeps_nobody_and_is_not_fetched_for_ever() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let order = shop.order("D-1");
    shop.drop("a.xml", &order);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["rename"], ..Quirks::default() });
    shop.drop("a.xml", &order);
    shop.drop("b.xml", &shop.order("D-2"));
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.out.contains("1 done") && ran.out.contains("1 duplicate"), "{}", ran.out);
    let again = shop.world.consign(&["run", "--once", "orders-in"]);
    assert!(!again.out.contains("duplicate"), "left for a while: {}", again.out);
    let drops = shop.world.consign(&["drops", "orders-in"]).ends(0);
    assert!(drops.out.contains("C311: it is a duplicate of message"), "{}", drops.out);
    assert_eq!(shop.orders().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_in_the_place_of_another_with_the_same_size_and_time_is_not_lost() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let (first, second) = (shop.order("S-1"), shop.order("S-2"));
    assert_eq!(first.len(), second.len());
    let time = SystemTime::now() - Duration::from_secs(3600);
    let put = |text: &str| {
        shop.drop("order.xml", text);
        fs::File::options().write(true).open(shop.path("order.xml")).expect("there").set_modified(time).expect("set");
    };
    put(&first);
    // Killed with the effect in Odoo and the file not yet moved; meanwhile the partner writes the next one over it.
    kill_at(&shop.world, "orders-in", "archived");
    put(&second);
    for _ in 0..2 {
        shop.world.consign(&["run", "--once", "orders-in"]);
    }
    for number in ["S-1", "S-2"] {
        assert_eq!(shop.world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 1, "{number}");
    }
    assert_eq!(shop.here(), Vec::<String>::new());
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_contents_and_times_may_collide_as_they_like() {
    let shop = Shop::with("stable_for = \"0s\"\nsame_content = \"hold\"").await;
    let order = shop.order("N-1");
    // Two names with one content in one poll: the first is taken, the second held.
    shop.drop("a.xml", &order);
    shop.drop("b.xml", &order);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert_eq!(shop.orders().await, 1);
    assert_eq!(shop.here(), ["b.xml"]);
    // The same name with the same content again, and with another.
    shop.drop("a.xml", &order);
    assert!(shop.world.consign(&["run", "--once", "orders-in"]).ends(0).out.contains("1 duplicate"));
    shop.drop("a.xml", &shop.order("N-2"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.orders().await, 2);
    let held = shop.world.messages("orders-in").into_iter().find(|message| message["stage"] == "held").expect("held");
    shop.world.consign(&["reprocess", held["id"].as_str().expect("an id")]).ends(0);
    assert_eq!((shop.orders().await, shop.here()), (2, Vec::new()), "the same order, found again");
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_lets_nothing_be_moved_is_told_once_and_nothing_is_taken_twice() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["rename", "mkdir", "remove"], ..Quirks::default() });
    for number in 1..=5 {
        shop.drop(&format!("order-{number}.xml"), &shop.order(&format!("R-{number}")));
    }
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.out.contains("5 done"), "{}", ran.out);
    assert_eq!(ran.err.matches("error[C315]").count(), 1, "once, not for each file: {}", ran.err);
    assert!(ran.err.contains("nor 4 more"), "{}", ran.err);
    for _ in 0..2 {
        let again = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
        assert_eq!(again.err.matches("error[C315]").count(), 1, "{}", again.err);
    }
    assert_eq!((shop.orders().await, shop.here().len()), (5, 5));
    let drops = shop.world.consign(&["drops", "orders-in"]).ends(0);
    assert!(drops.out.contains("5 not moved"), "{}", drops.out);
    shop.world.server.as_ref().expect("embedded").behave(Quirks::default());
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!((shop.orders().await, shop.here().len()), (5, 0));
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_our_storage_cannot_shelve_keeps_no_other() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let drop_two = |round: usize| {
        (1..=2).for_each(|number| shop.drop(&format!("order-{round}-{number}.xml"), &shop.order(&format!("Q-{round}-{number}"))))
    };
    let list = shop.world.dir.path().join("steps");
    let mut steps = String::new();
    for round in 1..=2 {
        drop_two(round);
        // The second time drop and journal are as they will be the third time.
        let _ = fs::remove_file(&list);
        assert!(shop.world.prepared(&["run", "--once", "orders-in"]).env("CONSIGN_STEPS", &list).status().expect("runs").success());
        steps = fs::read_to_string(&list).expect("a list");
    }
    let first = steps.lines().position(|step| step == "Storage before archive").expect("it archives") + 1;
    drop_two(3);
    let ran = shop.world.prepared(&["run", "--once", "orders-in"]).env("CONSIGN_FAULT", format!("{first}:fail")).output().expect("runs");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("2 done"), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stderr).contains("order-3-1.xml"), "it is told: {ran:?}");
    assert_eq!(shop.here(), ["order-3-1.xml"], "the other one is moved");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!((shop.orders().await, shop.here()), (6, Vec::new()));
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pollers_on_one_drop_one_wins() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    for number in 1..=20 {
        shop.drop(&format!("order-{number}.xml"), &shop.order(&format!("T-{number}")));
    }
    let first = shop.engine().await;
    let second = Engine::open(Arc::new(endpoint::load(&shop.world.workspace()).expect("fits"))).await.expect("opens");
    let (one, other) = tokio::join!(first.run("orders-in"), second.run("orders-in"));
    let told = |summary: &consign::pipeline::Summary| summary.problems.iter().filter(|problem| problem.code == Code::Leased).count();
    assert_eq!(one.done + other.done, 20, "{one:?} {other:?}");
    assert_eq!(told(&one) + told(&other), 1, "the other one is told: {one:?} {other:?}");
    assert_eq!(shop.orders().await, 20);
    // One that died with the lease is not waited for: whoever has the workspace's lock knows that it is alone.
    first
        .journal()
        .lease("nordwind/out/orders", "someone dead", chrono::Utc::now() + chrono::TimeDelta::hours(1), chrono::Utc::now())
        .await
        .expect("taken");
    assert_eq!(told(&first.run("orders-in").await), 1);
    let lock = Lock::take(first.workspace()).expect("free");
    first.sweep(&lock).await.expect("swept");
    assert_eq!(told(&first.run("orders-in").await), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_a_drop_is_shown_as_a_poll_would_judge_it() {
    let shop = Shop::with("stable_for = \"0s\"\nignore = [\"*.uploading.xml\"]\nmax_bytes = 2000\nempty = \"reject\"").await;
    for (name, text) in
        [("good.xml", "<a/>"), ("x.uploading.xml", "<a/>"), ("readme.txt", "hello"), ("half.xml.part", "<a"), ("empty.xml", "")]
    {
        shop.drop(name, text);
    }
    shop.drop("large.xml", &"x".repeat(2001));
    let engine = shop.engine().await;
    let flow = engine.workspace().flows.get("orders-in").expect("a flow");
    let known = History::of(engine.site(), flow).await.expect("read");
    let source = endpoint::source(engine.site(), flow).expect("opens");
    let mut seen = source.poll(&known).await.expect("looked").candidates;
    seen.sort_by(|a, b| a.origin.name.cmp(&b.origin.name));
    let seen: Vec<String> = seen
        .iter()
        .map(|one| {
            let state = match &one.readiness {
                Readiness::Held(problem, _) => format!("held {}", problem.code.as_str()),
                Readiness::Taken(_) => "taken".into(),
                other => format!("{other:?}"),
            };
            format!("{}: {state}", one.origin.name)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "empty.xml: Ready",
            "good.xml: Ready",
            "half.xml.part: Temporary",
            "large.xml: held C319",
            "readme.txt: Foreign",
            "x.uploading.xml: Temporary"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_partners_polled_at_once_all_come_to_their_turn() {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let flow = fs::read_to_string(world.workspace().join("flows/orders-in.toml")).expect("a flow");
    for number in 0..50 {
        let folder = world.dir.path().join(format!("drops/{number}"));
        fs::create_dir_all(folder.join("out/orders")).expect("a folder");
        let partner = format!("name = \"P{number}\"\n[drop]\nkind = \"local\"\npath = \"{}\"\n", folder.display());
        fs::write(world.workspace().join(format!("partners/p{number}.toml")), partner).expect("written");
        fs::write(world.workspace().join(format!("flows/p{number}.toml")), flow.replace("\"nordwind\"", &format!("\"p{number}\"")))
            .expect("written");
        // One of them has far more than the others.
        for file in 0..if number == 0 { 60 } else { 1 } {
            let order = format!("P{number}-{file}");
            fs::write(folder.join(format!("out/orders/{order}.xml")), goods::order(&order, &customer, &[(&product, 1.0, 1.0)]))
                .expect("written");
        }
    }
    let shop = Shop { world, customer, product };
    let engine = Arc::new(shop.engine().await);
    let mut runs = tokio::task::JoinSet::new();
    for number in 0..50 {
        let engine = Arc::clone(&engine);
        runs.spawn(async move { engine.run(&format!("p{number}")).await });
    }
    let done: usize = runs.join_all().await.iter().map(|summary| summary.done).sum();
    assert_eq!((done, shop.orders().await), (109, 109));
}
