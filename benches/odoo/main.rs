//! Against a real Odoo 19: files through consign beside the bare RPC calls that do the same in the best way by hand, in turns, in one run.
//! `tests/live/services.sh up > env && . ./env && cargo bench --bench odoo`
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot set itself up has nothing to report")]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/common/rpc.rs"]
mod rpc;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use rpc::Target;
use serde_json::{Value as Json, json};

const ROUNDS: usize = 3;
const PRODUCTS: usize = 1000;
const ORDERS: usize = 100;

struct Bench {
    odoo: Target,
    dir: tempfile::TempDir,
    run: u32,
}

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/live/services.sh up prints it"));
    let odoo = Target {
        url: variable("CONSIGN_LIVE_ODOO_URL"),
        database: variable("CONSIGN_LIVE_ODOO_DB"),
        login: "admin".into(),
        password: "admin".into(),
        key: variable("CONSIGN_LIVE_ODOO_KEY"),
    };
    let bench = Bench { odoo, dir: tempfile::tempdir().expect("a folder"), run: std::process::id() % 10_000 };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(bench.all());
}

impl Bench {
    async fn all(mut self) {
        self.workspace();
        println!("| what | consign, whole command | the bare calls | ratio |\n|---|---|---|---|");
        self.products().await;
        self.orders().await;
        println!("\n| calls to Odoo for one file | calls |\n|---|---|");
        for count in [10, 900] {
            let file = self.list(count, 1.0);
            println!("| {count} products, new | {} |", self.calls("products-in", "drops/lumen/products", &file));
        }
        for count in [1, 90] {
            let (file, _) = self.orders_of(count).await;
            println!("| {count} orders of 5 lines, created and confirmed | {} |", self.calls("bulk-in", "drops/lumen/bulk", &file));
        }
    }

