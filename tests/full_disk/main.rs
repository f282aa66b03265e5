//! The disk full at every step, to the last byte and with a little left: storage and journal on one file system and on two, over every
//! kind of flow. Nothing is lost, nothing is done twice, nothing is left lying, and it goes on by itself once there is room.
//!
//! It mounts small file systems in memory, which root may do: `.ci/long` runs it. Where mounting is refused it fails.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    kills::Paused,
    scenarios::only_pickings_of,
    world::World,
};
use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

/// Bytes of the small file system.
const SIZE: u64 = 20 << 20;
/// Bytes that are left at a step; the last is all that there are.
const LEFT: [u64; 6] = [0, 8 << 10, 64 << 10, 300 << 10, 2 << 20, SIZE];
/// Orders of a batch, and what each has besides.
const ORDERS: usize = 12;
const PADDING: usize = 24 << 10;

/// A file system in memory; unmounted when it is dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={SIZE},mode=700"), "tmpfs"]).arg(at).output();
        let mounted = mounted.expect("mount");
        assert!(
            mounted.status.success(),
            "this test needs the right to mount: run it as root, where mounting is allowed ({})",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self(at.to_path_buf())
    }

    /// Fills it but for so many bytes.
    fn fill(&self, left: u64) {
        let stat = rustix::fs::statvfs(&self.0).expect("asked");
        let free = stat.f_bavail * stat.f_frsize;
        let mut file = fs::File::create(self.0.join("filler")).expect("made");
        let part = vec![1; 4096];
        for _ in 0..free.saturating_sub(left) / 4096 {
            if file.write_all(&part).is_err() {
                break;
            }
        }
    }

    fn empty(&self) {
        let _ = fs::remove_file(self.0.join("filler"));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What lies on the small file system.
#[derive(Debug, Clone, Copy, PartialEq)]
enum On {
    Both,
    Journal,
    Storage,
}

struct House {
    world: World,
    customer: Customer,
    product: Product,
    small: Small,
    orders: usize,
}

impl House {
    async fn of(on: On) -> Self {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        only_pickings_of(&world, "despatch-out", customer.id);
        world.replace(
            "flows/orders-in.toml",
            &[
                ("stable_for = \"0s\"", "stable_for = \"0s\"\nunzip  = [\"*.xml\"]"),
                ("files     = \"*.xml\"", "files = [\"*.xml\", \"*.zip\"]"),
            ],
        );
        let file = world.workspace().join("consign.toml");
        let text = fs::read_to_string(&file).expect("read");
        fs::write(&file, format!("{text}\n\n[keep]\nreserve = 0\n")).expect("written");
        let var = world.workspace().join("var");
        let small = match on {
            On::Both => Small::mount(&var),
            On::Journal => Small::mount(&world.dir.path().join("small")),
            On::Storage => Small::mount(&var),
        };
        world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&product, 9000.0)]));
        world.consign(&["run", "--once", "stock-in"]).ends(0);
        let aside = match on {
            On::Both => None,
            On::Journal => Some(small.0.clone()),
            On::Storage => Some(world.dir.path().join("large")),
        };
        if let Some(aside) = aside {
            fs::create_dir_all(&aside).expect("a folder");
            let journal = var.join("journal.sqlite");
            fs::copy(&journal, aside.join("journal.sqlite")).expect("moved");
            fs::remove_file(&journal).expect("moved");
            std::os::unix::fs::symlink(aside.join("journal.sqlite"), &journal).expect("linked");
        }
        Self { world, customer, product, small, orders: 0 }
    }

    fn order(&mut self) -> String {
        self.orders += 1;
        let order = goods::order(&format!("FULL-{}", self.orders), &self.customer, &[(&self.product, 1.0, 1.0)]);
        order.replace("</Order>", &format!("<!-- {} --></Order>", "x".repeat(PADDING)))
    }

    fn drop_orders(&mut self, as_zip: bool) {
        let orders: Vec<(String, String)> = (0..ORDERS).map(|number| (format!("{}-{number}.xml", self.orders), self.order())).collect();
        if !as_zip {
            return orders.iter().for_each(|(name, text)| self.world.drop_file("out/orders", name, text));
        }
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in &orders {
            writer.start_file(name.as_str(), SimpleFileOptions::default()).expect("begun");
            writer.write_all(text.as_bytes()).expect("written");
        }
        self.world.drop_file("out/orders", &format!("{}.zip", self.orders), writer.finish().expect("whole").into_inner());
    }

    /// Runs a flow, and fills the disk at a checkpoint.
    fn run_full(&self, flow: &str, checkpoint: &str, left: u64) {
        let paused = Paused::at(&self.world, flow, ("CONSIGN_PAUSE_AT", checkpoint));
        assert!(paused.is_there, "{flow} comes to {checkpoint}");
        self.small.fill(left);
        let said = paused.go_on();
        assert!(!said.contains("panicked"), "{said}");
    }

    async fn balance(&self, case: &str) {
        let orders = self.world.odoo.count("sale.order", json!([])).await;
        assert_eq!(orders as usize, self.orders, "{case}: each order once");
        let sent = self.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).count();
        let ready =
            self.world.odoo.count("stock.picking", json!([["picking_type_code", "=", "outgoing"], ["state", "=", "assigned"]])).await;
        assert_eq!(sent as i64, ready, "{case}: each delivery once");
        assert_eq!(self.world.stored_files("spool"), Vec::<String>::new(), "{case}");
        all_at_rest(&self.world);
    }
}

async fn every_step(on: On) {
    let mut house = House::of(on).await;
    let inbound = ["fetched", "spooled", "received", "checked", "planned", "effect", "applied", "archived"];
    let outbound = ["received", "rendered", "planned", "staged", "renamed", "applied"];
    let zips = ["unzipped", "unpacked", "received"];
    let all = inbound.map(|step| ("orders-in", step, false)).into_iter();
    let all = all.chain(zips.map(|step| ("orders-in", step, true))).chain(outbound.map(|step| ("despatch-out", step, false)));
    for (flow, step, as_zip) in all {
        for left in LEFT {
            let case = format!("{on:?}, {flow} at {step}, {left} bytes left");
            house.drop_orders(as_zip);
            if flow == "despatch-out" {
                house.world.consign(&["run", "--once", "orders-in"]).ends(0);
            }
            house.run_full(flow, step, left);
            // With the disk as it is, whoever starts it again gets an answer, and nothing is left lying that nobody knows of.
            let again = house.world.consign_later(&["run", "--once", flow]);
            assert!(!again.err.contains("panicked"), "{case}: {}", again.err);
            house.small.empty();
            // What was under way when the disk was full again is looked for some minutes after that.
            house.world.consign_ahead("800", &["run", "--once", "orders-in", "despatch-out"]).ends(0);
            house.balance(&case).await;
            // What is done takes room: it is not what is asked here.
            house.world.consign(&["keep"]).ends(0);
            for folder in ["archive", "plans"] {
                clear(&house.world.workspace().join("var").join(folder));
            }
            for file in house.world.partner_files("archive") {
                fs::remove_file(house.world.partner.join("archive").join(file)).expect("removed");
            }
        }
        println!("{on:?}: {flow} at {step}: {} amounts left", LEFT.len());
    }
}

fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let _ = fs::remove_dir_all(entry.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_and_journal_on_one_full_disk() {
    every_step(On::Both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_on_a_full_disk() {
    every_step(On::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storage_on_a_full_disk() {
    every_step(On::Storage).await;
}
