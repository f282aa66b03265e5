//! Every request to Odoo made the one that goes wrong, by a proxy in between: the connection cut before, during and after it, the answer
//! late, a proxy without an answer, a fault after the work was done. Whatever happened, at the end Odoo holds exactly what one
//! undisturbed run gives.

use std::{fs, sync::Arc};

use consign::{
    config::Workspace,
    flow::Engine,
    journal::Filter,
    model::{ManualClock, Stage},
};
use serde_json::json;

use crate::common::{
    proxy::{ALL, Fault, Proxy},
    world::World,
};

/// A flow, the files that come one after the other, and the mapping.
struct Scene {
    name: &'static str,
    flow: &'static str,
    files: Vec<String>,
    mapping: &'static str,
}

const PRODUCTS: &str = r#"document = "catalogue.xsd"
[[records]]
name = "product"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[records.fields]
default_code = "Code"
name = { from = ["Name", "Code"] }
list_price = { from = "Price", as = "decimal" }

[[records]]
name = "price"
each = "/Catalogue/Item"
model = "product.supplierinfo"
identity = ["partner_id", "product_tmpl_id"]
[records.fields]
product_tmpl_id = { record = "product" }
partner_id = { find = "res.partner", by = { name = "../Supplier" }, none = "create", create = { name = "../Supplier", is_company = { const = true } } }
price = { from = "Price", as = "decimal" }
"#;

const EXTERNAL: &str = r#"document = "catalogue.xsd"
each = "/Catalogue/Item"
model = "product.template"
external = "Code"
[fields]
name = { from = ["Name", "Code"] }
list_price = { from = "Price", as = "decimal" }
"#;

const ORDERS: &str = r#"document = "catalogue.xsd"
each = "/Catalogue/Item"
group = "Name"
model = "sale.order"
identity = ["client_order_ref"]
then = ["action_confirm"]
[fields]
client_order_ref = "Name"
partner_id = { find = "res.partner", by = { name = "../Supplier" } }
[fields.order_line]
each = "."
identity = ["product_id"]
gone = "remove"
[fields.order_line.fields]
product_id = { find = "product.product", by = { default_code = "Code" } }
product_uom_qty = { from = "Price", as = "decimal" }
price_unit = { const = 3 }
"#;

const STOCK: &str = r#"document = "catalogue.xsd"
each = "/Catalogue/Item"
model = "stock.quant"
identity = ["product_id", "location_id"]
write = "create"
context = { inventory_mode = true }
then = ["action_apply_inventory"]
[fields]
product_id = { find = "product.product", by = { default_code = "Code" } }
location_id = { find = "stock.location", by = { complete_name = { const = "WH/Stock" } } }
inventory_quantity = { from = "Price", as = "decimal" }
"#;

