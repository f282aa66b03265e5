//! Several Odoos in one workspace: what the journal says of a record is said of one Odoo, and one that is away stops only its own flows.

use std::fs;

use chrono::Utc;
use consign::{
    journal::{Journal, NewMessage},
    model::Direction,
    odoo::sandbox::{self, Sandbox},
};
use serde_json::{Value as Json, json};

use crate::common::{rpc::Target, scenarios::names_go_out, world::World};

/// A world with a second Odoo, `west`, to which a copy of the product flow goes.
async fn two() -> (World, Sandbox) {
    let world = World::embedded().await;
    let west = Sandbox::start(0).await.expect("a sandbox");
    let workspace = world.workspace();
    let path = workspace.join("consign.toml");
    let text = fs::read_to_string(&path).expect("a file");
    let further = format!(
        "\n[odoos.west]\nurl = \"{}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword = {{ env = \"CONSIGN_ODOO_PASSWORD\" }}\n",
        west.url(),
        sandbox::DATABASE,
        sandbox::LOGIN
    );
    fs::write(&path, text + &further).expect("written");
    let flow = fs::read_to_string(workspace.join("flows/products-in.toml")).expect("a flow");
    let copy = flow.replace("folder    = \"products\"", "folder    = \"products-west\"\nodoo      = \"west\"");
    assert_ne!(flow, copy);
    fs::write(workspace.join("flows/products-west.toml"), copy).expect("written");
    fs::create_dir_all(workspace.join("drops/lumen/products-west")).expect("a folder");
    (world, west)
}

fn drop_price(world: &World, folder: &str, price: &str) {
    let text = format!("Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\nL-7;;Lampe;{price};0,5\r\n");
    fs::write(world.workspace().join("drops/lumen").join(folder).join(format!("list-{price}.csv")), text).expect("dropped");
}

