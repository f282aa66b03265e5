//! Files whose way to Odoo is disturbed, and what Odoo holds at the end.

use std::{fs, sync::Arc};

use consign::{
    journal::Filter,
    model::{ManualClock, Stage},
    pipeline::Engine,
};
use serde_json::json;

use super::{
    goods,
    proxy::{ALL, Fault, Proxy},
    rpc::Target,
    world::World,
};

/// A flow, the files that come one after the other, and the mapping.
pub struct Scene {
    pub name: &'static str,
    pub files: Vec<String>,
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
actions = ["action_confirm"]
[fields]
client_order_ref = "Name"
partner_id = { find = "res.partner", by = { name = "../Supplier" } }
[fields.order_line]
each = "."
identity = ["product_id"]
missing_lines = "remove"
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
actions = ["action_apply_inventory"]
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

/// The scenes, with numbers that no other run has.
pub fn scenes(run: &str) -> Vec<Scene> {
    let code = |name: &str| format!("{name}{run}");
    let many = |supplier: &str, items: &[(&str, &str, &str)]| {
        let named: Vec<(String, String, &str)> = items.iter().map(|(item, name, price)| (code(item), code(name), *price)).collect();
        let named: Vec<(&str, &str, &str)> = named.iter().map(|(item, name, price)| (item.as_str(), name.as_str(), *price)).collect();
        catalogue(&code(supplier), &named)
    };
    let first = many("Lumen", &[("A", "Lamp", "1.5"), ("B", "Desk", "2"), ("C", "Chair", "3")]);
    let second = many("Lumen", &[("A", "Lamp", "1.75"), ("B", "Desk, oak", "2"), ("C", "Chair", "3"), ("D", "Shelf", "4")]);
    let orders = many("Buyer", &[("P-1", "PO-1", "2"), ("P-2", "PO-1", "1"), ("P-1", "PO-2", "5")]);
    let changed = many("Buyer", &[("P-1", "PO-3", "2"), ("P-2", "PO-4", "4")]);
    let counted = many("x", &[("P-1", "x", "12"), ("P-2", "x", "7")]);
    let again = many("x", &[("P-1", "x", "10")]);
    vec![
        Scene { name: "products with prices", files: vec![first.clone(), second.clone()], mapping: PRODUCTS },
        Scene { name: "external ids", files: vec![first, second], mapping: EXTERNAL },
        Scene { name: "orders", files: vec![orders, changed], mapping: ORDERS },
        Scene { name: "counts", files: vec![counted, again], mapping: STOCK },
    ]
}

/// Makes a world's workspace that of a scene, behind a proxy, and Odoo hold what its files speak of. What was done before is forgotten.
pub async fn prepare(world: &World, scene: &Scene, proxy: &str, dialect: &str, run: &str) {
    let workspace = world.workspace();
    let _ = fs::remove_dir_all(workspace.join("var"));
    let _ = fs::remove_dir_all(workspace.join("drops/lumen"));
    fs::write(workspace.join("schemas/catalogue.xsd"), include_str!("../suite/mappings/catalogue.xsd")).expect("written");
    fs::create_dir_all(workspace.join("drops/lumen/catalogue")).expect("a folder");
    fs::write(workspace.join("mappings/catalogue.toml"), scene.mapping).expect("written");
    let flow = "direction = \"in\"\npartner = \"lumen\"\nfolder = \"catalogue\"\nfiles = \"*.xml\"\nmapping = \"mappings/catalogue.toml\"\nschedule = \"manual\"\nstable_for = \"0s\"\n";
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
    world.odoo.create("res.partner", json!({"name": format!("Buyer{run}"), "is_company": true})).await;
    for code in ["P-1", "P-2"] {
        let code = format!("{code}{run}");
        world.odoo.create("product.product", json!({"name": code, "default_code": code, "is_storable": true, "list_price": 9})).await;
    }
}

/// What Odoo holds of a run, without numbers that it gives by itself.
pub async fn held(odoo: &Target, run: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (model, by, fields) in [
        ("ir.model.data", "name", &["module", "name", "model"][..]),
        ("product.supplierinfo", "product_tmpl_id.default_code", &["product_tmpl_id", "partner_id", "price"]),
        ("product.template", "default_code", &["default_code", "name", "list_price"]),
        ("res.partner", "name", &["name"]),
        ("sale.order", "client_order_ref", &["client_order_ref", "state", "amount_untaxed"]),
        ("sale.order.line", "order_id.client_order_ref", &["product_uom_qty", "price_unit", "name"]),
        ("stock.move", "product_id.default_code", &["product_uom_qty", "state", "inventory_name"]),
        ("stock.picking", "sale_id.client_order_ref", &["state"]),
        ("stock.quant", "product_id.default_code", &["quantity", "inventory_quantity"]),
    ] {
        for mut record in odoo.search_read(model, json!([[by, "like", run]]), fields).await {
            let map = record.as_object_mut().expect("a record");
            map.remove("id");
            // A reference counts by its name; a mark by its being there.
            map.values_mut().filter(|value| value.is_array()).for_each(|value| *value = value[1].clone());
            map.get_mut("inventory_name").into_iter().for_each(|value| *value = json!(value.is_string()));
            all.push(format!("{model} {record}").replace(run, ""));
        }
    }
    all.sort();
    all
}

/// The files one after the other, each until it is at rest; what was refused for the fault's sake is asked for again by a person.
pub async fn play(world: &World, scene: &Scene, mut before: impl FnMut(usize)) {
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let workspace = Arc::new(consign::endpoint::load(&world.workspace()).expect("a workspace"));
    let engine = Engine::open(workspace).await.expect("an engine").with_clock(Arc::clone(&clock) as _);
    for (number, file) in scene.files.iter().enumerate() {
        fs::write(world.workspace().join(format!("drops/lumen/catalogue/{number}.xml")), file).expect("dropped");
        before(number);
        for _ in 0..12 {
            engine.run("catalogue-in").await;
            let all = engine.journal().list(&Filter { limit: 100, ..Filter::default() }).await.expect("messages");
            let mut asked = false;
            for mut message in all.iter().filter(|message| matches!(message.stage, Stage::Failed | Stage::Held)).cloned() {
                engine
                    .restart(
                        &mut message,
                        consign::model::ReprocessOptions::default(),
                        &consign::journal::AuditEntry::new("test", "reprocess"),
                    )
                    .await
                    .expect("started again");
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

/// Makes every request of a scene the one that goes wrong, each in every way, and holds Odoo against one undisturbed run. `world` makes
/// or gives the world of each run.
pub async fn every_request<W: AsRef<World>>(number: usize, dialect: &str, world: impl AsyncFn() -> W) -> usize {
    let fresh = || format!("-{}-", goods::fresh());
    let run = fresh();
    let scene = &scenes(&run)[number];
    let (expected, requests) = {
        let base = world().await;
        let base = base.as_ref();
        let proxy = Proxy::before(&base.odoo.url).await;
        prepare(base, scene, &proxy.url, dialect, &run).await;
        let mut counts = Vec::new();
        play(base, scene, |number| {
            if number > 0 {
                counts.push(proxy.requests());
            }
            proxy.plan(None);
        })
        .await;
        counts.push(proxy.requests());
        (held(&base.odoo, &run).await, counts)
    };
    assert!(!expected.is_empty(), "{}: nothing was done", scene.name);
    let mut tried = 0;
    for (file, count) in requests.iter().enumerate() {
        for request in 1..=*count {
            for fault in ALL {
                // Late answers take their time; each request has one.
                if fault == Fault::Late && (request + file) % 3 != 0 {
                    continue;
                }
                let world = world().await;
                let world = world.as_ref();
                let proxy = Proxy::before(&world.odoo.url).await;
                let run = fresh();
                let scene = &scenes(&run)[number];
                prepare(world, scene, &proxy.url, dialect, &run).await;
                play(world, scene, |number| proxy.plan((number == file).then_some((request, fault)))).await;
                let found = held(&world.odoo, &run).await;
                assert_eq!(found, expected, "{} over {dialect}: request {request} of file {file}: {fault:?}", scene.name);
                tried += 1;
            }
        }
    }
    println!(
        "faults: Odoo behind a proxy over {dialect}, {}: {tried} requests gone wrong, each time the records of one undisturbed run",
        scene.name
    );
    tried
}
