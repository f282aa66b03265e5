//! The process killed (SIGKILL) at every checkpoint of a message's way, in and out, and started again: one effect, nothing lost.

use std::{
    io::{BufRead, BufReader, Lines},
    path::PathBuf,
    process::{Child, ChildStderr, Stdio},
};

use serde_json::json;

use super::{
    checks::all_at_rest,
    goods,
    scenarios::{number, only_pickings_of},
    world::World,
};

/// Inbound checkpoints of `consign`, in order (`src/failpoints`).
const INBOUND: [&str; 8] = ["fetched", "spooled", "received", "checked", "planned", "effect", "applied", "archived"];
const OUTBOUND: [&str; 7] = ["received", "rendered", "planned", "staged", "renamed", "applied", "noted"];

/// Runs a flow until it stands still at a checkpoint, and kills it there.
pub fn kill_at(world: &World, flow: &str, checkpoint: &str) {
    kill(world, &["run", "--once", flow], checkpoint, "0");
}

/// Where Odoo may be at it still when the process is killed.
const IN_ODOO: &str = "effect";

/// Comes back after a kill: at once, where nobody looks for what Odoo may be at still, and some minutes later.
fn come_back(world: &World, flow: &str, checkpoint: &str) {
    let at_once = world.consign(&["run", "--once", flow]);
    assert_eq!(at_once.err.contains("error[C423]"), checkpoint == IN_ODOO, "killed at {checkpoint}: {at_once:?}");
    world.consign_later(&["run", "--once", flow]).ends(0);
}

/// Runs a flow with a fault planned (`CONSIGN_FAULT`); a kill falls where the process says that it stands still.
pub fn run_with_fault(world: &World, flow: &str, fault: &str) {
    let mut command = world.prepared(&["run", "--once", flow]);
    let mut child = command
        .env("CONSIGN_FAULT", fault)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("consign starts");
    if fault.ends_with(":kill") {
        for line in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
            if line.expect("a line").starts_with("paused at step") {
                // SIGKILL: nothing of the process runs any more.
                child.kill().expect("killed");
                break;
            }
        }
        child.wait().expect("ended");
    } else {
        // Read to the end, so that a full pipe cannot hold it up.
        child.wait_with_output().expect("ended");
    }
}

/// A run of a flow that stands still at a point until it may go on.
pub struct Paused {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    go_on: PathBuf,
    /// It has come to the point; otherwise it has ended without.
    pub is_there: bool,
}