/// Id and price of the product.
fn product(odoo: &Sandbox) -> (i64, f64) {
    let records = odoo.records("product.template", &["default_code", "list_price"]);
    let lamp: Vec<&Json> = records.iter().filter(|record| record["default_code"] == "L-7").collect();
    assert_eq!(lamp.len(), 1, "{records:?}");
    (lamp[0]["id"].as_i64().expect("an id"), lamp[0]["list_price"].as_f64().expect("a price"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_to_one_says_nothing_of_another() {
    let (world, west) = two().await;
    world.consign(&["check"]).ends(0);
    for folder in ["products", "products-west"] {
        drop_price(&world, folder, "12,00");
    }
    world.consign(&["run", "--once"]).ends(0);
    let here = world.sandbox.as_ref().expect("a sandbox");
    assert_eq!(product(here), product(&west), "the same id in both: {:?}", product(here));
    drop_price(&world, "products-west", "15,00");
    world.consign(&["run", "--once", "products-west"]).ends(0);
    assert_eq!((product(here).1, product(&west).1), (12.0, 15.0));
    // Taken for what was written to west, the 12 that stands here would be a person's change, and kept.
    drop_price(&world, "products", "13,00");
    world.consign(&["run", "--once", "products-in"]).ends(0);
    assert_eq!((product(here).1, product(&west).1), (13.0, 15.0));
    // Nor does a younger message to one overtake an older one to the other.
    let first = &world.messages("products-west")[0];
    let id = first["id"].as_str().expect("an id");
    let shown = world.json(&["show", id]);
    assert_eq!(shown["message"]["odoo"], "west", "{shown}");
    assert_eq!(shown["records"][0]["odoo"], "west", "{shown}");
    assert!(shown["records"][0]["url"].as_str().is_some_and(|url| url.starts_with(&west.url())), "{shown}");
    assert_eq!(world.messages("products-in")[0]["odoo"], Json::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_away_stops_only_its_own_flows() {
    let (world, west) = two().await;
    drop(west);
    for folder in ["products", "products-west"] {
        drop_price(&world, folder, "12,00");
    }
    world.consign(&["run", "--once"]);
    let stage = |flow: &str| world.messages(flow)[0]["stage"].clone();
    assert_eq!((stage("products-in"), stage("products-west")), (json!("done"), json!("waiting")));
    let message = &world.messages("products-west")[0];
    assert!(message["reason"].as_str().is_some_and(|reason| reason.contains("C501")), "{message}");
    let ran = world.consign(&["doctor"]);
    assert!(ran.out.contains("Odoo west"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_odoo_is_told_with_its_place() {
    let (world, _west) = two().await;
    world.replace("flows/products-west.toml", &[("odoo      = \"west\"", "odoo      = \"wst\"")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("there is no Odoo `wst`") && ran.err.contains("did you mean `west`?"), "{ran:?}");
    assert!(ran.err.contains("flows/products-west.toml:6:13"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn begun_anew_a_message_goes_where_its_flow_goes_today() {
    let (world, west) = two().await;
    drop_price(&world, "products", "12,00");
    world.consign(&["run", "--once", "products-in"]).ends(0);
    assert!(west.records("product.template", &["default_code"]).iter().all(|record| record["default_code"] != "L-7"));
    world.replace("flows/products-in.toml", &[("folder    = \"products\"", "folder    = \"products\"\nodoo      = \"west\"")]);
    let id = world.messages("products-in")[0]["id"].as_str().expect("an id").to_string();
    world.consign(&["reprocess", &id]).ends(0);
    assert_eq!(product(&west).1, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_has_the_fields_of_each() {
    let (world, _west) = two().await;
    world.consign(&["odoo", "snapshot", "--odoo", "west"]).ends(0);
    world.consign(&["status"]).ends(0);
    let to = world.dir.path().join("backup.zip");
    world.consign(&["backup", &to.display().to_string()]).ends(0);
    let zip = zip::ZipArchive::new(fs::File::open(&to).expect("a file")).expect("a zip");
    let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    assert!(names.iter().any(|name| name == "workspace/odoo-fields.west.json"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_has_one_name() {
    let (world, west) = two().await;
    let url = world.odoo.url.clone();
    world.replace("consign.toml", &[(&west.url(), &format!("{url}/"))]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("[odoos.west] is the same database as [odoo]"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_odoo_that_its_flow_has_left_stops_nothing_and_goes_along_when_it_is_reprocessed() {
    let (world, west) = two().await;
    drop(west);
    drop_price(&world, "products-west", "12,00");
    world.consign(&["run", "--once", "products-west"]);
    assert_eq!(world.messages("products-west")[0]["stage"], "waiting");
    world.replace("flows/products-west.toml", &[("odoo      = \"west\"", "")]);
    drop_price(&world, "products-west", "13,00");
    world.consign(&["run", "--once", "products-west"]);
    let stages: Vec<Json> = world.messages("products-west").iter().map(|message| message["stage"].clone()).collect();
    assert_eq!(stages, [json!("waiting"), json!("done")], "the new one is not kept by what waits for west");
    let id = world.messages("products-west")[0]["id"].as_str().expect("an id").to_string();
    // Behind a younger one it would set the price back, unless somebody wants just that.
    world.consign(&["reprocess", &id, "--overwrite"]).ends(0);
    assert_eq!(product(world.sandbox.as_ref().expect("a sandbox")).1, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_flow_would_send_from_another_odoo_is_held_first() {
    let (world, west) = two().await;
    names_go_out(&world);
    world.odoo.create("res.partner", json!({"name": "Sent 1"})).await;
    world.consign(&["run", "--once", "names-out"]).ends(0);
    let stages = || world.messages("names-out").iter().map(|message| message["stage"].clone()).collect::<Vec<_>>();
    assert_eq!(stages(), [json!("done")]);
    let there = Target { url: west.url(), ..world.odoo.clone() };
    there.create("res.partner", json!({"name": "Sent 2"})).await;
    world.replace("flows/names-out.toml", &[("direction = \"out\"", "direction = \"out\"\nodoo = \"west\"")]);
    world.consign(&["run", "--once", "names-out"]);
    let held = &world.messages("names-out")[1];
    assert_eq!((&held["stage"], &held["code"], &held["odoo"]), (&json!("held"), &json!("C912"), &json!("west")), "{held}");
    world.consign(&["release", held["id"].as_str().expect("an id")]).ends(0);
    there.create("res.partner", json!({"name": "Sent 3"})).await;
    world.consign(&["run", "--once", "names-out"]).ends(0);
    assert_eq!(stages(), [json!("done"), json!("done"), json!("done")], "what comes later is sent by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_other_direction_is_held_and_touches_nothing() {
    let world = World::embedded().await;
    world.consign(&["status"]).ends(0);
    let journal = Journal::open(&world.workspace().join("var/journal.sqlite")).await.expect("opens");
    journal.receive(&NewMessage::of("orders-in", Direction::Out, ""), Utc::now()).await.expect("written");
    journal.close().await;
    world.consign(&["run", "--once", "orders-in"]);
    let message = &world.messages("orders-in")[0];
    assert_eq!((&message["stage"], &message["code"]), (&json!("held"), &json!("C903")), "{message}");
    assert_eq!(world.partner_files(""), Vec::<String>::new());
}
