//! Twenty partners, five of them slow, endless, lying, dead or silent: the other fifteen are served as if they were alone.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use consign::{
    endpoint,
    pipeline::Engine,
    transport::sftp::{
        host_keys,
        server::{Hostile, Quirks, ServerAccount, SftpServer},
    },
};
use serde_json::json;

use crate::common::{
    goods::{self, Customer, Product},
    proxy::{Fault, Proxy},
    world::{World, files},
};

/// Orders of each partner.
const ORDERS: usize = 6;

/// How much longer the others may take beside them: 1.2 is aimed at, and seen on a quiet machine.
const MOST: f64 = 1.5;

/// When the answer comes that a stop does not wait for: later than a busy machine takes to stop.
const NEVER: Duration = Duration::from_secs(60);

/// What the five do.
fn odd(number: usize) -> Quirks {
    match number {
        // A byte for each READ, now and then.
        0 => Quirks { short_reads: Some(1), latency: Duration::from_millis(300), ..Quirks::default() },
        // Slow enough that what the server itself does here, which it does elsewhere in truth, does not count.
        1 => Quirks { hostile: Some(Hostile::EndlessListing), latency: Duration::from_secs(1), ..Quirks::default() },
        2 => Quirks { hostile: Some(Hostile::MoreData), ..Quirks::default() },
        3 => Quirks { hostile: Some(Hostile::Silence), ..Quirks::default() },
        _ => Quirks { hostile: Some(Hostile::Trickle), ..Quirks::default() },
    }
}

/// A neighbourhood: partners with a server and a flow each.
struct Street {
    world: World,
    customer: Customer,
    product: Product,
    /// Their servers, the odd ones first.
    servers: Vec<SftpServer>,
    good: Vec<String>,
    bad: Vec<String>,
}

impl Street {
    async fn of(good: usize, bad: usize, schedule: &str) -> Self {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        let root = world.workspace();
        let flow = fs::read_to_string(root.join("flows/orders-in.toml")).expect("a flow").replace("every 15 minutes", schedule);
        for other in fs::read_dir(root.join("flows")).expect("a folder").flatten() {
            fs::remove_file(other.path()).expect("removed");
        }
        let mut street = Self { world, customer, product, servers: Vec::new(), good: Vec::new(), bad: Vec::new() };
        for number in 0..bad + good {
            let name = if number < bad { format!("bad-{number}") } else { format!("good-{:02}", number - bad) };
            let folder = street.world.dir.path().join("street").join(&name);
            fs::create_dir_all(folder.join("out/orders")).expect("a folder");
            let account = ServerAccount { user: "us".into(), password: Some("secret".into()), key: None, root: folder };
            let server = SftpServer::start(vec![account], 0).await.expect("a server");
            let port = server.address().port();
            host_keys::accept("127.0.0.1", port, server.host_key(), &root.join("known_hosts")).expect("accepted");
            let partner = format!(
                "name = \"{name}\"\n\n[drop]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"us\"\npassword = {{ env = \"NORDWIND_PASSWORD\" }}\ntimeout = \"4s\"\n"
            );
            fs::write(root.join(format!("partners/{name}.toml")), partner).expect("written");
            fs::write(root.join(format!("flows/{name}.toml")), flow.replace("\"nordwind\"", &format!("\"{name}\""))).expect("written");
            if number < bad {
                street.bad.push(name)
            } else {
                street.good.push(name)
            }
            street.servers.push(server);
        }
        street
    }

    fn folder(&self, partner: &str) -> std::path::PathBuf {
        self.world.dir.path().join("street").join(partner)
    }

    /// Each partner drops its orders; their numbers are new.
    fn fill(&self, round: usize) {
        for partner in self.good.iter().chain(&self.bad) {
            for number in 0..ORDERS {
                let order = goods::order(&format!("{partner}-{round}-{number}"), &self.customer, &[(&self.product, 1.0, 1.0)]);
                fs::write(self.folder(partner).join(format!("out/orders/{round}-{number}.xml")), order).expect("dropped");
            }
        }
    }

    fn make_odd(&self, odd: impl Fn(usize) -> Quirks) {
        self.servers.iter().take(self.bad.len()).enumerate().for_each(|(number, server)| server.behave(odd(number)));
    }

