//! Journals of version 5, cut at every stage, in both directions and on either side of the rename, are opened by the consign of today
//! and come to one effect each.
//!
//! They lie in `tests/journals/v5`, one zip a scene: storage folder, partner's folder, and what Odoo must hold. They were made by the
//! last consign that wrote version 5, which `make_journals` starts:
//! `CONSIGN_BINARY=/path/to/consign cargo test --test suite make_journals -- --ignored`.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    kills::{kill_at, run_with_fault, steps},
    scenarios::only_pickings_of,
    world::{World, files},
};

/// What the consign of then did last.
#[derive(Clone, Copy)]
enum Cut {
    /// Killed at a checkpoint.
    At(&'static str),
    /// Killed between the intent to rename and the rename.
    BeforeRename,
    /// It was away from the partner's server when the rename's answer came.
    AnswerLost,
    /// The rename was refused, which was seen.
    NotRenamed,
    /// Not disturbed.
    Whole,
}

struct Scene {
    name: &'static str,
    flow: &'static str,
    zipped: bool,
    cut: Cut,
    /// Tried again while the partner's server was away, so that it waits.
    waits: bool,
    /// The partner has fetched what was there.
    fetched: bool,
    /// A person holds it.
    held: bool,
}

const fn scene(name: &'static str, flow: &'static str, cut: Cut) -> Scene {
    Scene { name, flow, zipped: false, cut, waits: false, fetched: false, held: false }
}

const IN: &str = "orders-in";
const OUT: &str = "despatch-out";

const SCENES: [Scene; 30] = [
    scene("in-fetched", IN, Cut::At("fetched")),
    scene("in-spooled", IN, Cut::At("spooled")),
    scene("in-received", IN, Cut::At("received")),
    scene("in-checked", IN, Cut::At("checked")),
    scene("in-planned", IN, Cut::At("planned")),
    scene("in-effect", IN, Cut::At("effect")),
    scene("in-applied", IN, Cut::At("applied")),
    // Recorded by a consign of that version, in the words of that version.
    scene("in-shelved", IN, Cut::At("shelved")),
    scene("in-moved", IN, Cut::At("moved")),
    scene("in-done", IN, Cut::Whole),
    Scene { held: true, ..scene("in-planned-held", IN, Cut::At("planned")) },
    Scene { held: true, ..scene("in-effect-held", IN, Cut::At("effect")) },
    Scene { zipped: true, ..scene("zip-unzipped", IN, Cut::At("unzipped")) },
    Scene { zipped: true, ..scene("zip-unpacked", IN, Cut::At("unpacked")) },
    Scene { zipped: true, ..scene("zip-effect", IN, Cut::At("effect")) },
    scene("out-received", OUT, Cut::At("received")),
    scene("out-rendered", OUT, Cut::At("rendered")),
    scene("out-planned", OUT, Cut::At("planned")),
    scene("out-checked", OUT, Cut::At("checked")),
    scene("out-staged", OUT, Cut::At("staged")),
    Scene { waits: true, ..scene("out-checked-waiting", OUT, Cut::At("checked")) },
    scene("out-before-rename", OUT, Cut::BeforeRename),
    scene("out-not-renamed", OUT, Cut::NotRenamed),
    Scene { waits: true, held: true, ..scene("out-before-rename-held", OUT, Cut::BeforeRename) },
    scene("out-renamed", OUT, Cut::At("renamed")),
    Scene { fetched: true, ..scene("out-renamed-fetched", OUT, Cut::At("renamed")) },
    Scene { waits: true, fetched: true, ..scene("out-answer-lost-fetched", OUT, Cut::AnswerLost) },
    Scene { waits: true, fetched: true, held: true, ..scene("out-renamed-fetched-held", OUT, Cut::At("renamed")) },
    scene("out-applied", OUT, Cut::At("applied")),
    scene("out-noted", OUT, Cut::At("noted")),
];

/// What Odoo must hold for a scene to go on.
#[derive(Serialize, Deserialize)]
struct Holds {
    order: String,
    customer: (i64, String, String),
    product: (i64, String, String),
    /// Orders that were in Odoo already.
    orders: i64,
    /// Documents that the partner has fetched.
    fetched: usize,
}

fn place(scene: &Scene) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v5").join(format!("{}.zip", scene.name))
}

fn configure(world: &World, scene: &Scene, customer: &Customer) {
    if scene.zipped {
        world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = \"*.zip\"\nunpack = [\"*.xml\"]")]);
    }
    only_pickings_of(world, OUT, customer.id);
}

/// Puts before the flow what it is to carry.
fn prepare(world: &World, scene: &Scene, order: &str, customer: &Customer, product: &Product) {
    let text = goods::order(order, customer, &[(product, 1.0, 5.0)]);
    match scene.zipped {
        true => {
            let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            writer.start_file("a.xml", zip::write::SimpleFileOptions::default()).expect("begun");
            writer.write_all(text.as_bytes()).expect("written");
            world.drop_file("out/orders", &format!("{order}.zip"), writer.finish().expect("whole").into_inner());
        }
        false => world.drop_file("out/orders", &format!("{order}.xml"), text),
    }
    if scene.flow == OUT {
        world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(product, 500.0)]));
        world.consign(&["run", "--once", "stock-in"]).ends(0);
        world.consign(&["run", "--once", "orders-in"]).ends(0);
    }
}

