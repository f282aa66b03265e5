//! What a person at the command line does about messages: find, understand, do again, edit, hold, release, discard, send again.

use std::fs;

use serde_json::{Value, json};

use super::drops::Shop;
use crate::common::{goods, world::World};

/// The one message of a flow with this name.
fn message(world: &World, flow: &str, name: &str) -> Value {
    world.messages(flow).into_iter().find(|message| message["name"] == name).unwrap_or_else(|| panic!("no message {name}"))
}

fn id(message: &Value) -> &str {
    message["id"].as_str().expect("an id")
}

/// Orders for a product that is not in Odoo.
fn orders(world: &World, customer: &goods::Customer, product: &goods::Product, count: usize) {
    for at in 1..=count {
        let text = goods::order(&format!("{}-{at}", product.code), customer, &[(product, 1.0, 10.0)]);
        world.drop_file("out/orders", &format!("order-{at}.xml"), text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seventeen_files_that_wait_for_one_product_are_one_line_and_one_command_does_them_all() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let number = goods::fresh();
    let product = goods::Product { id: 0, code: format!("T-{number}"), barcode: goods::gtin(number) };
    orders(&world, &customer, &product, 17);
    world.drop_file("out/orders", "other.xml", "<Order/>");
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let errors = world.consign(&["errors"]).ends(0);
    assert!(errors.out.contains("17 messages  since ") && errors.out.contains(&product.barcode), "{}", errors.out);
    assert!(errors.out.contains("other.xml") && errors.out.contains("18 messages need attention"), "{}", errors.out);
    let told = world.json(&["errors"]);
    let cause = told.as_array().expect("a list").iter().find_map(|one| one["cause"]["cause"].as_str()).expect("a cause").to_string();
    assert_eq!(told.as_array().expect("a list").len(), 2, "one cause and one message: {told}");
    assert_eq!(world.json(&["errors", "--each"]).as_array().map(Vec::len), Some(18));

    let dry = world.consign(&["reprocess", "--cause", &cause, "--dry-run"]).ends(1);
    assert!(dry.out.contains("17 messages, 17 would be refused; nothing was done"), "{}", dry.out);
    let values = json!({"name": "Found at last", "default_code": product.code, "barcode": product.barcode, "is_storable": true});
    world.odoo.create("product.product", values).await;
    let dry = world.consign(&["reprocess", "--cause", &cause, "--dry-run"]).ends(0);
    assert_eq!(dry.out.matches("create  sale.order").count(), 17, "{}", dry.out);
    let count = || world.odoo.count("sale.order", json!([["client_order_ref", "like", format!("{}-", product.code)]]));
    assert_eq!(count().await, 0, "nothing was done");
    let done = world.consign(&["reprocess", "--cause", &cause, "--by", "Ada", "--reason", "the product exists now"]).ends(0);
    assert!(done.out.contains("17 messages: 17 done"), "{}", done.out);
    assert_eq!(count().await, 17);
    assert!(world.consign(&["errors"]).ends(0).out.contains("1 message needs attention"));
    let audit = world.json(&["audit"]);
    let ada = |deed: &&Value| deed["who"] == "Ada" && deed["action"] == "reprocess" && deed["reason"] == "the product exists now";
    assert_eq!(audit.as_array().expect("a list").iter().filter(ada).count(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_by_its_numbers_by_names_of_records_and_by_its_file() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let number = format!("PO-{}", goods::fresh());
    let mapping = fs::read_to_string(world.workspace().join("mappings/order.toml")).expect("a mapping");
    let mapping = format!("{mapping}\n[numbers]\norder = \"/Order/OrderNumber\"\ngtin = \"/Order/Lines/Line/Gtin\"\n");
    fs::write(world.workspace().join("mappings/order.toml"), mapping).expect("written");
    world.consign(&["check"]).ends(0);
    world.drop_file("out/orders", "wanted.xml", goods::order(&number, &customer, &[(&product, 1.0, 10.0)]));
    world.drop_file(
        "out/orders",
        "broken.xml",
        goods::order("PO-BROKEN", &customer, &[(&product, 1.0, 10.0)]).replace("<Quantity>1<", "<Quantity>x<"),
    );
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let wanted = message(&world, "orders-in", "wanted.xml");
    let show = world.json(&["show", id(&wanted)]);
    let record = show["records"][0]["name"].as_str().expect("a name").to_string();
    assert!(show["records"][0]["url"].as_str().is_some_and(|url| url.contains("/odoo/sale.order/")), "{show}");
    assert!(show["numbers"].to_string().contains(&number), "{}", show["numbers"]);
    let found = |word: &str| {
        world
            .json(&["find", word])
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["name"].as_str().expect("a name").to_string())
            .collect::<Vec<_>>()
    };
    for word in [number.as_str(), &number[3..], &record, "wanted", &id(&wanted)[28..], id(&wanted)] {
        assert_eq!(found(word), ["wanted.xml"], "{word}");
    }
    assert_eq!(found(&product.barcode).len(), 2, "a GTIN is in both, also in the one that was refused");
    assert_eq!(found("PO-BROKEN"), ["broken.xml"], "what the schema refuses is found as well");
    for nothing in ["PO-NOWHERE", "%", "'; drop table message; --", "\"", "zz*"] {
        assert_eq!(found(nothing), Vec::<String>::new(), "{nothing}");
    }
    let all = |args: &[&str]| world.json(args).as_array().map(Vec::len);
    assert_eq!(all(&["log", "--partner", "nordwind", "--stage", "failed", "--since", "1h"]), Some(1));
    assert_eq!(all(&["log", "--partner", "nordwind", "--until", "1h"]), Some(0));
    assert!(world.consign(&["log", "--partner", "nordwin"]).ends(2).err.contains("nordwind"));
    assert!(world.consign(&["log", "--stage", "failled"]).ends(2).err.contains("failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_copy_takes_the_place_of_a_refused_file_which_stays_as_it_came() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let number = format!("PO-{}", goods::fresh());
    let bad = goods::order(&number, &customer, &[(&product, 1.0, 10.0)]).replace("<Quantity>1<", "<Quantity>one<");
    world.drop_file("out/orders", "bad.xml", &bad);
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let original = message(&world, "orders-in", "bad.xml");
    let printed = world.consign(&["edit", id(&original)]).ends(0);
    assert_eq!(printed.out, bad, "to be edited");
    let edited = world.dir.path().join("edited.xml");
    fs::write(&edited, bad.replace("one", "1")).expect("written");
    let file = edited.to_str().expect("a path").to_string();
    assert!(world.consign(&["edit", id(&original), "--file", &file]).ends(2).err.contains("--reason"));
    let same = world.dir.path().join("same.xml");
    fs::write(&same, &bad).expect("written");
    assert!(
        world
            .consign(&["edit", id(&original), "--file", same.to_str().expect("a path"), "--reason", "r"])
            .ends(2)
            .err
            .contains("nothing was changed")
    );

    let ran = world.consign(&["edit", id(&original), "--file", &file, "--by", "Ada", "--reason", "they write numbers in words"]).ends(0);
    assert!(ran.out.contains("created as the edited copy of") && ran.out.contains("create"), "{}", ran.out);
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 1);
    let life = world.json(&["show", id(&original)]);
    assert_eq!(life["message"]["stage"], "discarded");
    let copy = life["children"][0].clone();
    assert_eq!((copy["stage"].as_str(), copy["edited"].as_bool()), (Some("done"), Some(true)));
    let kept = world.workspace().join("var").join(life["message"]["blob_path"].as_str().expect("a place"));
    assert_eq!(fs::read_to_string(kept).expect("the original"), bad, "the original stays as it came");
    let life = world.json(&["show", id(&copy)]);
    assert_eq!(life["parent"]["id"], original["id"]);
    let deed = &life["audit"][0];
    assert_eq!(
        (deed["who"].as_str(), deed["action"].as_str(), deed["reason"].as_str()),
        (Some("Ada"), Some("edit"), Some("they write numbers in words"))
    );
    let difference = deed["detail"].as_str().expect("a difference");
    assert!(difference.contains("<Quantity>one<") && difference.contains("<Quantity>1<"), "{difference}");
    assert!(world.consign(&["errors"]).ends(0).out.contains("nothing failed"));
    world.consign(&["reprocess", id(&original)]).ends(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_done_again_with_the_mapping_of_today_or_of_its_day() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let number = format!("PO-{}", goods::fresh());
    shop.drop("order.xml", &shop.order(&number));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let note = || async {
        let found = shop.world.odoo.search_read("sale.order", json!([["client_order_ref", "=", number]]), &["origin"]).await;
        found[0]["origin"].clone()
    };
    let then = note().await;
    let mapping = fs::read_to_string(shop.world.workspace().join("mappings/order.toml")).expect("a mapping");
    let today = mapping.replace("client_order_ref = ", "origin = { const = \"of today\" }\nclient_order_ref = ");
    assert_ne!(mapping, today);
    fs::write(shop.world.workspace().join("mappings/order.toml"), today).expect("written");
    let message = message(&shop.world, "orders-in", "order.xml");
    let dry = shop.world.consign(&["reprocess", id(&message), "--as-then", "--dry-run"]).ends(0);
    assert!(dry.out.contains("0 to create, 0 to update, 1 unchanged"), "{}", dry.out);
    let dry = shop.world.consign(&["reprocess", id(&message), "--dry-run"]).ends(0);
    assert!(dry.out.contains("of today") && dry.out.contains("1 to update"), "{}", dry.out);
    shop.world.consign(&["reprocess", id(&message), "--as-then"]).ends(0);
    assert_eq!(note().await, then, "with the mapping of its day");
    shop.world.consign(&["reprocess", id(&message)]).ends(0);
    assert_eq!(note().await, json!("of today"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_message_does_not_overwrite_newer_data_unless_told() {
    let world = World::embedded().await;
    let csv = |price: &str| format!("Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\nOLD-1;;Lampe;{price};0,5\r\n");
    let price = || async {
        world.odoo.search_read("product.template", json!([["default_code", "=", "OLD-1"]]), &["list_price"]).await[0]["list_price"].clone()
    };
    for (name, value) in [("monday.csv", "10,00"), ("tuesday.csv", "12,00")] {
        fs::write(world.workspace().join("drops/lumen/products").join(name), csv(value)).expect("dropped");
        world.consign(&["run", "--once", "products-in"]).ends(0);
    }
    let monday = message(&world, "products-in", "monday.csv");
    let dry = world.consign(&["reprocess", id(&monday), "--dry-run"]).ends(1);
    assert!(dry.out.contains("C316"), "{}", dry.out);
    world.consign(&["reprocess", id(&monday)]).ends(1);
    assert_eq!(price().await, json!(12.0), "Tuesday's price stays");
    world.consign(&["reprocess", id(&monday), "--overwrite", "--reason", "Tuesday's list was wrong"]).ends(0);
    assert_eq!(price().await, json!(10.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_held_released_and_discarded_with_a_reason() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    let number = format!("PO-{}", goods::fresh());
    world.drop_file("out/orders", "one.xml", goods::order(&number, &customer, &[(&product, 1.0, 10.0)]));
    world.replace("consign.toml", &[("http://127.0.0.1:", "http://127.0.0.2:")]);
    world.consign(&["run", "--once", "orders-in"]).ends(2);
    let one = message(&world, "orders-in", "one.xml");
    assert_eq!(one["stage"], "waiting");
    assert!(world.consign(&["hold", id(&one)]).ends(2).err.contains("--reason"));
    world.consign(&["hold", id(&one), "--reason", "the customer called"]).ends(0);
    world.replace("consign.toml", &[("http://127.0.0.2:", "http://127.0.0.1:")]);
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(message(&world, "orders-in", "one.xml")["stage"], "held", "nothing is done with it");
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 0);
    world.consign(&["release", id(&one), "--reason", "all is well"]).ends(0);
    assert_eq!(message(&world, "orders-in", "one.xml")["stage"], "done");
    assert_eq!(world.odoo.count("sale.order", json!([["client_order_ref", "=", number]])).await, 1);
    world.consign(&["release", id(&one)]).ends(2);
    world.consign(&["discard", id(&one), "--reason", "r"]).ends(2);

    world.drop_file("out/orders", "two.xml", "<Order/>");
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let two = message(&world, "orders-in", "two.xml");
    world.consign(&["discard", id(&two), "--reason", "a test of the partner's"]).ends(0);
    assert!(world.consign(&["errors"]).ends(0).out.contains("nothing failed"));
    let actions: Vec<String> = world
        .json(&["audit"])
        .as_array()
        .expect("a list")
        .iter()
        .map(|deed| deed["action"].as_str().expect("an action").to_string())
        .collect();
    assert_eq!(actions, ["discard", "release", "hold"], "the latest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_sent_again_as_it_was_or_made_anew() {
    let shop = super::sending::sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"\nexists = \"number\"", 1).await;
    let world = &shop.world;
    world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let sent = world.messages("despatch-out").pop().expect("a message");
    let name = sent["name"].as_str().expect("a name").to_string();
    let first = fs::read(world.partner.join("in").join(&name)).expect("the file");
    fs::remove_file(world.partner.join("in").join(&name)).expect("lost by the partner");
    world.replace("templates/despatch-advice.xml", &[("<DespatchAdvice", "<!-- anew --><DespatchAdvice")]);
    world.consign(&["resend", id(&sent), "--reason", "they lost it"]).ends(0);
    assert_eq!(fs::read(world.partner.join("in").join(&name)).expect("the file"), first, "the same bytes");
    fs::remove_file(world.partner.join("in").join(&name)).expect("lost again");
    world.consign(&["resend", id(&sent), "--anew"]).ends(0);
    assert!(fs::read_to_string(world.partner.join("in").join(&name)).expect("the file").contains("<!-- anew -->"));
    let life = world.json(&["show", id(&sent)]);
    assert_eq!(life["audit"].as_array().map(Vec::len), Some(2), "{life}");
    assert!(life["numbers"].as_array().expect("numbers").iter().any(|number| number["kind"] == "record"), "{life}");
    let came = world.messages("orders-in").pop().expect("a message");
    world.consign(&["resend", id(&came)]).ends(2);
}