    fn workspace(&self) {
        let root = self.dir.path().join("ws");
        self.consign(&["init", &root.display().to_string()]);
        let odoo = format!(
            "[odoo]\nurl = \"{}\"\ndatabase = \"{}\"\napi_key = {{ env = \"KEY\" }}\nlanguage = \"en_US\"\n",
            self.odoo.url, self.odoo.database
        );
        fs::write(root.join("consign.toml"), odoo).expect("written");
        let flow = root.join("flows/products-in.toml");
        fs::write(&flow, format!("stable_for = \"0s\"\n{}", fs::read_to_string(&flow).expect("a flow"))).expect("written");
        fs::write(
            root.join("schemas/orders.xsd"),
            r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Orders"><xs:complexType><xs:sequence><xs:element name="Order" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="Number" type="xs:token"/><xs:element name="Buyer" type="xs:token"/><xs:element name="Line" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="No" type="xs:integer"/><xs:element name="Code" type="xs:token"/><xs:element name="Quantity" type="xs:decimal"/><xs:element name="Price" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"#,
        )
        .expect("written");
        fs::write(
            root.join("mappings/bulk.toml"),
            "document = \"orders.xsd\"\neach = \"/Orders/Order\"\nmodel = \"sale.order\"\nidentity = [\"client_order_ref\"]\nactions = [\"action_confirm\"]\n[fields]\nclient_order_ref = \"Number\"\npartner_id = { find = \"res.partner\", by = { ref = \"Buyer\" } }\n[fields.order_line]\neach = \"Line\"\nidentity = [\"sequence\"]\n[fields.order_line.fields]\nsequence = { from = \"No\", as = \"integer\" }\nproduct_id = { find = \"product.product\", by = { default_code = \"Code\" } }\nproduct_uom_qty = { from = \"Quantity\", as = \"decimal\" }\nprice_unit = { from = \"Price\", as = \"decimal\" }\n",
        )
        .expect("written");
        let flow = "direction = \"in\"\npartner = \"lumen\"\nfolder = \"bulk\"\nfiles = \"*.xml\"\nmapping = \"mappings/bulk.toml\"\nschedule = \"manual\"\nstable_for = \"0s\"\n";
        fs::write(root.join("flows/bulk-in.toml"), flow).expect("written");
        for folder in ["drops/lumen/products", "drops/lumen/bulk"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
    }

    fn consign(&self, args: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_consign"))
            .args(args)
            .env("CONSIGN_WORKSPACE", self.dir.path().join("ws"))
            .env("KEY", &self.odoo.key)
            .output()
            .expect("consign starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    }

    /// Drops a file and runs its flow: seconds of the whole command.
    fn drop_and_run(&self, flow: &str, folder: &str, text: &str) -> f64 {
        let place: PathBuf = Path::new(&self.dir.path().join("ws")).join(folder).join(format!(
            "f{}.{}",
            text.len(),
            if flow == "bulk-in" { "xml" } else { "csv" }
        ));
        fs::write(place, text).expect("dropped");
        let started = Instant::now();
        let (out, _) = self.consign(&["run", "--once", flow]);
        let seconds = started.elapsed().as_secs_f64();
        assert!(out.contains("1 done"), "{out}");
        seconds
    }

    fn calls(&self, flow: &str, folder: &str, text: &str) -> usize {
        let place =
            self.dir.path().join("ws").join(folder).join(format!("c{}.{}", text.len(), if flow == "bulk-in" { "xml" } else { "csv" }));
        fs::write(place, text).expect("dropped");
        let (_, err) = self.consign(&["run", "--once", "--verbose", flow]);
        err.lines().filter(|line| line.contains("odoo call")).count()
    }

    fn list(&mut self, count: usize, price: f64) -> String {
        self.run += 1;
        rows(self.run, count, price, 0)
    }

    async fn products(&mut self) {
        let (mut ours, mut bare, mut again, mut changed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            self.run += 1;
            let run = self.run;
            let before = self.written().await;
            ours.push(self.drop_and_run("products-in", "drops/lumen/products", &rows(run, PRODUCTS, 1.0, 0)));
            let made = self.written().await;
            again.push(self.drop_and_run("products-in", "drops/lumen/products", &format!("{}\r\n", rows(run, PRODUCTS, 1.0, 0))));
            assert_eq!(self.written().await, made, "the unchanged run writes nothing");
            assert_ne!(made, before);
            changed.push(self.drop_and_run("products-in", "drops/lumen/products", &format!("{}\r\n\r\n", rows(run, PRODUCTS, 1.0, 10))));
            let values: Vec<Json> = (0..PRODUCTS)
                .map(|at| json!({"default_code": format!("W{run}-{at}"), "name": format!("Bench {run} {at}"), "list_price": 1.5, "weight": 0.5, "is_storable": true, "barcode": gtin(50_000 + run as usize, at)}))
                .collect();
            let started = Instant::now();
            self.odoo.call("product.template", "create", json!([values]), json!({})).await;
            bare.push(started.elapsed().as_secs_f64());
        }
        let (ours, bare, again, changed) = (median(ours), median(bare), median(again), median(changed));
        row(&format!("{PRODUCTS} products, new"), ours, Some(bare));
        println!("| the same again, unchanged: nothing is written | {again:.2} s | the first: {ours:.2} s | {:.2} |", again / ours);
        println!("| with 10 changed | {changed:.2} s | the first: {ours:.2} s | {:.2} |", changed / ours);
    }

    /// When any product was last written, as the database has it, and how many there are.
    async fn written(&self) -> String {
        let newest = self
            .odoo
            .call(
                "product.template",
                "search_read",
                json!([[["default_code", "=like", "W%"]]]),
                json!({"fields": ["write_date"], "order": "write_date desc, id desc", "limit": 1}),
            )
            .await;
        let count = self.odoo.count("product.template", json!([["default_code", "=like", "W%"]])).await;
        format!("{count} {newest}")
    }

    /// Orders of five lines as a file, and as the values of the bare calls.
    async fn orders_of(&mut self, count: usize) -> (String, Vec<Json>) {
        self.run += 1;
        let run = self.run;
        let buyer =
            self.odoo.create("res.partner", json!({"name": format!("Bench {run}"), "ref": format!("B{run}"), "is_company": true})).await;
        let products: Vec<Json> = (0..5)
            .map(|at| json!({"name": format!("Bench {run} {at}"), "default_code": format!("O{run}-{at}"), "is_storable": true}))
            .collect();
        let products = self.odoo.call("product.product", "create", json!([products]), json!({})).await;
        let mut text = String::from("<Orders>\n");
        let mut values = Vec::new();
        for order in 0..count {
            text.push_str(&format!("<Order><Number>N{run}-{order}</Number><Buyer>B{run}</Buyer>"));
            let mut lines = Vec::new();
            for at in 0..5 {
                text.push_str(&format!(
                    "<Line><No>{at}</No><Code>O{run}-{at}</Code><Quantity>{}</Quantity><Price>7.5</Price></Line>",
                    at + 1
                ));
                lines.push(json!([0, 0, {"sequence": at, "product_id": products[at], "product_uom_qty": at + 1, "price_unit": 7.5}]));
            }
            text.push_str("</Order>\n");
            values.push(json!({"client_order_ref": format!("bare {run}-{order}"), "partner_id": buyer, "order_line": lines}));
        }
        text.push_str("</Orders>\n");
        (text, values)
    }

    async fn orders(&mut self) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (text, values) = self.orders_of(ORDERS).await;
            ours.push(self.drop_and_run("bulk-in", "drops/lumen/bulk", &text));
            let started = Instant::now();
            let made = self.odoo.call("sale.order", "create", json!([values]), json!({})).await;
            self.odoo.call("sale.order", "action_confirm", json!([made]), json!({})).await;
            bare.push(started.elapsed().as_secs_f64());
        }
        row(&format!("{ORDERS} orders of 5 lines, created and confirmed"), median(ours), Some(median(bare)));
    }
}

/// A supplier's list; the first `changed` products have another price.
fn rows(run: u32, count: usize, price: f64, changed: usize) -> String {
    let mut text = String::from("Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\n");
    for at in 0..count {
        let price = if at < changed { price + 1.0 } else { price };
        text.push_str(&format!(
            "W{run}c-{at};{};Bench {run} {at};{};0,5\r\n",
            gtin(run as usize, at),
            format!("{price:.2}").replace('.', ",")
        ));
    }
    text
}

/// A GTIN-13 with its check digit (GS1 General Specifications, 7.9).
fn gtin(run: usize, at: usize) -> String {
    let base = format!("2{:06}{at:05}", run % 1_000_000);
    let sum: u32 = base.bytes().rev().enumerate().map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 3 } else { 1 }).sum();
    format!("{base}{}", (10 - sum % 10) % 10)
}

fn row(what: &str, ours: f64, bare: Option<f64>) {
    let bare = bare.unwrap_or(ours);
    println!("| {what} | {ours:.2} s | {bare:.2} s | {:.2} |", ours / bare);
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
