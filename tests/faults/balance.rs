//! The two ways a message goes, and the balance that is drawn when everything has come to rest.

use std::{
    fs,
    io::{Cursor, Write as _},
};

use consign::transport::sftp::server::SftpServer;
use serde_json::json;

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    scenarios::only_pickings_of,
    world::World,
};

enum Direction {
    In,
    Out,
}

/// A flow with a message to carry, again and again.
pub struct Way {
    world: World,
    direction: Direction,
    customer: Customer,
    product: Product,
    /// The order number of the message now under way.
    order: String,
    /// Its bytes.
    original: Vec<u8>,
    done: usize,
    /// Each file comes with a marker.
    marked: bool,
    /// Each file is a zip of two orders.
    zipped: bool,
}

impl Way {
    /// Inbound, with the usual time to stand still replaced by a marker file.
    pub async fn marked(world: World) -> Self {
        world.replace("flows/orders-in.toml", &[("stable_for = \"0s\"", "marker = \"{name}.done\"\nincomplete_timeout = \"10m\"")]);
        Self { marked: true, ..Self::new(world, Direction::In).await }
    }

    /// Inbound, in zips.
    pub async fn zipped(world: World) -> Self {
        world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = \"*.zip\"\nunzip  = [\"*.xml\"]")]);
        Self { zipped: true, ..Self::new(world, Direction::In).await }
    }

    pub async fn inbound(world: World) -> Self {
        Self::new(world, Direction::In).await
    }

    pub async fn outbound(world: World) -> Self {
        let way = Self::new(world, Direction::Out).await;
        only_pickings_of(&way.world, "despatch-out", way.customer.id);
        // Files are numbered, so that the balance shows a number lost or given twice.
        way.world.replace(
            "flows/despatch-out.toml",
            &[(
                "name      = \"despatch-{{ record.name | replace('/', '-') }}.xml\"",
                "name      = \"despatch-{{ sequence }}.xml\"\nsequence  = 1",
            )],
        );
        way.world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&way.product, 9000.0)]));
        way.world.consign(&["run", "--once", "stock-in"]).ends(0);
        way
    }

    async fn new(world: World, direction: Direction) -> Self {
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        Self { world, direction, customer, product, order: String::new(), original: Vec::new(), done: 0, marked: false, zipped: false }
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn server(&self) -> &SftpServer {
        self.world.server.as_ref().expect("the embedded server")
    }

    pub fn flow(&self) -> &'static str {
        match self.direction {
            Direction::In => "orders-in",
            Direction::Out => "despatch-out",
        }
    }

    /// The order number, which is in every file name of this message.
    pub fn name(&self) -> String {
        self.order.clone()
    }

    /// The other order of a zip.
    fn second(&self) -> String {
        format!("{}-second", self.order)
    }

    /// What was balanced so far.
    pub fn balance(&self) -> String {
        match self.direction {
            Direction::In => format!(
                "{0} files in, {0} orders in Odoo, {0} originals kept, {0} files in the partner's archive, 0 lost, 0 twice",
                self.done
            ),
            Direction::Out => {
                format!("{0} deliveries, {0} files at the partner's numbered 1 to {0}, {0} notes in Odoo, 0 lost, 0 twice", self.done)
            }
        }
    }

    /// Puts a new message before the flow.
    pub async fn prepare(&mut self) {
        self.order = format!("F-{}", goods::fresh());
        let order = |number: &str| goods::order(number, &self.customer, &[(&self.product, 1.0, 5.0)]);
        self.original = match self.zipped {
            true => zip(&[("a.xml", order(&self.order)), ("b.xml", order(&self.second()))]),
            false => order(&self.order).into_bytes(),
        };
        let ending = if self.zipped { "zip" } else { "xml" };
        self.world.drop_file("out/orders", &format!("{}.{ending}", self.order), &self.original);
        if self.marked {
            self.world.drop_file("out/orders", &format!("{}.xml.done", self.order), "");
        }
        if matches!(self.direction, Direction::Out) {
            // The order in makes the delivery out.
            self.world.consign(&["run", "--once", "orders-in"]).ends(0);
        }
    }

    /// Puts many before it.
    pub async fn prepare_many(&mut self, count: usize) -> Vec<String> {
        let mut orders = Vec::new();
        for _ in 0..count {
            self.prepare().await;
            orders.push(self.order.clone());
        }
        orders
    }

    /// Whatever happened: what the partner may take is whole.
    pub fn nothing_half_visible(&self, what: &str) {
        for name in self.world.partner_files("in").iter().filter(|name| name.ends_with(".xml") && !name.starts_with('.')) {
            let text = fs::read_to_string(self.world.partner.join("in").join(name)).expect("a file");
            assert!(text.trim_end().ends_with("</DespatchAdvice>"), "{what}: {name} is cut");
        }
        if matches!(self.direction, Direction::In) {
            // The original is with the partner, in the one place or the other, until someone takes it from there.
            let here = self
                .world
                .partner_files("")
                .iter()
                .filter(|name| name.contains(&self.order) && !name.ends_with(".txt") && !name.ends_with(".done"))
                .count();
            assert_eq!(here, 1, "{what}: the partner's file is in one place");
        }
    }

    /// One order in Odoo, one file in the partner's archive with the bytes it had, nothing left where it came from.
    pub async fn effect_and_partner_side(&mut self, what: &str) {
        let orders = self.world.odoo.search_read("sale.order", json!([["client_order_ref", "=", self.order]]), &["state"]).await;
        assert_eq!(orders.len(), 1, "{what}: one order in Odoo");
        assert_eq!(orders[0]["state"], "sale", "{what}");
        if self.zipped {
            let second = self.world.odoo.count("sale.order", json!([["client_order_ref", "=", self.second()]])).await;
            assert_eq!(second, 1, "{what}: one of the zip's second order");
        }
        let archived: Vec<String> = self.world.partner_files("archive").into_iter().filter(|name| name.starts_with(&self.order)).collect();
        assert_eq!(archived.len(), 1, "{what}: {archived:?}");
        assert_eq!(fs::read(self.world.partner.join("archive").join(&archived[0])).expect("a file"), self.original, "{what}");
        for folder in ["out/orders", "error"] {
            assert_eq!(self.world.partner_files(folder), Vec::<String>::new(), "{what}: {folder}");
        }
        self.done += 1;
    }

    /// Each of these orders once, and its file in one place on either side.
    pub async fn all_of(&mut self, orders: &[String]) {
        assert_eq!(self.world.partner_files("out/orders"), Vec::<String>::new());
        let (archive, ours) = (self.world.partner_files("archive"), self.world.stored_files("archive"));
        for order in orders {
            assert_eq!(self.world.odoo.count("sale.order", json!([["client_order_ref", "=", order]])).await, 1, "{order}");
            assert_eq!(archive.iter().filter(|name| name.starts_with(order)).count(), 1, "{order}");
            assert_eq!(ours.iter().filter(|name| name.contains(order)).count(), 1, "{order}");
        }
        all_at_rest(&self.world);
    }
}