    async fn engine(&self) -> Arc<Engine> {
        let root = self.world.workspace();
        for (secret, variable) in [(self.world.odoo.password.as_str(), "CONSIGN_ODOO_PASSWORD"), ("secret", "NORDWIND_PASSWORD")] {
            fs::write(root.join(variable), secret).expect("written");
            let env = format!("{{ env = \"{variable}\" }}");
            for name in files(&root).into_iter().filter(|name| name.ends_with(".toml")) {
                let text = fs::read_to_string(root.join(&name)).expect("read");
                fs::write(root.join(&name), text.replace(&env, &format!("{{ file = \"{variable}\" }}"))).expect("written");
            }
        }
        Arc::new(Engine::open(Arc::new(endpoint::load(&root).expect("fits"))).await.expect("opens"))
    }

    /// How long it takes until all good partners are served, with the bad ones at work besides or not.
    async fn served(&self, engine: &Arc<Engine>, with_bad: bool) -> Duration {
        let run = |flow: &String| {
            let (engine, flow) = (Arc::clone(engine), flow.clone());
            tokio::spawn(async move { engine.run(&flow).await })
        };
        let bad: Vec<_> = if with_bad { self.bad.iter().map(run).collect() } else { Vec::new() };
        // The bad ones are under way first: they have what there is to have.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        let good: Vec<_> = self.good.iter().map(run).collect();
        for one in good {
            let summary = one.await.expect("ends");
            assert_eq!((summary.done, summary.problems.len()), (ORDERS, 0), "{summary:?}");
        }
        let took = began.elapsed();
        for one in bad {
            let summary = tokio::time::timeout(Duration::from_secs(60), one).await.expect("comes to an end").expect("ends");
            assert!(!summary.problems.is_empty(), "what a partner does is told: {summary:?}");
        }
        took
    }
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_partners_are_served_beside_five_bad_ones_as_if_they_were_alone() {
    let street = Street::of(15, 5, "manual").await;
    let engine = street.engine().await;
    // Others are at work on the machine: what is not so twice is not so.
    let mut ratios = Vec::new();
    for half in 0..2 {
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for round in 5 * half..5 * half + 5 {
            street.make_odd(|_| Quirks::default());
            street.fill(2 * round);
            alone.push(street.served(&engine, false).await);
            street.make_odd(odd);
            street.fill(2 * round + 1);
            beside.push(street.served(&engine, true).await);
        }
        let (alone, beside) = (median(alone), median(beside));
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        println!("alone {alone:?}, beside five bad neighbours {beside:?}: {ratio:.2}");
        ratios.push(ratio);
        if ratio < MOST {
            break;
        }
    }
    assert!(ratios.iter().any(|ratio| *ratio < MOST), "{ratios:?}");
    assert!(files(&street.world.workspace().join("var/spool")).is_empty(), "nothing is left of what was broken off");
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill").success());
}

async fn until(what: &str, log: &Path, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        let log = || fs::read_to_string(log).unwrap_or_default();
        assert!(started.elapsed() < Duration::from_secs(30), "{what} took too long: {}", log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often it is stopped or told to read anew: `CONSIGN_STOPS=300` by hand.
fn rounds(usual: u64) -> u64 {
    std::env::var("CONSIGN_STOPS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A moment of a round: spread, and the same each time.
fn moment(round: u64) -> Duration {
    Duration::from_millis(round.wrapping_mul(2_654_435_761) % 1500)
}

/// Every partner slow in its own way, for as long as anybody waits for it.
fn endless(number: usize) -> Quirks {
    match number % 3 {
        0 => Quirks { short_reads: Some(1), latency: Duration::from_millis(300), ..Quirks::default() },
        1 => Quirks { latency: Duration::from_secs(3), ..Quirks::default() },
        _ => Quirks { hostile: Some(Hostile::EmptyPages), latency: Duration::from_millis(500), ..Quirks::default() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_transfers_waits_and_listings_and_leaves_nothing_of_them() {
    let street = Street::of(0, 3, "every 1 seconds").await;
    street.fill(0);
    street.make_odd(endless);
    let log = street.world.dir.path().join("daemon.log");
    for round in 0..rounds(15) {
        let mut daemon = street.world.daemon();
        until("the start", &log, async || fs::read_to_string(&log).is_ok_and(|log| log.contains("flow is enabled"))).await;
        tokio::time::sleep(moment(round)).await;
        let began = Instant::now();
        signal(&daemon, "TERM");
        while daemon.try_wait().expect("asked").is_none() {
            assert!(began.elapsed() < Duration::from_secs(10), "it hangs: {}", fs::read_to_string(&log).unwrap_or_default());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(files(&street.world.workspace().join("var/spool")), Vec::<String>::new(), "round {round}");
    }
    street.make_odd(|_| Quirks::default());
    street.world.consign(&["run", "--once"]).ends(0);
    assert_eq!(street.world.odoo.count("sale.order", json!([])).await, 3 * ORDERS as i64, "each once, and none lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_each_flow_as_soon_as_it_is_free() {
    let street = Street::of(2, 1, "every 1 seconds").await;
    street.make_odd(endless);
    street.fill(0);
    let log = street.world.dir.path().join("daemon.log");
    let mut daemon = street.world.daemon();
    until("the first orders", &log, async || street.world.odoo.count("sale.order", json!([])).await == 2 * ORDERS as i64).await;
    let reloads = rounds(15);
    for round in 1..=usize::try_from(reloads).expect("few") {
        tokio::time::sleep(moment(round as u64) / 3).await;
        signal(&daemon, "HUP");
        street.fill(round);
        let orders = (round as i64 + 1) * 2 * ORDERS as i64;
        let began = Instant::now();
        until("the next orders", &log, async || street.world.odoo.count("sale.order", json!([])).await == orders).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    let text = fs::read_to_string(&log).expect("a log");
    assert_eq!(text.matches("workspace reloaded").count() as u64, reloads, "{text}");
    signal(&daemon, "TERM");
    assert_eq!(daemon.wait().expect("ends").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_carries_partners_side_by_side_and_tells_who_is_too_slow() {
    let street = Street::of(2, 2, "manual").await;
    street.make_odd(|_| Quirks { short_reads: Some(1), latency: Duration::from_millis(300), ..Quirks::default() });
    street.fill(0);
    let began = Instant::now();
    let ran = street.world.consign(&["run", "--once"]).ends(2);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(25), "{took:?}: the slow ones are waited for together");
    assert!(ran.err.contains("error[C322]") && ran.err.contains("is too slow"), "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines.iter().filter(|line| line.contains("6 done")).count() == 2, "{}", ran.out);
    assert!(lines.is_sorted(), "in the order of the flows: {}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_partners_take_little_memory_and_few_files_whatever_five_of_them_do() {
    let street = Street::of(15, 5, "every 2 seconds").await;
    street.make_odd(odd);
    street.fill(0);
    let log = street.world.dir.path().join("daemon.log");
    let mut daemon = street.world.daemon();
    let orders = 15 * ORDERS as i64;
    until("the orders", &log, async || street.world.odoo.count("sale.order", json!([])).await == orders).await;
    // The bad ones have met their limits by then, some of them again.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let proc = Path::new("/proc").join(daemon.id().to_string());
    let status = fs::read_to_string(proc.join("status")).expect("a status");
    let most: u64 = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok()).expect("memory");
    let files = fs::read_dir(proc.join("fd")).expect("files").count();
    println!("at most {} MB, {files} files open", most >> 10);
    assert!(most < 300 << 10, "{} MB", most >> 10);
    assert!(files < 200, "{files} files open");
    let began = Instant::now();
    signal(&daemon, "TERM");
    assert_eq!(daemon.wait().expect("ends").code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_is_under_way_is_waited_for_so_long_and_not_longer() {
    let street = Street::of(1, 0, "every 1 seconds").await;
    let proxy = Proxy::late_by(&street.world.odoo.url, NEVER).await;
    let file = street.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read").replace(&street.world.odoo.url, &proxy.url);
    fs::write(&file, format!("stop_after = \"1s\"\n{text}")).expect("written");
    let log = street.world.dir.path().join("daemon.log");
    for (round, method) in ["res.partner", "create", "action_confirm", "sale.order.line"].into_iter().enumerate() {
        let order = goods::order(&format!("S-{round}"), &street.customer, &[(&street.product, 1.0, 1.0)]);
        fs::write(street.folder("good-00").join(format!("out/orders/{round}.xml")), order).expect("dropped");
        proxy.plan_for(method, Fault::Late);
        let mut daemon = street.world.daemon();
        until("the request", &log, async || proxy.has_struck()).await;
        let come = proxy.requests();
        let began = Instant::now();
        signal(&daemon, "TERM");
        assert_eq!(daemon.wait().expect("ends").code(), Some(0));
        let took = began.elapsed();
        assert!(took < NEVER, "it waits for an answer that comes after {NEVER:?}: {took:?}");
        // Started again at once: Odoo is at it still, and nothing is looked for before that has landed.
        street.world.consign(&["run", "--once"]);
        until("what Odoo was at", &log, async || proxy.answered() >= come).await;
        proxy.plan(None);
        street.world.consign_later(&["run", "--once"]).ends(0);
        let orders = street.world.odoo.count("sale.order", json!([])).await;
        assert_eq!(orders, round as i64 + 1, "stopped at {method}: each order once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_once_that_is_stopped_in_the_middle_says_so_and_the_next_waits_for_what_may_land() {
    let street = Street::of(1, 0, "manual").await;
    let proxy = Proxy::late_by(&street.world.odoo.url, NEVER).await;
    let file = street.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read").replace(&street.world.odoo.url, &proxy.url);
    fs::write(&file, format!("stop_after = \"1s\"\n{text}")).expect("written");
    for (round, method) in ["res.partner", "create", "action_confirm"].into_iter().enumerate() {
        let order = goods::order(&format!("O-{round}"), &street.customer, &[(&street.product, 1.0, 1.0)]);
        fs::write(street.folder("good-00").join(format!("out/orders/{round}.xml")), order).expect("dropped");
        proxy.plan_for(method, Fault::Late);
        let child = street.world.prepared(&["run", "--once"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        until("the request", &file, async || proxy.has_struck()).await;
        let come = proxy.requests();
        signal(&child, "TERM");
        let ended = child.wait_with_output().expect("ends");
        let out = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(2), "{out}");
        assert!(out.contains("stopping: ") && out.contains("interrupted; the next run continues it"), "{out}");
        // Started again at once. Where Odoo may be writing still, nobody looks.
        let again = street.world.consign(&["run", "--once"]);
        assert!(method == "res.partner" || again.err.contains("error[C423]"), "stopped at {method}: {again:?}");
        until("what Odoo was at", &file, async || proxy.answered() >= come).await;
        proxy.plan(None);
        street.world.consign_later(&["run", "--once"]).ends(0);
        assert_eq!(street.world.odoo.count("sale.order", json!([])).await, round as i64 + 1, "stopped at {method}: each once");
    }
}

/// Killed in the middle of a call, and started again before Odoo has committed it: a look would find nothing, and it would be done twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_odoo_commits_after_a_kill_is_not_done_again() {
    const SLOW: Duration = Duration::from_secs(5);
    let street = Street::of(1, 0, "every 1 seconds").await;
    let proxy = Proxy::late_by(&street.world.odoo.url, SLOW).await;
    let file = street.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read").replace(&street.world.odoo.url, &proxy.url);
    fs::write(&file, format!("stop_after = \"1s\"\n{text}")).expect("written");
    let log = street.world.dir.path().join("daemon.log");
    let mut number = 0;
    for with in ["KILL", "TERM"] {
        for method in ["create", "action_confirm"] {
            number += 1;
            let order = goods::order(&format!("K-{number}"), &street.customer, &[(&street.product, 1.0, 1.0)]);
            fs::write(street.folder("good-00").join(format!("out/orders/{number}.xml")), order).expect("dropped");
            let count = async |domain: serde_json::Value| street.world.odoo.count("sale.order", domain).await;
            proxy.plan_for(method, Fault::Slow);
            let mut daemon = street.world.daemon();
            until("the request", &log, async || proxy.has_struck()).await;
            signal(&daemon, with);
            daemon.wait().expect("ends");
            // Started again at once: nothing is done and nothing is looked for, of a younger file neither.
            number += 1;
            let order = goods::order(&format!("K-{number}"), &street.customer, &[(&street.product, 1.0, 1.0)]);
            fs::write(street.folder("good-00").join(format!("out/orders/{number}.xml")), order).expect("dropped");
            let before = proxy.requests();
            let again = street.world.consign(&["run", "--once"]).ends(2);
            assert!(again.err.contains("error[C423]"), "{with} at {method}: {again:?}");
            assert_eq!(proxy.requests(), before, "{with} at {method}: Odoo is left alone");
            assert_eq!(street.world.messages("good-00").len() as i64, number, "the file is taken all the same");
            // The process that stays says so once.
            let mut daemon = street.world.daemon();
            let said = || fs::read_to_string(&log).unwrap_or_default();
            until("what it says", &log, async || said().contains("C423")).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            signal(&daemon, "TERM");
            daemon.wait().expect("ends");
            let said = said();
            assert_eq!(said.matches("C423").count(), 1, "{said}");
            tokio::time::sleep(SLOW).await;
            street.world.consign_later(&["run", "--once"]).ends(0);
            assert_eq!(count(json!([])).await, number, "{with} at {method}: each order once");
            assert_eq!(count(json!([["state", "=", "sale"]])).await, number, "{with} at {method}: each confirmed");
        }
    }
}

/// A younger file of another partner, which may look for what is just being created, waits as well.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_answer_no_flow_writes_to_this_odoo_until_it_has_landed() {
    let street = Street::of(2, 0, "manual").await;
    let proxy = Proxy::before(&street.world.odoo.url).await;
    street.world.replace("consign.toml", &[(&street.world.odoo.url, &proxy.url)]);
    let drop = |partner: &str, number: &str| {
        let order = goods::order(number, &street.customer, &[(&street.product, 1.0, 1.0)]);
        fs::write(street.folder(partner).join(format!("out/orders/{number}.xml")), order).expect("dropped");
    };
    drop("good-00", "A-1");
    proxy.plan_for("create", Fault::CutAfter);
    street.world.consign(&["run", "--once", "good-00"]).ends(2);
    assert!(proxy.has_struck());
    drop("good-01", "B-1");
    drop("good-00", "A-2");
    let before = proxy.requests();
    let ran = street.world.consign(&["run", "--once"]).ends(2);
    assert!(ran.err.contains("error[C423]"), "{ran:?}");
    assert_eq!(proxy.requests(), before, "Odoo is left alone");
    for (flow, messages) in [("good-00", 2), ("good-01", 1)] {
        assert_eq!(street.world.messages(flow).len(), messages, "the files of {flow} are received all the same");
    }
    assert!(ran.out.contains("good-01") && ran.out.contains("1 waiting"), "{}", ran.out);
    street.world.consign_later(&["run", "--once"]).ends(0);
    let orders = street.world.odoo.search_read("sale.order", json!([]), &["client_order_ref"]).await;
    let mut numbers: Vec<&str> = orders.iter().map(|order| order["client_order_ref"].as_str().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["A-1", "A-2", "B-1"], "each once");
}

/// What takes long in Odoo is written down again and again, so that after a crash it is known until when it was under way.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_in_odoo_is_known_to_be_under_way() {
    let street = Street::of(1, 0, "manual").await;
    let proxy = Proxy::late_by(&street.world.odoo.url, Duration::from_secs(12)).await;
    street.world.replace("consign.toml", &[(&street.world.odoo.url, &proxy.url)]);
    let order = goods::order("L-1", &street.customer, &[(&street.product, 1.0, 1.0)]);
    fs::write(street.folder("good-00").join("out/orders/1.xml"), order).expect("dropped");
    proxy.plan_for("create", Fault::Late);
    let mut child = street.world.prepared(&["run", "--once"]).env("CONSIGN_ALIVE", "1").spawn().expect("starts");
    while !proxy.has_struck() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let opened = || {
        let id = street.world.messages("good-00")[0]["id"].as_str().expect("an id").to_string();
        street.world.json(&["show", &id])["intents"][0]["opened"].as_str().expect("a time").to_string()
    };
    let first = opened();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(opened() > first, "{first}");
    assert!(child.wait().expect("ends").success());
}