fn catalogue(supplier: &str, items: &[(&str, &str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(code, name, price)| format!("<Item><Code>{code}</Code><Name>{name}</Name><Price>{price}</Price></Item>"))
        .collect();
    format!("<Catalogue><Supplier>{supplier}</Supplier>{items}</Catalogue>")
}

fn scenes() -> Vec<Scene> {
    let first = catalogue("Lumen", &[("A", "Lamp", "1.5"), ("B", "Desk", "2"), ("C", "Chair", "3")]);
    let second = catalogue("Lumen", &[("A", "Lamp", "1.75"), ("B", "Desk, oak", "2"), ("C", "Chair", "3"), ("D", "Shelf", "4")]);
    let orders = catalogue("Buyer", &[("P-1", "PO-1", "2"), ("P-2", "PO-1", "1"), ("P-1", "PO-2", "5")]);
    let changed = catalogue("Buyer", &[("P-1", "PO-3", "2"), ("P-2", "PO-4", "4")]);
    let counted = catalogue("x", &[("P-1", "x", "12"), ("P-2", "x", "7")]);
    let again = catalogue("x", &[("P-1", "x", "10")]);
    vec![
        Scene { name: "products with prices", flow: "catalogue-in", files: vec![first.clone(), second.clone()], mapping: PRODUCTS },
        Scene { name: "external ids", flow: "catalogue-in", files: vec![first, second], mapping: EXTERNAL },
        Scene { name: "orders", flow: "catalogue-in", files: vec![orders, changed], mapping: ORDERS },
        Scene { name: "counts", flow: "catalogue-in", files: vec![counted, again], mapping: STOCK },
    ]
}

/// A world with what the scenes' files speak of.
async fn world(scene: &Scene, proxy: &str, dialect: &str) -> World {
    let world = World::embedded().await;
    let workspace = world.workspace();
    fs::write(workspace.join("schemas/catalogue.xsd"), include_str!("../suite/mappings/catalogue.xsd")).expect("written");
    fs::create_dir_all(workspace.join("drops/lumen/catalogue")).expect("a folder");
    fs::write(workspace.join("mappings/catalogue.toml"), scene.mapping).expect("written");
    let flow = "direction = \"in\"\npartner = \"lumen\"\nfolder = \"catalogue\"\nfiles = \"*.xml\"\nmapping = \"mappings/catalogue.toml\"\nschedule = \"manual\"\nsettle = \"0s\"\n";
    fs::write(workspace.join("flows/catalogue-in.toml"), flow).expect("written");
    fs::write(workspace.join("secret"), if dialect == "json2" { &world.odoo.key } else { &world.odoo.password }).expect("written");
    let login = if dialect == "json2" {
        "api_key = { file = \"secret\" }".to_string()
    } else {
        format!("login = \"{}\"\npassword = {{ file = \"secret\" }}", world.odoo.login)
    };
    let main =
        format!("[odoo]\nurl = \"{proxy}\"\ndatabase = \"{}\"\n{login}\ndialect = \"{dialect}\"\ntimeout = \"2s\"\n", world.odoo.database);
    fs::write(workspace.join("consign.toml"), main).expect("written");
    world.odoo.create("res.partner", json!({"name": "Buyer", "is_company": true})).await;
    for code in ["P-1", "P-2"] {
        world.odoo.create("product.product", json!({"name": code, "default_code": code, "is_storable": true, "list_price": 9})).await;
    }
    world
}

/// What Odoo holds, without numbers that it gives by itself.
fn held(world: &World) -> Vec<String> {
    let sandbox = world.sandbox.as_ref().expect("a sandbox");
    let mut all = Vec::new();
    for (model, fields) in [
        ("ir.model.data", &["module", "name", "model"][..]),
        ("product.supplierinfo", &["product_tmpl_id", "partner_id", "price"]),
        ("product.template", &["default_code", "name", "list_price"]),
        ("res.partner", &["name"]),
        ("sale.order", &["client_order_ref", "state", "amount_untaxed"]),
        ("sale.order.line", &["product_uom_qty", "price_unit", "name"]),
        ("stock.move", &["product_uom_qty", "state"]),
        ("stock.picking", &["state"]),
        ("stock.quant", &["quantity"]),
    ] {
        for mut record in sandbox.records(model, fields) {
            let map = record.as_object_mut().expect("a record");
            map.remove("id");
            // A reference counts by its name.
            map.values_mut().filter(|value| value.is_array()).for_each(|value| *value = value[1].clone());
            all.push(format!("{model} {record}"));
        }
    }
    all.sort();
    all
}

/// The files one after the other, each until it is at rest; what was refused for the fault's sake is asked for again by a person.
async fn play(world: &World, scene: &Scene, mut before: impl FnMut(usize)) {
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let workspace = Arc::new(Workspace::load(&world.workspace()).expect("a workspace"));
    let engine = Engine::open(workspace).await.expect("an engine").with_clock(Arc::clone(&clock) as _);
    for (number, file) in scene.files.iter().enumerate() {
        fs::write(world.workspace().join(format!("drops/lumen/catalogue/{number}.xml")), file).expect("dropped");
        before(number);
        for _ in 0..12 {
            engine.run(scene.flow).await;
            let all = engine.journal().list(&Filter { limit: 100, ..Filter::default() }).await.expect("messages");
            let mut asked = false;
            for mut message in all.iter().filter(|message| matches!(message.stage, Stage::Failed | Stage::Held)).cloned() {
                engine.restart(&mut message).await.expect("started again");
                asked = true;
            }
            if !asked && all.len() > number && all.iter().all(|message| message.stage == Stage::Done) {
                break;
            }
            // What waits for an answer that may still come is given its time.
            clock.advance(chrono::TimeDelta::hours(2));
        }
    }
    let all = engine.journal().list(&Filter { limit: 100, ..Filter::default() }).await.expect("messages");
    assert!(all.len() == scene.files.len() && all.iter().all(|message| message.stage == Stage::Done), "{}: {all:?}", scene.name);
    engine.journal().close().await;
}

async fn every_request(scene: &Scene, dialect: &str) -> usize {
    let (expected, requests) = {
        let base = world(scene, "http://unset", dialect).await;
        let proxy = Proxy::before(&base.odoo.url).await;
        base.replace("consign.toml", &[("http://unset", &proxy.url)]);
        let mut counts = Vec::new();
        play(&base, scene, |number| {
            if number > 0 {
                counts.push(proxy.requests());
            }
            proxy.plan(None);
        })
        .await;
        counts.push(proxy.requests());
        (held(&base), counts)
    };
    let mut tried = 0;
    for (file, count) in requests.iter().enumerate() {
        for request in 1..=*count {
            for fault in ALL {
                // Late answers take their time; each request has one.
                if fault == Fault::Late && (request + file) % 3 != 0 {
                    continue;
                }
                let world = world(scene, "http://unset", dialect).await;
                let proxy = Proxy::before(&world.odoo.url).await;
                world.replace("consign.toml", &[("http://unset", &proxy.url)]);
                play(&world, scene, |number| proxy.plan((number == file).then_some((request, fault)))).await;
                let found = held(&world);
                assert_eq!(found, expected, "{} over {dialect}: request {request} of file {file}: {fault:?}", scene.name);
                tried += 1;
            }
        }
    }
    tried
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_request_odoo_holds_what_one_run_gives() {
    for scene in scenes() {
        let tried = every_request(&scene, "jsonrpc").await;
        println!("faults: Odoo behind a proxy, {}: {tried} requests gone wrong, each time the records of one undisturbed run", scene.name);
        assert!(tried > 60, "too little was tried: {tried}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_is_over_the_other_dialects() {
    let orders = scenes().remove(2);
    for dialect in ["json2", "xmlrpc"] {
        let tried = every_request(&orders, dialect).await;
        println!("faults: Odoo behind a proxy over {dialect}, {}: {tried} requests gone wrong", orders.name);
        assert!(tried > 60, "too little was tried: {tried}");
    }
}

/// Two values that differ are told apart: the comparison can fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_would_be_seen() {
    let scene = scenes().remove(0);
    let one = world(&scene, "http://unset", "jsonrpc").await;
    let before = held(&one);
    one.odoo.create("res.partner", json!({"name": "One too many"})).await;
    assert_ne!(before, held(&one));
}
