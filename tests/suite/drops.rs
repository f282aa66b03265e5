//! What a poll takes, leaves and tells; and how files go out: the cases that partners really have.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use consign::{
    config::Workspace,
    flow::{Engine, Lock, look::State},
    model::{Clock, ManualClock, codes},
    transport::sftp::server::Quirks,
};
use serde_json::json;

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    scenarios::only_pickings_of,
    world::World,
};

struct Shop {
    world: World,
    customer: Customer,
    product: Product,
}

impl Shop {
    /// A shop whose `orders-in` has these keys instead of `settle = "0s"`.
    async fn with(keys: &str) -> Self {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        world.replace("flows/orders-in.toml", &[("settle = \"0s\"", keys)]);
        Self { world, customer, product }
    }

    fn order(&self, number: &str) -> String {
        goods::order(number, &self.customer, &[(&self.product, 1.0, 2.5)])
    }

    fn drop(&self, name: &str, text: &str) {
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
    async fn engine(&self) -> Engine {
        let root = self.world.workspace();
        fs::write(root.join("odoo.secret"), &self.world.odoo.password).expect("written");
        fs::write(root.join("sftp.secret"), "secret").expect("written");
        self.world.replace("consign.toml", &[("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"odoo.secret\" }")]);
        self.world.replace("partners/nordwind.toml", &[("{ env = \"NORDWIND_PASSWORD\" }", "{ file = \"sftp.secret\" }")]);
        Engine::open(Arc::new(Workspace::load(&root).expect("fits"))).await.expect("opens")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_only_once_its_marker_is_there() {
    for (marker, of) in [("{name}.done", "order.xml.done"), ("{stem}.ok", "order.ok")] {
        let shop = Shop::with(&format!("marker = \"{marker}\"\nsettle = \"1h\"")).await;
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
    let shop = Shop::with("settle = \"1s\"").await;
    let order = shop.order("G-1");
    let (path, text) = (shop.path("order.xml"), order.clone());
    let writing = std::thread::spawn(move || {
        for end in (0..text.len()).step_by(text.len() / 12) {
            fs::write(&path, &text[..end]).expect("written");
            std::thread::sleep(Duration::from_millis(100));
        }
        fs::write(&path, &text).expect("written");
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
    let shop = Shop::with("settle = \"0s\"\ncut = \"10m\"").await;
    let order = shop.order("C-1");
    shop.drop("order.xml", &order[..order.len() / 2]);
    shop.drop("other.xml", &order[..order.len() / 2]);
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let ran = engine.run("orders-in").await;
    assert_eq!((ran.changing, ran.failed, shop.here().len()), (2, 0, 2), "it may still come: {ran:?}");
    let ran = engine.run("orders-in").await;
    assert_eq!((ran.changing, ran.failed), (2, 0), "and is waited for");
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
    for keys in ["settle = \"1s\"", "marker = \"{name}.done\""] {
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
    let mut child = shop.world.prepared(&["run", "--once", "orders-in"]);
    let mut child = child
        .env("CONSIGN_PAUSE_AT", "shelved")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().expect("a pipe")), &mut said).expect("a line");
    child.kill().expect("killed");
    child.wait().expect("ended");
    shop.drop("order.xml", &shop.order("K-345"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    for number in ["K-1", "K-2", "K-345"] {
        assert_eq!(shop.world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 1, "{number}");
    }
    assert_eq!(shop.here(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_cannot_be_moved_keeps_nobody_and_is_not_fetched_for_ever() {
    let shop = Shop::with("settle = \"0s\"").await;
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
    assert!(drops.out.contains("C311: it repeats message"), "{}", drops.out);
    assert_eq!(shop.orders().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_be_written_to_and_not_listed_is_sent_to_all_the_same() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1\npickup = \"1h\"", 1).await;
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    more(&shop, 1);
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["list"], ..Quirks::default() });
    let ran = shop.world.consign(&["run", "--once", "despatch-out"]);
    assert!(ran.out.contains("1 done"), "{ran:?}");
    assert_eq!(sent(&shop).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_was_refused_is_no_sending_though_the_temporary_file_is_gone() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1", 1).await;
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["rename"], ..Quirks::default() });
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(2);
    for part in shop.world.partner_files("in") {
        fs::remove_file(shop.world.partner.join("in").join(part)).expect("cleaned up by the partner");
    }
    shop.world.server.as_ref().expect("embedded").behave(Quirks::default());
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop), ["despatch-1.xml"], "uploaded again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_in_the_place_of_another_with_the_same_size_and_time_is_not_lost() {
    let shop = Shop::with("settle = \"0s\"").await;
    let (first, second) = (shop.order("S-1"), shop.order("S-2"));
    assert_eq!(first.len(), second.len());
    let time = SystemTime::now() - Duration::from_secs(3600);
    let put = |text: &str| {
        shop.drop("order.xml", text);
        fs::File::options().write(true).open(shop.path("order.xml")).expect("there").set_modified(time).expect("set");
    };
    put(&first);
    // Killed with the effect in Odoo and the file not yet moved; meanwhile the partner writes the next one over it.
    let mut child = shop.world.prepared(&["run", "--once", "orders-in"]);
    let mut child = child
        .env("CONSIGN_PAUSE_AT", "shelved")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().expect("a pipe")), &mut said).expect("a line");
    assert!(said.starts_with("paused at shelved"), "{said}");
    child.kill().expect("killed");
    child.wait().expect("ended");
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
    let shop = Shop::with("settle = \"0s\"\nsame_content = \"hold\"").await;
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
    let shop = Shop::with("settle = \"0s\"").await;
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
async fn of_two_pollers_on_one_drop_one_wins() {
    let shop = Shop::with("settle = \"0s\"").await;
    for number in 1..=20 {
        shop.drop(&format!("order-{number}.xml"), &shop.order(&format!("T-{number}")));
    }
    let first = shop.engine().await;
    let second = Engine::open(Arc::new(Workspace::load(&shop.world.workspace()).expect("fits"))).await.expect("opens");
    let (one, other) = tokio::join!(first.run("orders-in"), second.run("orders-in"));
    let told = |summary: &consign::flow::Summary| summary.problems.iter().filter(|problem| problem.code == codes::LEASED).count();
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
    let shop = Shop::with("settle = \"0s\"\nignore = [\"*.uploading.xml\"]\nmax_bytes = 2000\nempty = \"reject\"").await;
    for (name, text) in
        [("good.xml", "<a/>"), ("x.uploading.xml", "<a/>"), ("readme.txt", "hello"), ("half.xml.part", "<a"), ("empty.xml", "")]
    {
        shop.drop(name, text);
    }
    shop.drop("large.xml", &"x".repeat(2001));
    let engine = shop.engine().await;
    let flow = engine.workspace().flows.get("orders-in").expect("a flow");
    let consign::config::Work::In(inbound) = &flow.work else { panic!("inbound") };
    let drop = engine.workspace().partners["nordwind"].drop.open(&shop.world.workspace()).expect("opens");
    let mut seen = consign::flow::look::look(&engine, &*drop, flow, inbound).await.expect("looked");
    seen.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
    let seen: Vec<String> = seen
        .iter()
        .map(|one| {
            let state = match &one.state {
                State::Held(problem, _) => format!("held {}", problem.code.info().code),
                State::Taken(_) => "taken".into(),
                other => format!("{other:?}"),
            };
            format!("{}: {state}", one.entry.name)
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

/// A shop with deliveries ready to go out, and the flow's `name` line replaced by these keys.
async fn sender(keys: &str, deliveries: usize) -> Shop {
    let shop = Shop::with("settle = \"0s\"").await;
    only_pickings_of(&shop.world, "despatch-out", shop.customer.id);
    shop.world.replace("flows/despatch-out.toml", &[("name      = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", keys)]);
    shop.world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&shop.product, 9000.0)]));
    shop.world.consign(&["run", "--once", "stock-in"]).ends(0);
    more(&shop, deliveries);
    shop
}

fn more(shop: &Shop, deliveries: usize) {
    for _ in 0..deliveries {
        let number = format!("O-{}", goods::fresh());
        shop.drop(&format!("{number}.xml"), &shop.order(&number));
    }
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
}

fn sent(shop: &Shop) -> Vec<String> {
    shop.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_has_no_gap_though_a_file_fails() {
    let shop = sender("name = \"despatch-{{ '%05d' | format(sequence) }}.xml\"\nsequence = 100", 2).await;
    shop.world.replace("templates/despatch-advice.xml", &[("<DespatchAdvice", "<DespatchAdvis")]);
    let template = fs::read_to_string(shop.world.workspace().join("templates/despatch-advice.xml")).expect("a template");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert_eq!(sent(&shop), Vec::<String>::new(), "what breaks its schema is not sent");
    fs::write(shop.world.workspace().join("templates/despatch-advice.xml"), template.replace("<DespatchAdvis", "<DespatchAdvice"))
        .expect("mended");
    more(&shop, 2);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop), ["despatch-00100.xml", "despatch-00101.xml"], "the failed ones gave their numbers back");
    for message in shop.world.messages("despatch-out").into_iter().filter(|message| message["stage"] == "failed") {
        shop.world.consign(&["reprocess", message["id"].as_str().expect("an id")]).ends(0);
    }
    assert_eq!(sent(&shop), ["despatch-00100.xml", "despatch-00101.xml", "despatch-00102.xml", "despatch-00103.xml"]);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_handled_as_the_flow_says() {
    for (exists, code) in [("fail", 1), ("replace", 0), ("number", 0)] {
        let shop = sender(&format!("name = \"latest.xml\"\nexists = \"{exists}\""), 1).await;
        shop.world.drop_file("in", "latest.xml", "<their/>");
        shop.world.drop_file("in", "latest-2.xml", "<their/>");
        shop.world.consign(&["run", "--once", "despatch-out"]).ends(code);
        let read = |name: &str| fs::read_to_string(shop.world.partner.join("in").join(name)).expect("a file");
        match exists {
            "fail" => assert_eq!((sent(&shop).len(), read("latest.xml").as_str()), (2, "<their/>")),
            "replace" => assert!(sent(&shop).len() == 2 && read("latest.xml").contains("DespatchAdvice")),
            _ => {
                assert_eq!(sent(&shop), ["latest-2.xml", "latest-3.xml", "latest.xml"]);
                assert!(read("latest-3.xml").contains("DespatchAdvice") && read("latest.xml") == "<their/>");
            }
        }
        all_at_rest(&shop.world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_being_written_may_lie_in_a_folder_of_its_own() {
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 1).await;
    shop.world.replace("flows/despatch-out.toml", &[("temporary = \".*.part\"", "temporary = \"uploading/*\"")]);
    let mut child = shop.world.prepared(&["run", "--once", "despatch-out"]);
    let mut child = child
        .env("CONSIGN_PAUSE_AT", "staged")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().expect("a pipe")), &mut said).expect("a line");
    let files = shop.world.partner_files("in");
    assert!(files.len() == 1 && files[0].starts_with("uploading/"), "{files:?}");
    child.kill().expect("killed");
    child.wait().expect("ended");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let files = shop.world.partner_files("in");
    assert!(files.len() == 1 && files[0].starts_with("despatch-"), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_records_go_out_in_one_file() {
    let shop = sender("name = \"despatches-{{ sequence }}.xml\"\nsequence = 1\nper_file = 2", 3).await;
    fs::write(
        shop.world.workspace().join("schemas/list.xsd"),
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"List\"><xs:complexType><xs:sequence>\
         <xs:element name=\"Name\" type=\"xs:token\" maxOccurs=\"2\"/></xs:sequence></xs:complexType></xs:element></xs:schema>",
    )
    .expect("written");
    fs::write(
        shop.world.workspace().join("templates/list.xml"),
        "<List>{% for record in records %}<Name>{{ record.name }}</Name>{% endfor %}</List>",
    )
    .expect("written");
    shop.world.replace(
        "flows/despatch-out.toml",
        &[("templates/despatch-advice.xml", "templates/list.xml"), ("despatch-advice.xsd", "list.xsd")],
    );
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let names: Vec<usize> = sent(&shop)
        .iter()
        .map(|name| fs::read_to_string(shop.world.partner.join("in").join(name)).expect("a file").matches("<Name>").count())
        .collect();
    assert_eq!((sent(&shop), names), (vec!["despatches-1.xml".to_string(), "despatches-2.xml".to_string()], vec![2, 1]));
    assert_eq!(shop.world.odoo.count("mail.message", json!([["body", "like", "[consign "]])).await, 3, "a note on each");
    assert!(shop.world.consign(&["run", "--once", "despatch-out"]).ends(0).out.contains("nothing to do"));
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_partner_does_not_collect_is_told() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1\npickup = \"2h\"", 2).await;
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(engine.run("despatch-out").await.done, 2);
    let collected = fs::remove_file(shop.world.partner.join("in/despatch-1.xml"));
    collected.expect("collected");
    assert_eq!(engine.run("despatch-out").await.problems, []);
    clock.advance(chrono::TimeDelta::hours(3));
    let late = engine.run("despatch-out").await.problems;
    assert_eq!(late.iter().map(|problem| problem.code).collect::<Vec<_>>(), [codes::NOT_COLLECTED]);
    assert!(late[0].message.contains("despatch-2.xml"), "{}", late[0]);
    engine.journal().close().await;
    let drops = shop.world.consign(&["drops", "despatch-out"]).ends(0);
    assert!(drops.out.contains("1 not collected") && drops.out.contains("despatch-2.xml"), "{}", drops.out);
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