fn sent(world: &World) -> Vec<String> {
    world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect()
}

/// The number of a step in an undisturbed run that sends one delivery.
async fn step_of(name: &str) -> usize {
    let world = World::embedded().await;
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let scene = scene("steps", OUT, Cut::Whole);
    configure(&world, &scene, &customer);
    prepare(&world, &scene, "S-1", &customer, &product);
    let steps = steps(&world, OUT);
    1 + steps.iter().position(|step| step == name).unwrap_or_else(|| panic!("{name} in {steps:?}"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the journals of tests/journals/v5 anew, with the consign that CONSIGN_BINARY names"]
async fn make_journals() {
    assert!(std::env::var_os("CONSIGN_BINARY").is_some(), "which consign?");
    let (before, after) = (step_of("Drop before rename").await, step_of("Drop after rename").await);
    for scene in &SCENES {
        let world = World::embedded().await;
        let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
        configure(&world, scene, &customer);
        let order = format!("J-{}", scene.name);
        prepare(&world, scene, &order, &customer, &product);
        match scene.cut {
            Cut::At(checkpoint) => kill_at(&world, scene.flow, checkpoint),
            Cut::BeforeRename => run_with_fault(&world, scene.flow, &format!("{before}:kill")),
            Cut::AnswerLost => run_with_fault(&world, scene.flow, &format!("{after}:cut")),
            Cut::NotRenamed => run_with_fault(&world, scene.flow, &format!("{before}:cut")),
            Cut::Whole => {
                world.consign(&["run", "--once", scene.flow]).ends(0);
            }
        }
        if scene.waits {
            let here = format!("port = {}", world.sftp.port);
            world.replace("partners/nordwind.toml", &[(&here, "port = 1")]);
            world.consign(&["run", "--once", scene.flow]).ends(2);
            world.replace("partners/nordwind.toml", &[("port = 1\n", &format!("{here}\n"))]);
        }
        let message = world.messages(scene.flow).pop();
        if scene.held {
            let id = message.expect("a message")["id"].as_str().expect("an id").to_string();
            world.consign(&["hold", &id, "--reason", "someone looks"]).ends(0);
        }
        let there = sent(&world);
        if scene.fetched {
            assert_eq!(there.len(), 1, "{}", scene.name);
            there.iter().for_each(|name| fs::remove_file(world.partner.join("in").join(name)).expect("fetched"));
        }
        let holds = Holds {
            orders: world.odoo.count("sale.order", json!([["client_order_ref", "=", order]])).await,
            order,
            customer: (customer.id, customer.name, customer.vat),
            product: (product.id, product.code, product.barcode),
            fetched: if scene.fetched { there.len() } else { 0 },
        };
        pack(&world, scene, &holds);
        if scene.name == BACKED_UP {
            let _ = fs::remove_file(backup());
            world.consign(&["backup", &backup().display().to_string()]).ends(0);
        }
    }
}

/// The scene of which there is a backup as well.
const BACKED_UP: &str = "out-before-rename";

fn backup() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v5-backup.zip")
}

fn pack(world: &World, scene: &Scene, holds: &Holds) {
    fs::create_dir_all(place(scene).parent().expect("a folder")).expect("made");
    let mut writer = zip::ZipWriter::new(fs::File::create(place(scene)).expect("a file"));
    let mut add = |name: String, bytes: &[u8]| {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("begun");
        writer.write_all(bytes).expect("written");
    };
    add("holds.json".into(), &serde_json::to_vec(holds).expect("JSON"));
    let var = world.workspace().join("var");
    for name in files(&var).into_iter().filter(|name| name != "lock" && !name.ends_with("-shm")) {
        add(format!("var/{name}"), &fs::read(var.join(&name)).expect("a file"));
    }
    for name in files(&world.partner) {
        add(format!("partner/{name}"), &fs::read(world.partner.join(&name)).expect("a file"));
    }
    writer.finish().expect("whole");
}

/// The storage and the partner's side as they were; the file's times stay those of today, as those of a copy do.
fn unpack(world: &World, scene: &Scene) {
    let var = world.workspace().join("var");
    let _ = fs::remove_dir_all(&var);
    for folder in ["in", "archive", "error", "out/orders", "out/stock"] {
        let _ = fs::remove_dir_all(world.partner.join(folder));
        fs::create_dir_all(world.partner.join(folder)).expect("made");
    }
    let mut archive = zip::ZipArchive::new(fs::File::open(place(scene)).expect("a scene")).expect("a zip");
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).expect("an entry");
        let name = entry.name().expect("a name").to_string();
        let path = match name.split_once('/') {
            Some(("var", inner)) => var.join(inner),
            Some(("partner", inner)) => world.partner.join(inner),
            _ => continue,
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

fn holds(scene: &Scene) -> Holds {
    let mut archive = zip::ZipArchive::new(fs::File::open(place(scene)).expect("a scene")).expect("a zip");
    let mut text = String::new();
    archive.by_name("holds.json").expect("what it holds").read_to_string(&mut text).expect("read");
    serde_json::from_str(&text).expect("JSON")
}

/// A workspace in the state of a scene, and what it holds.
async fn opened(scene: &Scene) -> (World, Holds) {
    let world = World::embedded().await;
    let holds = holds(scene);
    let (_, name, vat) = &holds.customer;
    let (_, code, barcode) = &holds.product;
    let company = json!({"name": name, "vat": vat, "is_company": true, "street": "Kajvej 7", "zip": "8000", "city": "Aarhus"});
    let id = world.odoo.create("res.partner", company).await;
    let customer = Customer { id, name: name.clone(), vat: vat.clone() };
    let values =
        json!({"name": format!("Product {code}"), "default_code": code, "barcode": barcode, "is_storable": true, "list_price": 10.0});
    let id = world.odoo.create("product.product", values).await;
    let product = Product { id, code: code.clone(), barcode: barcode.clone() };
    assert_eq!((customer.id, product.id), (holds.customer.0, holds.product.0), "the journal names records by their ids");
    configure(&world, scene, &customer);
    if scene.flow == OUT || holds.orders > 0 {
        // What Odoo held: by a consign of today, whose journal then goes.
        prepare(&world, scene, &holds.order, &customer, &product);
        world.consign(&["run", "--once", "orders-in"]).ends(0);
    }
    unpack(&world, scene);
    (world, holds)
}

/// One effect, and one note of it, whatever was cut.
async fn comes_to_one_effect(scene: &Scene) {
    let (world, holds) = opened(scene).await;
    let what = scene.name;
    let var = world.workspace().join("var");
    assert!(!var.join("journal.v5.sqlite").exists());
    if scene.held {
        let id = world.messages(scene.flow).pop().expect("a message")["id"].as_str().expect("an id").to_string();
        world.consign(&["release", &id]);
    }
    for _ in 0..3 {
        if world.consign(&["run", "--once", scene.flow]).code == 0 {
            break;
        }
    }
    world.consign(&["run", "--once", scene.flow]).ends(0);
    assert!(var.join("journal.v5.sqlite").exists(), "{what}: the journal as it was is kept");
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", holds.order]])).await, 1, "{what}: one order");
    if scene.flow == OUT {
        assert_eq!(sent(&world).len() + holds.fetched, 1, "{what}: sent once");
        let noted = json!([["model", "=", "stock.picking"], ["body", "like", "[consign "]]);
        assert_eq!(world.odoo.count("mail.message", noted).await, 1, "{what}: one note");
    } else {
        assert_eq!(world.partner_files("archive").len(), 1, "{what}: the file is in the partner's archive");
        assert_eq!(world.partner_files("out/orders"), Vec::<String>::new(), "{what}");
    }
    let stages: Vec<String> = world.messages(scene.flow).iter().map(|message| message["stage"].as_str().expect("a stage").into()).collect();
    assert!(!stages.is_empty() && stages.iter().all(|stage| stage == "done"), "{what}: {stages:?}");
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_journals_of_version_5_come_to_one_effect_each() {
    for scene in SCENES.iter().filter(|scene| scene.flow == IN) {
        comes_to_one_effect(scene).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_journals_of_version_5_come_to_one_effect_each() {
    for scene in SCENES.iter().filter(|scene| scene.flow == OUT) {
        comes_to_one_effect(scene).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_version_5_is_restored_and_what_may_have_been_sent_is_held() {
    let scene = SCENES.iter().find(|scene| scene.name == BACKED_UP).expect("a scene");
    let (world, _) = opened(scene).await;
    fs::remove_dir_all(world.workspace().join("var")).expect("lost");
    world.consign(&["restore", &backup().display().to_string()]).ends(0);
    let message = world.messages(OUT).pop().expect("a message");
    assert_eq!(message["stage"], "held");
    world.consign(&["run", "--once", OUT]).ends(0);
    assert_eq!(sent(&world), Vec::<String>::new(), "nothing is sent before a person has looked");
    world.consign(&["release", message["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(sent(&world).len(), 1);
    let kept = files(&world.workspace().join("var")).into_iter().filter(|name| name.contains(".v5.")).count();
    assert_eq!(kept, 0, "the backup is the copy");
    all_at_rest(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_not_carried_over_under_a_consign_that_works_with_it() {
    let scene = SCENES.iter().find(|scene| scene.name == "out-staged").expect("a scene");
    let (world, _) = opened(scene).await;
    let var = world.workspace().join("var");
    let lock = fs::File::options().create(true).truncate(false).write(true).open(var.join("lock")).expect("a file");
    lock.lock().expect("taken");
    let ran = world.consign(&["log"]).ends(2);
    assert!(ran.err.contains("C902") && ran.err.contains("must be upgraded"), "{}", ran.err);
    assert!(!var.join("journal.v5.sqlite").exists());
    lock.unlock().expect("let go");
    world.consign(&["log"]).ends(0);
    assert!(var.join("journal.v5.sqlite").exists());
}
