//! One file or delivery on its way, again and again, and what Odoo and the partner have of it.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Write as _},
};

use serde_json::{Value, json};

use crate::common::{
    goods::{self, Customer, Product},
    scenarios::only_pickings_of,
    world::World,
};

/// The line of the flow out that names its file.
const NAME: &str = "name      = \"despatch-{{ record.name | replace('/', '-') }}.xml\"";

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An order, found again by its number.
    Order,
    /// A count, which must not be applied twice: each time it is, there is a move.
    Count,
    /// A zip of one order.
    Zip,
    /// A delivery, sent as a file whose name has the next number.
    Delivery,
}

pub struct Errand {
    pub world: World,
    kind: Kind,
    customer: Customer,
    product: Product,
    number: String,
    original: Vec<u8>,
    /// The id of the last message that is settled; ids sort by time.
    settled: String,
    /// The partner has fetched the file.
    fetched: usize,
    /// Numbers that the partner has seen, each in a file of its own.
    numbers: BTreeMap<String, String>,
}

impl Errand {
    pub async fn new(kind: Kind) -> Self {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        if kind == Kind::Zip {
            world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = \"*.zip\"\nunzip  = [\"*.xml\"]")]);
        }
        if kind == Kind::Delivery {
            only_pickings_of(&world, "despatch-out", customer.id);
            let (plain, numbered) = (NAME, format!("{}.{{{{ sequence }}}}.xml\"\nsequence = 1", NAME.trim_end_matches(".xml\"")));
            world.replace("flows/despatch-out.toml", &[(plain, &numbered)]);
            world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&product, 9000.0)]));
            world.consign(&["run", "--once", "stock-in"]).ends(0);
        }
        let (number, original, settled) = (String::new(), Vec::new(), String::new());
        Self { world, kind, customer, product, number, original, settled, fetched: 0, numbers: BTreeMap::new() }
    }

    pub fn flow(&self) -> &'static str {
        match self.kind {
            Kind::Order | Kind::Zip => "orders-in",
            Kind::Count => "stock-in",
            Kind::Delivery => "despatch-out",
        }
    }

    pub fn is_inbound(&self) -> bool {
        self.kind != Kind::Delivery
    }

    /// Puts a new one before the flow.
    pub async fn prepare(&mut self) {
        self.number = format!("P-{}", goods::fresh());
        self.fetched = 0;
        if self.kind == Kind::Count {
            self.product = goods::product(&self.world.odoo).await;
        }
        let order = goods::order(&self.number, &self.customer, &[(&self.product, 1.0, 5.0)]);
        let (folder, ending) = match self.kind {
            Kind::Count => ("out/stock", "xml"),
            Kind::Zip => ("out/orders", "zip"),
            Kind::Order | Kind::Delivery => ("out/orders", "xml"),
        };
        self.original = match self.kind {
            Kind::Count => goods::levels("WH/Stock", &[(&self.product, 9.0)]).into_bytes(),
            Kind::Zip => zip(&order),
            Kind::Order | Kind::Delivery => order.into_bytes(),
        };
        self.world.drop_file(folder, &format!("{}.{ending}", self.number), &self.original);
        if self.kind == Kind::Delivery {
            // The order in makes the delivery out.
            self.world.consign(&["run", "--once", "orders-in"]).ends(0);
        }
    }

    /// Messages since the last errand, oldest first: one, or a zip and its document, and edited copies.
    pub fn messages(&self) -> Vec<Value> {
        let all = self.world.messages(self.flow());
        all.into_iter().filter(|message| message["id"].as_str().expect("an id") > self.settled.as_str()).collect()
    }

    /// The next errand begins.
    pub fn settle(&mut self) {
        if let Some(last) = self.messages().iter().map(|message| message["id"].as_str().expect("an id").to_string()).max() {
            self.settled = last;
        }
    }

    /// How often the effect is there.
    pub async fn effects(&self) -> i64 {
        let odoo = &self.world.odoo;
        match self.kind {
            Kind::Order | Kind::Zip => odoo.count("sale.order", json!([["client_order_ref", "=", self.number]])).await,
            Kind::Count => odoo.count("stock.move", json!([["product_id", "=", self.product.id], ["is_inventory", "=", true]])).await,
            Kind::Delivery => i64::try_from(self.sent().await.len() + self.fetched).expect("few"),
        }
    }

    async fn picking(&self) -> Value {
        let domain = json!([["sale_id.client_order_ref", "=", self.number]]);
        self.world.odoo.search_read("stock.picking", domain, &["name", "id"]).await.remove(0)
    }

    /// Files of this delivery that the partner may fetch.
    async fn sent(&self) -> Vec<String> {
        let name = self.picking().await["name"].as_str().expect("a name").replace('/', "-");
        self.world.partner_files("in").into_iter().filter(|file| file.contains(&name) && file.ends_with(".xml")).collect()
    }

    /// A number that the partner sees is that of one file only.
    pub async fn seen(&mut self) {
        for file in self.sent().await {
            let number = file.rsplit('.').nth(1).expect("a number").to_string();
            let before = self.numbers.insert(number, file.clone());
            assert!(before.as_ref().is_none_or(|before| *before == file), "{file} has the number of {before:?}");
        }
    }

    /// The partner fetches what is there.
    pub async fn fetch(&mut self) {
        if self.kind == Kind::Delivery {
            self.seen().await;
            for file in self.sent().await {
                fs::remove_file(self.world.partner.join("in").join(file)).expect("fetched");
                self.fetched += 1;
            }
        }
    }

    /// The partner's side when everything has come to rest: the file in one place, nothing half-visible.
    pub async fn partner_side(&mut self, what: &str, done: bool, unknown: bool) {
        if self.kind == Kind::Delivery {
            self.seen().await;
        }
        let parts: Vec<String> = self.world.partner_files("in").into_iter().filter(|name| name.ends_with(".part")).collect();
        assert!(parts.is_empty() || unknown, "{what}: {parts:?}");
        // What tells whether it was sent stays for a person to see, who takes it away here.
        parts.iter().for_each(|part| fs::remove_file(self.world.partner.join("in").join(part)).expect("seen"));
        if self.is_inbound() {
            let here: Vec<String> =
                self.world.partner_files("").into_iter().filter(|name| name.contains(&self.number) && !name.ends_with(".txt")).collect();
            assert_eq!(here.len(), 1, "{what}: the partner's file is in one place: {here:?}");
            assert!(here[0].starts_with("archive/"), "{what}: {here:?}");
            assert_eq!(fs::read(self.world.partner.join(&here[0])).expect("a file"), self.original, "{what}");
        } else if done {
            let id = self.picking().await["id"].clone();
            let noted = json!([["model", "=", "stock.picking"], ["res_id", "=", id], ["body", "like", "[consign "]]);
            assert_eq!(self.world.odoo.count("mail.message", noted).await, 1, "{what}: one note");
        }
    }
}

fn zip(text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("a.xml", zip::write::SimpleFileOptions::default()).expect("begun");
    writer.write_all(text.as_bytes()).expect("written");
    writer.finish().expect("whole").into_inner()
}