impl Paused {
    /// Runs a flow to a point: `CONSIGN_PAUSE_AT` and a checkpoint, or `CONSIGN_FAULT` and `STEP:wait`.
    pub fn at(world: &World, flow: &str, (variable, point): (&str, &str)) -> Self {
        let go_on = world.dir.path().join("go-on");
        let _ = std::fs::remove_file(&go_on);
        let mut child = world
            .prepared(&["run", "--once", flow])
            .env(variable, point)
            .env("CONSIGN_GO_ON", &go_on)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("consign starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let is_there = lines.by_ref().any(|line| line.expect("a line").starts_with("paused at"));
        Self { child, lines, go_on, is_there }
    }

    /// Lets it go on to its end; gives what it says on the way.
    pub fn go_on(mut self) -> String {
        std::fs::write(&self.go_on, "").expect("written");
        let said: Vec<String> = self.lines.map(|line| line.expect("a line")).collect();
        self.child.wait().expect("ended");
        said.join("\n")
    }
}

/// The steps of an undisturbed run.
pub fn steps(world: &World, flow: &str) -> Vec<String> {
    let list = world.dir.path().join("steps");
    let _ = std::fs::remove_file(&list);
    let ran = world.prepared(&["run", "--once", flow]).env("CONSIGN_STEPS", &list).output().expect("runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    std::fs::read_to_string(&list).expect("a list").lines().map(str::to_string).collect()
}

/// Starts the command, its clock so many seconds ahead, waits until it stands still at a checkpoint, and kills it there.
fn kill(world: &World, args: &[&str], checkpoint: &str, ahead: &str) {
    let mut child = world
        .prepared(args)
        .env("CONSIGN_PAUSE_AT", checkpoint)
        .env("CONSIGN_AHEAD", ahead)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("consign starts");
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
        let line = line.expect("a line");
        if line == format!("paused at {checkpoint}") {
            // SIGKILL: nothing of the process runs any more.
            child.kill().expect("killed");
            child.wait().expect("ended");
            return;
        }
        said.push_str(&line);
        said.push('\n');
    }
    child.wait().expect("ended");
    panic!("{args:?} never came to {checkpoint}:\n{said}");
}

/// An order, killed at every checkpoint in turn, each time another order: one sale order each, confirmed, with its lines.
pub async fn an_order_survives_every_kill(world: &World) {
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    for checkpoint in INBOUND {
        let order = format!("KILL-{checkpoint}-{}", goods::fresh());
        world.drop_file("out/orders", &format!("{order}.xml"), goods::order(&order, &customer, &[(&product, 2.0, 5.0)]));
        kill_at(world, "orders-in", checkpoint);
        come_back(world, "orders-in", checkpoint);
        let orders = world
            .odoo
            .search_read("sale.order", json!([["client_order_ref", "=", order]]), &["state", "amount_untaxed", "order_line"])
            .await;
        assert_eq!(orders.len(), 1, "killed at {checkpoint}");
        assert_eq!((orders[0]["state"].as_str(), number(&orders[0]["amount_untaxed"])), (Some("sale"), 10.0), "killed at {checkpoint}");
        assert_eq!(world.partner_files("archive").iter().filter(|file| file.starts_with(&order)).count(), 1, "killed at {checkpoint}");
        assert_eq!(world.partner_files("out/orders"), Vec::<String>::new(), "killed at {checkpoint}");
        all_at_rest(world);
    }
}

/// One order and the daemon, killed at every checkpoint one after the other and started again.
pub async fn one_order_survives_all_kills(world: &World) {
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let order = format!("KILLS-{}", goods::fresh());
    // The daemon runs all flows; a real database has deliveries that are none of this test's business.
    only_pickings_of(world, "despatch-out", customer.id);
    world.drop_file("out/orders", &format!("{order}.xml"), goods::order(&order, &customer, &[(&product, 2.0, 5.0)]));
    let mut ahead = "0";
    for checkpoint in INBOUND {
        kill(world, &["run"], checkpoint, ahead);
        if checkpoint == IN_ODOO {
            ahead = "400";
        }
    }
    world.consign(&["run", "--once", "orders-in", "despatch-out"]).ends(0);
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", order]])).await, 1);
    all_at_rest(world);
}

/// A count, killed around its effect: the quantity is right and one inventory move was made.
pub async fn a_count_is_applied_once(world: &World) {
    for checkpoint in ["planned", "effect", "applied"] {
        let product = goods::product(&world.odoo).await;
        world.drop_file("out/stock", &format!("count-{}.xml", product.code), goods::levels("WH/Stock", &[(&product, 9.0)]));
        kill_at(world, "stock-in", checkpoint);
        come_back(world, "stock-in", checkpoint);
        let quants = world
            .odoo
            .search_read("stock.quant", json!([["product_id", "=", product.id], ["location_id.usage", "=", "internal"]]), &["quantity"])
            .await;
        assert_eq!(number(&quants[0]["quantity"]), 9.0);
        assert_eq!(
            world.odoo.count("stock.move", json!([["product_id", "=", product.id], ["is_inventory", "=", true]])).await,
            1,
            "killed at {checkpoint}"
        );
        all_at_rest(world);
    }
}

/// A delivery, killed at every checkpoint in turn: one file with the partner, one note in Odoo. At `renamed` the partner has even
/// fetched the file before we come back.
pub async fn a_delivery_survives_every_kill(world: &World) {
    let customer = goods::customer(&world.odoo).await;
    only_pickings_of(world, "despatch-out", customer.id);
    let product = goods::product(&world.odoo).await;
    world.drop_file("out/stock", &format!("count-{}.xml", product.code), goods::levels("WH/Stock", &[(&product, 500.0)]));
    world.consign(&["run", "--once", "stock-in"]).ends(0);
    for checkpoint in OUTBOUND {
        let order = format!("OUT-{checkpoint}-{}", goods::fresh());
        world.drop_file("out/orders", &format!("{order}.xml"), goods::order(&order, &customer, &[(&product, 1.0, 5.0)]));
        world.consign(&["run", "--once", "orders-in"]).ends(0);
        kill_at(world, "despatch-out", checkpoint);
        if checkpoint == "staged" {
            // The partner's own clean-up removes what is left under a temporary name: that is no sending.
            for part in world.partner_files("in").into_iter().filter(|file| file.ends_with(".part")) {
                std::fs::remove_file(world.partner.join("in").join(part)).expect("cleaned up");
            }
        }
        let fetched: Vec<String> = if checkpoint == "renamed" {
            world.partner_files("in").into_iter().filter(|file| file.ends_with(".xml")).collect()
        } else {
            Vec::new()
        };
        for file in &fetched {
            std::fs::remove_file(world.partner.join("in").join(file)).expect("fetched");
        }
        world.consign(&["run", "--once", "despatch-out"]).ends(0);
        // The note may be under way still, and is looked for later.
        world.consign_later(&["run", "--once", "despatch-out"]).ends(0);
        let left: Vec<String> = world.partner_files("in").into_iter().filter(|file| file.ends_with(".xml")).collect();
        assert_eq!(left.len() + fetched.len(), 1, "killed at {checkpoint}: {left:?} and fetched {fetched:?}");
        let pickings = world.odoo.search_read("stock.picking", json!([["sale_id.client_order_ref", "=", order]]), &["name"]).await;
        let notes = world
            .odoo
            .count(
                "mail.message",
                json!([["model", "=", "stock.picking"], ["res_id", "=", pickings[0]["id"]], ["body", "like", "[consign "]]),
            )
            .await;
        assert_eq!(notes, 1, "killed at {checkpoint}");
        for file in left {
            std::fs::remove_file(world.partner.join("in").join(file)).expect("fetched");
        }
        all_at_rest(world);
    }
}
