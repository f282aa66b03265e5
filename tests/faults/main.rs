//! Every step of a message's way, in and out, over SFTP and in a local folder, made the one that goes wrong: the process killed before
//! and after it, the connection cut, the server answering an error, the disk full. Then consign is started again, and the balance is
//! drawn: every file in exactly one place, every effect exactly once, every original kept, nothing half-visible to the partner.
//!
//! The steps are not listed here: a first run writes them down (`src/failpoints`), and each of them is tried.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod balance;
#[path = "../common/mod.rs"]
mod common;
mod errand;
mod odoo;
mod people;

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use common::{
    kills::{run_with_fault, steps},
    world::World,
};
use consign::transport::sftp::server::{Quirks, ServerFault};

use balance::{Way, balance};

/// What was tried, for the summary.
#[derive(Default)]
struct Tried(BTreeMap<String, usize>);

impl Tried {
    fn count(&mut self, what: &str) {
        *self.0.entry(what.to_string()).or_default() += 1;
    }

    fn told(&self, scene: &str, way: &Way) {
        let points: usize = self.0.values().sum();
        let kinds: Vec<String> = self.0.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        println!("faults: {scene}: {points} points tried ({}); balance: {}", kinds.join(", "), way.balance());
        assert!(points > 50, "{scene}: the enumeration found too little to try");
    }
}

/// What can go wrong at a step. A lost answer of Odoo's is waited for longer than a test can; `tests/suite` has it.
fn kinds(step: &str) -> &'static [&'static str] {
    match step.split(' ').next().unwrap_or_default() {
        "Drop" => &["kill", "cut", "fail", "denied", "full"],
        "Journal" | "Storage" => &["kill", "full"],
        _ if step.contains("before") => &["kill", "cut"],
        _ => &["kill"],
    }
}

/// Each step of a way, each thing that can go wrong at it.
async fn every_step(way: &mut Way, scene: &str) {
    let mut found = Vec::new();
    // The second message sees what every later one does: a drop and a journal that are not new.
    for _ in 0..2 {
        way.prepare().await;
        found = steps(way.world(), way.flow());
        balance(way, "undisturbed").await;
    }
    let mut tried = Tried::default();
    for (number, step) in (1..).zip(&found) {
        for kind in kinds(step) {
            way.prepare().await;
            let fault = format!("{number}:{kind}");
            run_with_fault(way.world(), way.flow(), &fault);
            way.nothing_half_visible(&fault);
            balance(way, &format!("{scene}, step {number} ({step}), {kind}")).await;
            tried.count(kind);
        }
    }
    tried.told(scene, way);
}

/// Each request that reaches the partner's server, each thing that can go wrong with it there.
async fn every_request(way: &mut Way, scene: &str) {
    let mut requests = 0;
    for _ in 0..2 {
        way.prepare().await;
        way.server().behave(Quirks::default());
        way.world().consign(&["run", "--once", way.flow()]).ends(0);
        requests = way.server().requests();
        balance(way, "undisturbed").await;
    }
    let mut tried = Tried::default();
    for number in 1..=requests {
        for trouble in ServerFault::ALL {
            way.prepare().await;
            way.server().behave(Quirks { trouble: Some((number, trouble)), ..Quirks::default() });
            way.world().consign(&["run", "--once", way.flow()]);
            way.server().behave(Quirks::default());
            way.nothing_half_visible(&format!("request {number}, {trouble:?}"));
            balance(way, &format!("{scene}, request {number}, {trouble:?}")).await;
            tried.count(&format!("{trouble:?}"));
        }
    }
    tried.told(scene, way);
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_over_sftp() {
    every_step(&mut Way::inbound(World::embedded().await).await, "inbound over SFTP").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_from_a_local_folder() {
    let world = World::embedded().await;
    world.use_local_drop();
    every_step(&mut Way::inbound(world).await, "inbound from a local folder").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_with_markers() {
    every_step(&mut Way::marked(World::embedded().await).await, "inbound with marker files").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_in_zips() {
    every_step(&mut Way::zipped(World::embedded().await).await, "inbound in zips").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_over_sftp() {
    every_step(&mut Way::outbound(World::embedded().await).await, "outbound over SFTP").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_to_a_local_folder() {
    let world = World::embedded().await;
    world.use_local_drop();
    every_step(&mut Way::outbound(world).await, "outbound to a local folder").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_with_a_server_in_trouble() {
    every_request(&mut Way::inbound(World::embedded().await).await, "inbound, the SFTP server in trouble").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_with_a_server_in_trouble() {
    every_request(&mut Way::outbound(World::embedded().await).await, "outbound, the SFTP server in trouble").await;
}

/// A storage folder on a small disk of its own, with less and less room left: wherever the disk ends, nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn inbound_with_a_small_disk() {
    let mut way = Way::inbound(World::embedded().await).await;
    let var = way.world().workspace().join("var");
    fs::create_dir_all(&var).expect("a folder");
    // The disk has less than usually stays free.
    let file = way.world().workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("{text}\n\n[keep]\nreserve = 0\n")).expect("written");
    let mount = format!("mount -t tmpfs -o size=3m tmpfs '{}'", var.display());
    let namespace = |script: String, world: &World| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script]);
        command
            .env("CONSIGN_WORKSPACE", world.workspace())
            .env("CONSIGN_ODOO_PASSWORD", &world.odoo.password)
            .env("NORDWIND_PASSWORD", "secret");
        command.output()
    };
    if !namespace(mount.clone(), way.world()).is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a tmpfs");
        eprintln!("LOUD: no tmpfs can be mounted here; the small disk was NOT tested");
        return;
    }
    let binary = env!("CARGO_BIN_EXE_consign");
    let mut points = 0;
    for room in (0..=480).step_by(8) {
        way.prepare().await;
        // The journal is made first; then a ballast leaves so many KB. The last run, some minutes later and with room again, has to set
        // everything right.
        let script = format!(
            "{mount} && '{binary}' log >/dev/null && have=$(df --output=avail -k '{0}' | tail -n 1) && head -c $(((have - {room}) * 1024)) /dev/zero > '{0}/ballast'; \
             '{binary}' run --once orders-in >/dev/null 2>&1; rm '{0}/ballast'; CONSIGN_AHEAD=400 '{binary}' run --once orders-in && ls -R '{0}/archive' '{0}/spool'",
            var.display(),
        );
        let output = namespace(script, way.world()).expect("runs");
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{room} KB left: {told}");
        way.effect_and_partner_side(&format!("{room} KB left")).await;
        assert!(told.contains(&way.name()), "the original is kept: {told}");
        points += 1;
    }
    println!("faults: inbound with a small disk: {points} points tried (0 to 480 KB left); balance: {}", way.balance());
}

/// Many files at once and the process killed again and again, at whatever moment: nothing lost, nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_heap_of_files_and_many_kills() {
    let mut way = Way::inbound(World::embedded().await).await;
    let orders = way.prepare_many(40).await;
    let mut kills = 0;
    for round in 0..25u64 {
        let mut child =
            way.world().prepared(&["run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        // Spread over the time that a start and a few files take.
        tokio::time::sleep(Duration::from_millis(120 + round * 37 % 500)).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
        kills += 1;
    }
    way.world().consign_later(&["run", "--once", "orders-in"]);
    way.all_of(&orders).await;
    println!("faults: a heap of {} files, {kills} kills of the daemon: each order once, each file in one place", orders.len());
}
