//! A partner's zip of documents: each is a message of its own; what is damaged, encrypted or a bomb is refused whole.

use std::{
    fs,
    io::{Cursor, Write},
};

use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::drops::Shop;
use crate::common::{checks::all_at_rest, kills::kill_at};

async fn shop(keys: &str) -> Shop {
    let shop = Shop::with(&format!("stable_for = \"0s\"\nunzip  = [\"*.xml\"]\n{keys}")).await;
    shop.world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = [\"*.xml\", \"*.zip\"]")]);
    shop
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("whole").into_inner()
}

fn message<'m>(messages: &'m [Value], name: &str) -> &'m Value {
    messages.iter().find(|message| message["name"] == name).unwrap_or_else(|| panic!("no message {name}: {messages:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_document_of_a_zip_is_a_message_of_its_own() {
    let shop = shop("").await;
    let (good, other, bad) = (
        shop.order("Z-1"),
        shop.order("Z-2"),
        shop.order("Z-3").replace("  <RequestedDelivery>", "  <Remark>urgent</Remark><RequestedDelivery>"),
    );
    let files: [(&str, &[u8]); 4] =
        [("a/one.xml", good.as_bytes()), ("../../two.xml", other.as_bytes()), ("bad.xml", bad.as_bytes()), ("letter.pdf", b"%PDF")];
    shop.world.drop_file("out/orders", "today.zip", zip(&files));
    let run = shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(run.out.contains("3 done, 1 failed"), "{}", run.out);
    assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 2);
    let messages = shop.world.messages("orders-in");
    assert_eq!(messages.len(), 4);
    let whole = message(&messages, "today.zip");
    assert!(messages.iter().all(|message| message["name"] == "today.zip" || message["parent"] == whole["id"]), "{messages:?}");
    let shown = shop.world.consign(&["show", whole["id"].as_str().expect("an id")]).ends(0).out;
    for part in ["3 documents in it, each a separate message; ignored: letter.pdf", "done  one.xml", "failed  bad.xml"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    // The partner has its zip in the archive, and what was refused with its report beside it in error.
    let short = |message: &Value| message["id"].as_str().expect("an id").replace('-', "")[24..].to_string();
    let failed = message(&messages, "bad.xml");
    let name = format!("bad.{}.xml", short(failed));
    assert_eq!(shop.world.partner_files("out/orders"), Vec::<String>::new());
    assert_eq!(shop.world.partner_files("archive"), [format!("today.{}.zip", short(whole))]);
    assert_eq!(shop.world.partner_files("error"), [name.clone(), format!("{name}.problem.txt")]);
    assert_eq!(fs::read_to_string(shop.world.partner.join("error").join(&name)).expect("the document"), bad);
    // The same zip again is a copy; a document of it is mended and gone from the error folder.
    shop.world.drop_file("out/orders", "today.zip", zip(&files));
    let again = shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(again.out.contains("1 duplicate"), "{}", again.out);
    let with_it = "<xs:element name=\"Remark\" type=\"xs:string\" minOccurs=\"0\"/><xs:element name=\"RequestedDelivery\"";
    shop.world.replace("schemas/order.xsd", &[("<xs:element name=\"RequestedDelivery\"", with_it)]);
    shop.world.consign(&["reprocess", failed["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(shop.world.partner_files("error"), Vec::<String>::new());
    assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 3);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operating_system_leaves_in_a_zip_is_no_document() {
    let shop = shop("").await;
    let order = shop.order("Z-1");
    let (good, fork) = (order.as_bytes(), &b"\0\x05\x16\x07"[..]);
    let files = [
        ("order.xml", good),
        ("__MACOSX/._order.xml", fork),
        ("__MACOSX/order.xml", fork),
        (".hidden/a.xml", fork),
        ("sub/.b.xml", fork),
        ("~$order.xml", fork),
        ("half.xml.part", fork),
    ];
    shop.world.drop_file("out/orders", "mac.zip", zip(&files));
    let run = shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(run.out.contains("2 done"), "{}", run.out);
    let messages = shop.world.messages("orders-in");
    assert_eq!(messages.len(), 2, "the zip and its order: {messages:?}");
    // One with nothing else has no document, and says so.
    shop.world.drop_file("out/orders", "empty.zip", zip(&files[1..]));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let empty = shop.world.messages("orders-in").into_iter().find(|message| message["name"] == "empty.zip").expect("a message");
    assert_eq!(empty["stage"], "failed", "{empty}");
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_done_again_makes_no_document_a_second_time() {
    let shop = shop("").await;
    let order = shop.order("Z-1");
    shop.world.drop_file("out/orders", "today.zip", zip(&[("one.xml", order.as_bytes())]));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let messages = shop.world.messages("orders-in");
    let whole = message(&messages, "today.zip")["id"].as_str().expect("an id");
    let dry = shop.world.consign(&["reprocess", whole, "--dry-run"]).ends(0);
    assert!(dry.out.contains("a zip: 1 of its documents are messages already"), "{}", dry.out);
    shop.world.consign(&["reprocess", whole]).ends(0);
    assert_eq!(shop.world.messages("orders-in").len(), 2);
    let shown = shop.world.consign(&["show", whole]).ends(0).out;
    assert!(shown.contains("its 1 documents are already separate messages"), "{shown}");
    let compared = shop.world.consign(&["replay-check", "orders-in"]).ends(0);
    assert!(compared.out.contains("1 file: 1 unchanged"), "{}", compared.out);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_zip_passes_the_same_doors_as_a_file() {
    let shop = shop("").await;
    let (one, two) = (shop.order("D-1"), shop.order("D-2"));
    shop.drop("one.xml", &one);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    // One came as a file before, one is new, one is empty.
    shop.world.drop_file("out/orders", "a.zip", zip(&[("first.xml", one.as_bytes()), ("two.xml", two.as_bytes()), ("none.xml", b"")]));
    let run = shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(run.out.contains("2 done, 1 failed, 1 held"), "{}", run.out);
    let messages = shop.world.messages("orders-in");
    assert!(message(&messages, "first.xml")["reason"].as_str().is_some_and(|reason| reason.contains("C312")), "{messages:?}");
    assert!(message(&messages, "none.xml")["reason"].as_str().is_some_and(|reason| reason.contains("C201")), "{messages:?}");
    // Packed again, otherwise: the document is the same.
    shop.world.drop_file("out/orders", "b.zip", zip(&[("two.xml", two.as_bytes()), ("three.xml", shop.order("D-3").as_bytes())]));
    let run = shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(run.out.contains("2 done, 1 held"), "{}", run.out);
    assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_that_lay_here_does_not_set_back_what_came_after_it() {
    let shop = shop("").await;
    let old = shop.order("O-1");
    let new = old.replace("<Quantity>1<", "<Quantity>9<");
    shop.drop("seen.xml", &old);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    // Its document is known by another name, so it is held; meanwhile a newer one comes.
    shop.world.drop_file("out/orders", "old.zip", zip(&[("old.xml", old.as_bytes())]));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    shop.drop("new.xml", &new);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let messages = shop.world.messages("orders-in");
    let held = message(&messages, "old.xml")["id"].as_str().expect("an id");
    shop.world.consign(&["release", held]).ends(1);
    let messages = shop.world.messages("orders-in");
    assert!(message(&messages, "old.xml")["reason"].as_str().is_some_and(|reason| reason.contains("C316")), "{messages:?}");
    let lines = shop.world.odoo.search_read("sale.order.line", json!([]), &["product_uom_qty"]).await;
    assert_eq!((lines.len(), lines[0]["product_uom_qty"].as_f64()), (1, Some(9.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn zips_that_were_stopped_in_the_middle_go_on_in_their_order() {
    let shop = shop("").await;
    let order = |quantity: u32| shop.order("S-1").replace("<Quantity>1<", &format!("<Quantity>{quantity}<"));
    let other = shop.order("S-2");
    shop.world.drop_file("out/orders", "1.zip", zip(&[("a.xml", other.as_bytes()), ("b.xml", order(5).as_bytes())]));
    shop.world.drop_file("out/orders", "2.zip", zip(&[("b.xml", order(7).as_bytes())]));
    kill_at(&shop.world, "orders-in", "unpacked");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let lines = json!([["order_id.client_order_ref", "=", "S-1"]]);
    let lines = shop.world.odoo.search_read("sale.order.line", lines, &["product_uom_qty"]).await;
    assert_eq!((lines.len(), lines[0]["product_uom_qty"].as_f64()), (1, Some(7.0)), "the later zip has the last word");
    // An edited copy of what is in the earlier one is as old as that.
    let messages = shop.world.messages("orders-in");
    let early =
        messages.iter().find(|message| message["path"].as_str().is_some_and(|path| path.ends_with("1.zip/b.xml"))).expect("a message");
    let edited = shop.world.dir.path().join("edited.xml");
    fs::write(&edited, order(6)).expect("written");
    let id = early["id"].as_str().expect("an id");
    shop.world.consign(&["edit", id, "--file", edited.to_str().expect("a path"), "--reason", "typed wrong"]).ends(1);
    let messages = shop.world.messages("orders-in");
    assert!(
        messages.iter().any(|message| message["edited"] == true && message["reason"].as_str().is_some_and(|why| why.contains("C316"))),
        "{messages:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_copy_that_cannot_be_read_keeps_no_other_message() {
    let shop = shop("").await;
    shop.drop("bad-luck.xml", &shop.order("R-1"));
    kill_at(&shop.world, "orders-in", "received");
    // The disk gives something else than a file for it.
    let spool = shop.world.workspace().join("var/spool");
    let id = shop.world.stored_files("spool").remove(0);
    let original = fs::read(spool.join(&id)).expect("a file");
    fs::remove_file(spool.join(&id)).expect("removed");
    fs::create_dir(spool.join(&id)).expect("a folder");
    for number in 2..4 {
        shop.drop(&format!("{number}.xml"), &shop.order(&format!("R-{number}")));
        shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
        assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, number - 1, "the others go on");
        let messages = shop.world.messages("orders-in");
        assert_eq!(message(&messages, "bad-luck.xml")["stage"], "waiting");
    }
    fs::remove_dir(spool.join(&id)).expect("removed");
    fs::write(spool.join(&id), original).expect("written");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 3);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_unpacks_it_makes_each_document_once() {
    let shop = shop("").await;
    for (number, checkpoint) in ["spooled", "received", "unzipped", "unpacked", "applied", "archived", "moved"].into_iter().enumerate() {
        let orders = [shop.order(&format!("K-{number}")), shop.order(&format!("L-{number}"))];
        shop.world.drop_file(
            "out/orders",
            &format!("{number}.zip"),
            zip(&[("a.xml", orders[0].as_bytes()), ("b.xml", orders[1].as_bytes())]),
        );
        kill_at(&shop.world, "orders-in", checkpoint);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 2 * (number as i64 + 1), "killed at {checkpoint}");
        assert_eq!(shop.world.messages("orders-in").len(), 3 * (number + 1), "killed at {checkpoint}");
    }
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_honest_zip_is_refused_whole() {
    let shop = shop("max_bytes = 2000000").await;
    let order = shop.order("Z-1");
    let good = zip(&[("one.xml", order.as_bytes()), ("two.xml", shop.order("Z-2").as_bytes())]);
    let mut damaged = good.clone();
    damaged[60] ^= 0xff;
    // The bit that says a password is needed, in the file's own head and in the directory.
    let mut locked = good.clone();
    let entry = good.windows(4).position(|bytes| bytes == b"PK\x01\x02").expect("a directory");
    locked[6] |= 1;
    locked[entry + 8] |= 1;
    let many: Vec<String> = (0..10_001).map(|number| format!("{number}.xml")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let mut lying = good.clone();
    let size = entry + 24;
    // The directory says 10 bytes; the file has more.
    lying[size..size + 4].copy_from_slice(&10u32.to_le_bytes());
    let bomb = vec![b' '; 50 << 20];
    // zipfile of Python writes the same name twice without a word; most readers show the last of them alone.
    let mut double = zip(&[("a.xml", order.as_bytes()), ("b.xml", shop.order("Z-2").as_bytes())]);
    for at in 0..double.len() - 5 {
        if &double[at..at + 5] == b"b.xml" {
            double[at] = b'a';
        }
    }
    // The end refers to a record elsewhere, whose numbers nothing bounds.
    let mut far = good.clone();
    let end = far.len() - 22;
    far[end + 16..end + 20].fill(0xff);
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("double", double, "two files in the zip have the same name"),
        ("slashes", zip(&[("a/b.xml", order.as_bytes()), ("a\\b.xml", order.as_bytes())]), "two files in the zip have the same name"),
        ("far", far, "the zip has the format for very large files (zip64)"),
        ("damaged", damaged, "the zip cannot be read"),
        ("locked", locked, "encrypted"),
        ("many", zip(&many), "the zip holds more than 10000 files"),
        ("nothing", zip(&[("letter.pdf", b"%PDF")]), "no file in the zip is a document of this flow (*.xml)"),
        ("empty", zip(&[]), "no file in the zip"),
        ("bomb", zip(&[("one.xml", order.as_bytes()), ("bomb.xml", &bomb)]), "`bomb.xml` in the zip has more than 2000000 bytes"),
        ("lying", lying, "the zip cannot be read"),
        ("nested", zip(&[("in.zip", &good)]), "no file in the zip"),
    ];
    for (name, bytes, expected) in cases {
        shop.world.drop_file("out/orders", &format!("{name}.zip"), bytes);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
        let messages = shop.world.messages("orders-in");
        let refused = message(&messages, &format!("{name}.zip"));
        let reason = refused["reason"].as_str().unwrap_or_default();
        assert!(refused["stage"] == "failed" && reason.contains("C222") && reason.contains(expected), "{name}: {refused}");
    }
    assert_eq!(shop.world.odoo.count("sale.order", json!([])).await, 0);
    assert_eq!(shop.world.stored_files("spool"), Vec::<String>::new());
    all_at_rest(&shop.world);
}