fn zip(files: &[(&str, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begun");
        writer.write_all(text.as_bytes()).expect("written");
    }
    writer.finish().expect("whole").into_inner()
}

/// Starts consign again until everything has come to rest, and draws the balance.
pub async fn balance(way: &mut Way, what: &str) {
    let mut last = None;
    for _ in 0..4 {
        let ran = way.world.consign_later(&["run", "--once", way.flow()]);
        let done = ran.code == 0;
        last = Some(ran);
        if done {
            break;
        }
    }
    let last = last.expect("it ran");
    assert_eq!(last.code, 0, "{what}: {last:?}\n{}", way.world.consign(&["errors"]).out);
    match way.direction {
        Direction::In => {
            way.effect_and_partner_side(what).await;
            let ours: Vec<String> = way.world.stored_files("archive").into_iter().filter(|name| name.contains(&way.order)).collect();
            assert_eq!(ours.len(), 1, "{what}: {ours:?}");
            let kept = fs::read(way.world.workspace().join("var/archive").join(&ours[0])).expect("a file");
            assert_eq!(kept, way.original, "{what}: the original is kept");
        }
        Direction::Out => {
            way.done += 1;
            let mut files: Vec<String> = way.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect();
            files.sort_by_key(|name| name.len());
            let expected: Vec<String> = (1..=way.done).map(|number| format!("despatch-{number}.xml")).collect();
            let mut sorted = expected.clone();
            sorted.sort_by_key(|name| name.len());
            files.sort();
            sorted.sort();
            assert_eq!(files, sorted, "{what}: numbers without gaps, none twice");
            let pickings =
                way.world.odoo.search_read("stock.picking", json!([["sale_id.client_order_ref", "=", way.order]]), &["name"]).await;
            let noted = json!([["model", "=", "stock.picking"], ["res_id", "=", pickings[0]["id"]], ["body", "like", "[consign "]]);
            assert_eq!(way.world.odoo.count("mail.message", noted).await, 1, "{what}: one note");
            let ours = way.world.stored_files("archive").into_iter().filter(|name| name.starts_with("despatch-out/")).count();
            assert_eq!(ours, way.done, "{what}: what was sent is kept");
        }
    }
    if way.done % 10 == 1 {
        all_at_rest(&way.world);
    }
}
