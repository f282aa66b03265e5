//! What was dropped, and the balance in the end.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    scenarios::only_pickings_of,
    world::World,
};

pub struct Books {
    pub world: World,
    customer: Customer,
    product: Product,
    /// Orders that are good: the name of each one's file.
    good: Vec<String>,
    /// Files that are to be refused.
    bad: Vec<String>,
    /// Files with a name and content that had come before.
    again: Vec<String>,
}

impl Books {
    pub async fn open(world: World) -> Self {
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        only_pickings_of(&world, "despatch-out", customer.id);
        for (flow, schedule) in [("orders-in", "every 15 minutes"), ("despatch-out", "every 1 hour")] {
            let file = format!("flows/{flow}.toml");
            let text = fs::read_to_string(world.workspace().join(&file)).expect("a flow");
            assert!(text.contains(schedule), "{text}");
            fs::write(world.workspace().join(&file), text.replace(schedule, "every 2 seconds")).expect("written");
        }
        world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&product, 9000.0)]));
        world.consign(&["run", "--once", "stock-in"]).ends(0);
        Self { world, customer, product, good: Vec::new(), bad: Vec::new(), again: Vec::new() }
    }

    /// The partner drops a file: most are good orders, some are refused, some come twice.
    pub fn drop_one(&mut self, dice: u64) {
        let number = format!("SOAK-{}", goods::fresh());
        let name = format!("{number}.xml");
        let order = goods::order(&number, &self.customer, &[(&self.product, 1.0, 5.0)]);
        match dice {
            0 | 1 => {
                self.put(&name, &order.replace("<Quantity>1<", "<Quantity>one<"));
                self.bad.push(name);
            }
            2 if !self.good.is_empty() => {
                let name = self.good[self.good.len() / 2].clone();
                // One that still lies there would only be written over by itself.
                if !self.world.partner.join("out/orders").join(&name).exists() {
                    let number = name.trim_end_matches(".xml");
                    self.put(&name, &goods::order(number, &self.customer, &[(&self.product, 1.0, 5.0)]));
                    self.again.push(name);
                }
            }
            _ => {
                self.put(&name, &order);
                self.good.push(name);
            }
        }
    }

    /// Written aside and renamed, as a careful partner does.
    fn put(&self, name: &str, text: &str) {
        let folder = self.world.partner.join("out/orders");
        let aside = self.world.partner.join(format!(".{name}"));
        fs::write(&aside, text).expect("written");
        fs::rename(aside, folder.join(name)).expect("dropped");
    }

    /// Files that lie before the flow.
    pub fn waiting(&self) -> usize {
        self.world.partner_files("out/orders").len()
    }

    /// Waits until nothing lies before the flows and nothing is under way.
    pub async fn settle(&self) {
        let patience = Instant::now() + Duration::from_secs(600);
        loop {
            let waiting = self.waiting();
            let open = self.under_way();
            let ready = self.pickings("assigned").await.len();
            let sent = self.sent().len();
            if waiting == 0 && open == 0 && sent == ready {
                return;
            }
            assert!(Instant::now() < patience, "{waiting} files wait, {open} messages are open, {sent} of {ready} despatches sent");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    fn under_way(&self) -> usize {
        let stages = ["received", "checked", "planned", "staged", "applied", "waiting", "held"];
        let arguments: Vec<&str> =
            ["log", "--limit", "100000"].into_iter().chain(stages.into_iter().flat_map(|stage| ["--stage", stage])).collect();
        self.world.json(&arguments).as_array().expect("a list").len()
    }

    async fn pickings(&self, state: &str) -> Vec<Value> {
        let domain = json!([["partner_id", "=", self.customer.id], ["picking_type_code", "=", "outgoing"], ["state", "=", state]]);
        self.world.odoo.search_read("stock.picking", domain, &["name"]).await
    }

    fn sent(&self) -> Vec<String> {
        self.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect()
    }

    /// Every file in one place, every effect once.
    pub async fn balance(&self) {
        let orders =
            self.world.odoo.search_read("sale.order", json!([["partner_id", "=", self.customer.id]]), &["client_order_ref", "state"]).await;
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for order in &orders {
            assert_eq!(order["state"], "sale", "{order}");
            *found.entry(format!("{}.xml", order["client_order_ref"].as_str().expect("a number"))).or_default() += 1;
        }
        let wanted: BTreeMap<String, usize> = self.good.iter().map(|name| (name.clone(), 1)).collect();
        assert_eq!(found, wanted, "each good file is one order in Odoo, and there is no other");
        let (archive, error) = (self.world.partner_files("archive"), self.world.partner_files("error"));
        let mut places: HashMap<&str, (usize, usize, usize, usize)> = HashMap::new();
        let stem =
            |name: &str| name.trim_start_matches("duplicate-").split(['.', '~']).next().unwrap_or_default().get(..12).map(str::to_string);
        let all: Vec<(String, &str)> = self.good.iter().chain(&self.bad).filter_map(|name| Some((stem(name)?, name.as_str()))).collect();
        let by_stem: HashMap<&str, &str> = all.iter().map(|(stem, name)| (stem.as_str(), *name)).collect();
        for (folder, files) in [("archive", &archive), ("error", &error)] {
            for file in files.iter().filter(|file| file.contains("SOAK-")) {
                let name = stem(file)
                    .and_then(|stem| by_stem.get(stem.as_str()).copied())
                    .unwrap_or_else(|| panic!("{folder}/{file} was never dropped"));
                let place = places.entry(name).or_default();
                match (folder, file.starts_with("duplicate-"), file.ends_with(".problem.txt")) {
                    ("archive", false, _) => place.0 += 1,
                    ("archive", true, _) => place.1 += 1,
                    (_, _, false) => place.2 += 1,
                    (_, _, true) => place.3 += 1,
                }
            }
        }
        for name in &self.good {
            let duplicates = self.again.iter().filter(|again| *again == name).count();
            assert_eq!(places.get(name.as_str()), Some(&(1, duplicates, 0, 0)), "{name}: once in the archive, and each copy beside it");
        }
        for name in &self.bad {
            assert_eq!(places.get(name.as_str()), Some(&(0, 0, 1, 1)), "{name}: once in the error folder, with its report");
        }
        let ready = self.pickings("assigned").await;
        assert_eq!(ready.len(), self.good.len(), "each order has its delivery");
        let mut wanted: Vec<String> =
            ready.iter().map(|picking| format!("despatch-{}.xml", picking["name"].as_str().expect("a name").replace('/', "-"))).collect();
        let mut sent = self.sent();
        wanted.sort();
        sent.sort();
        assert_eq!(sent, wanted, "each delivery went out in one file");
        let kept = self.world.stored_files("archive").len()
            + self.world.stored_files("error").iter().filter(|name| !name.contains(".problem.")).count();
        // The count that made the stock is one more.
        assert_eq!(kept, self.good.len() + self.bad.len() + sent.len() + 1, "our own copy of each message lies in one place");
        all_at_rest(&self.world);
        println!(
            "soak: {} files dropped: {} orders in Odoo and {} in the partner's archive, {} refused and in its error folder with their reports, \
             {} copies beside their originals; {} deliveries, {} files at the partner's; 0 lost, 0 twice",
            self.good.len() + self.bad.len() + self.again.len(),
            orders.len(),
            self.good.len(),
            self.bad.len(),
            self.again.len(),
            ready.len(),
            sent.len()
        );
    }
}
