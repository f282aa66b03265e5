//! Bad input, one test each: a clear problem, the file in the right place, nothing lost, nothing twice.

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    process::{Command, Stdio},
};

use consign::odoo::sandbox::PlannedFault;
use serde_json::json;

use crate::common::{
    checks::all_at_rest,
    goods::{self, Customer, Product},
    world::{Ran, World},
};

/// A world with a customer and a product that orders can name.
struct Shop {
    world: World,
    customer: Customer,
    product: Product,
}

impl Shop {
    async fn open() -> Self {
        let world = World::embedded().await;
        let customer = goods::customer(&world.odoo).await;
        let product = goods::product(&world.odoo).await;
        Self { world, customer, product }
    }

    fn order(&self, number: &str) -> String {
        goods::order(number, &self.customer, &[(&self.product, 1.0, 2.5)])
    }

    async fn orders(&self) -> i64 {
        self.world.odoo.count("sale.order", json!([])).await
    }

    /// Drops a file that must be refused, and gives the report that lies beside it in our error folder.
    async fn refused(&self, name: &str, content: impl AsRef<[u8]>, code: &str) -> String {
        self.world.drop_file("out/orders", name, content);
        self.world.consign(&["run", "--once", "orders-in"]).ends(1);
        let message = self.world.messages("orders-in").pop().expect("a message");
        assert_eq!(message["stage"], "failed", "{message}");
        let stored = self.world.stored_files("error");
        assert!(stored.contains(&format!("orders-in/{name}")), "the original keeps its name: {stored:?}");
        let read = |ending: &str| {
            fs::read_to_string(self.world.workspace().join(format!("var/error/orders-in/{name}.problem.{ending}"))).expect("a report")
        };
        let data: serde_json::Value = serde_json::from_str(&read("json")).expect("JSON");
        assert_eq!(data[0]["code"], code, "{data}");
        assert!(data[0]["message"].as_str().is_some_and(|message| message.len() > 15) && data[0]["owner"].is_string(), "{data}");
        let partner = self.world.partner_files("error");
        assert_eq!(partner.len(), 2, "the partner finds the file and the reason: {partner:?}");
        assert_eq!(self.world.partner_files("out/orders"), Vec::<String>::new());
        assert_eq!(self.orders().await, 0);
        all_at_rest(&self.world);
        read("txt")
    }
}

/// The problems of a report, without what changes from run to run.
fn body(report: &str) -> String {
    report.lines().skip(3).take_while(|line| !line.starts_with("When it is fixed")).collect::<Vec<_>>().join("\n").trim().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated() {
    let shop = Shop::open().await;
    let order = shop.order("T-1");
    let report = shop.refused("cut.xml", &order[..order.len() - 20], "C202").await;
    insta::assert_snapshot!(body(&report), @r"
    error[C202]: the file ends inside `<Lines>`, which starts on line 7: it is truncated
      --> cut.xml:9:1  /Order/Lines
      owner: partner   fix: the transfer or the export was cut off: ask for the file again
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty() {
    let shop = Shop::open().await;
    shop.world.drop_file("out/orders", "empty.xml", "");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert_eq!(
        (shop.world.messages("orders-in").len(), shop.world.partner_files("out/orders").len()),
        (0, 1),
        "left where it is, in case it is still to be filled"
    );
    let errors = shop.world.consign(&["errors"]).ends(0);
    assert!(errors.out.contains("error[C313]") && errors.out.contains("0 bytes"), "{}", errors.out);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let drops = shop.world.consign(&["drops", "orders-in"]).ends(0);
    assert!(drops.out.contains("1 held") && drops.out.contains("C313: the file has 0 bytes"), "{}", drops.out);
    shop.world.drop_file("out/orders", "empty.xml", shop.order("E-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.orders().await, 1, "taken as soon as it is filled");
    assert_eq!(shop.world.partner_files("out/orders"), Vec::<String>::new());

    let report = Shop::open().await.refused("blank.xml", " \r\n ", "C201").await;
    assert!(report.contains("the file is empty"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_xml() {
    let shop = Shop::open().await;
    let report = shop.refused("order.xml", "UNA:+.? 'UNB+UNOC:3+5790000000012'", "C202").await;
    assert!(report.contains("this is not an XML document"), "{report}");
    let shop = Shop::open().await;
    let report = Shop::open().await.refused("order.xml", b"PK\x03\x04\x14\x00\x00\x00", "C222").await;
    assert!(report.contains("the file is a zip, but a document is expected here"), "{report}");
    shop.refused("scan.xml", b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n", "C203").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_root() {
    let report = Shop::open().await.refused("invoice.xml", "<?xml version='1.0'?>\n<Invoice><Number>1</Number></Invoice>", "C206").await;
    insta::assert_snapshot!(body(&report), @r"
    error[C206]: a document `Invoice` in no namespace is not what the schema describes
      --> invoice.xml:2:1  /Invoice
      owner: partner   fix: the schema describes `Order`; is it the wrong file, or the wrong folder?
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_encoding() {
    let shop = Shop::open().await;
    let text = shop.order("X-1").replace("<Lines>", "<Note>M\u{fc}ller</Note>\n  <Lines>");
    let latin = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    let report = shop.refused("latin.xml", latin, "C203").await;
    assert!(report.contains("latin.xml:7:10") && report.contains("not valid UTF-8"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctype() {
    let shop = Shop::open().await;
    let bomb = "<!DOCTYPE Order [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n<Order>";
    let order = shop.order("D-1").replace("<Order>", bomb).replace("D-1", "&b;");
    let report = shop.refused("bomb.xml", order, "C204").await;
    assert!(report.contains("has a DOCTYPE"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_by_schema() {
    let shop = Shop::open().await;
    let order = shop
        .order("V-1")
        .replace("<Quantity>1</Quantity>", "<Qantity>1</Qantity>")
        .replace("2026-11-20", "20.11.2026")
        .replace("<OrderNumber>V-1", "<OrderNumber>");
    let report = shop.refused("invalid.xml", order, "C212").await;
    insta::assert_snapshot!(body(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_product_and_buyer() {
    let shop = Shop::open().await;
    let order = shop
        .order("U-1")
        .replace(&shop.product.barcode, "5701234000013")
        .replace(&shop.product.code, "NONE")
        .replace(&shop.customer.vat, "DK99999999")
        .replace(&shop.customer.name, "Nobody");
    let report = shop.refused("unknown.xml", order, "C412").await;
    insta::assert_snapshot!(body(&report), @r"
    error[C412]: no partner with vat `DK99999999` or name `Nobody`
      --> unknown.xml:6:10  /Order/Buyer/VatNumber
      mapping: mappings/order.toml:10
      owner: ops   fix: the nearest is `DK99999993` (My Company); create the partner in Odoo or correct its number, then reprocess

    error[C412]: no product with barcode `5701234000013` or default_code `NONE`
      --> unknown.xml:8:37  /Order/Lines/Line/Gtin
      mapping: mappings/order.toml:22
      owner: ops   fix: create the product in Odoo or correct its number, then reprocess
    ");
    // The partner is not told about our house.
    let partner = shop.world.partner_files("error");
    let told = fs::read_to_string(shop.world.partner.join("error").join(&partner[1])).expect("a report");
    assert!(told.contains("we look into this") || told.contains("We look into this"), "{told}");
    assert!(!told.contains("mappings/"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_file() {
    let shop = Shop::open().await;
    let order = shop.order("DUP-1");
    for _ in 0..3 {
        shop.world.drop_file("out/orders", "order.xml", &order);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    }
    assert_eq!(shop.orders().await, 1);
    assert_eq!(shop.world.partner_files("archive").len(), 3, "each copy is archived");

    let ledger = shop.world.json(&["log", "orders-in", "--ledger"]);
    let verdicts: Vec<&str> = ledger.as_array().expect("a list").iter().map(|row| row["verdict"].as_str().expect("a verdict")).collect();
    assert_eq!(verdicts, ["duplicate", "duplicate", "new"]);

    // The same content under another name is held until someone decides.
    shop.world.drop_file("out/orders", "copy.xml", &order);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let held = shop.world.messages("orders-in").pop().expect("a message");
    assert_eq!(held["stage"], "held");
    assert!(held["reason"].as_str().is_some_and(|reason| reason.starts_with("C312")), "{held}");
    shop.world.consign(&["reprocess", held["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(shop.orders().await, 1, "the same order all the same");

    // The same name with new content is a new message: the order is brought up to date.
    let changed = order.replace("<Quantity>1</Quantity>", "<Quantity>9</Quantity>");
    shop.world.drop_file("out/orders", "order.xml", changed);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let lines = shop.world.odoo.search_read("sale.order.line", json!([]), &["product_uom_qty", "price_unit"]).await;
    assert_eq!((lines.len(), lines[0]["product_uom_qty"].as_f64(), lines[0]["price_unit"].as_f64()), (1, Some(9.0), Some(2.5)));
    assert_eq!(shop.orders().await, 1);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_still_being_written() {
    let shop = Shop::open().await;
    shop.world.replace("flows/orders-in.toml", &[("stable_for = \"0s\"", "stable_for = \"4s\"")]);
    let order = shop.order("W-1");
    shop.world.drop_file("out/orders", "growing.xml", &order[..50]);
    shop.world.drop_file("out/orders", "upload.xml.part", &order[..50]);
    let run = shop.world.prepared(&["run", "--once", "orders-in"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    std::thread::sleep(std::time::Duration::from_millis(2000));
    shop.world.drop_file("out/orders", "growing.xml", &order[..120]);
    let output = run.wait_with_output().expect("ends");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 not complete yet"), "{output:?}");
    assert_eq!(shop.world.partner_files("out/orders").len(), 2, "nothing is taken");
    assert_eq!(shop.world.messages("orders-in").len(), 0);
    shop.world.drop_file("out/orders", "growing.xml", &order);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.orders().await, 1);
    assert_eq!(shop.world.partner_files("out/orders"), ["upload.xml.part"]);
}

/// A run that cannot do its work: the file is kept, the message waits, and once the trouble is over it goes through, once.
async fn waits_and_recovers(shop: &Shop, trouble: impl FnOnce() -> Ran, code: &str) {
    shop.world.drop_file("out/orders", "order.xml", shop.order("O-1"));
    let ran = trouble();
    assert_eq!(ran.code, 2, "{ran:?}");
    let waiting = shop.world.messages("orders-in").pop().expect("a message");
    assert_eq!(waiting["stage"], "waiting", "{waiting}");
    assert!(waiting["reason"].as_str().is_some_and(|reason| reason.starts_with(code)), "{waiting}");
    assert_eq!(shop.world.partner_files("error"), Vec::<String>::new(), "the partner is not at fault");
    let errors = shop.world.consign(&["errors"]).ends(0);
    assert!(errors.out.contains(code) && errors.out.contains("owner: ops"), "{}", errors.out);
    shop.world.consign(&["reprocess", waiting["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(shop.orders().await, 1);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn odoo_down() {
    let shop = Shop::open().await;
    let url = shop.world.odoo.url.clone();
    let trouble = || {
        shop.world.replace("consign.toml", &[(&url, "http://127.0.0.1:9")]);
        let ran = shop.world.consign(&["run", "--once", "orders-in"]);
        shop.world.replace("consign.toml", &[("http://127.0.0.1:9", &url)]);
        ran
    };
    waits_and_recovers(&shop, trouble, "C501").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odoo_behind_a_proxy_that_loses_the_answer() {
    for (method, trouble, code) in [
        ("create", PlannedFault::StatusAfterCommit(502), "C507"),
        ("create", PlannedFault::Status(502), "C507"),
        ("action_confirm", PlannedFault::StatusAfterCommit(504), "C507"),
        ("action_confirm", PlannedFault::Busy, "C506"),
        ("create", PlannedFault::Status(503), "C506"),
    ] {
        let shop = Shop::open().await;
        shop.world.sandbox.as_ref().expect("a sandbox").expect_trouble(method, trouble);
        waits_and_recovers_quietly(&shop, code).await;
    }
}

/// As above, for troubles that the report does not lay at ops' door.
async fn waits_and_recovers_quietly(shop: &Shop, code: &str) {
    shop.world.drop_file("out/orders", "order.xml", shop.order("Q-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    let waiting = shop.world.messages("orders-in").pop().expect("a message");
    assert!(waiting["reason"].as_str().is_some_and(|reason| reason.starts_with(code)), "{waiting}");
    let id = waiting["id"].as_str().expect("an id");
    if code == "C507" {
        // Odoo may still be at it: even a person who asks keeps the time, and is told.
        let again = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
        assert!(again.out.contains("1 waiting"), "{}", again.out);
        let again = shop.world.consign(&["reprocess", id]).ends(2);
        assert!(again.out.contains("may still be executing the last call"), "{}", again.out);
        shop.world.consign_later(&["reprocess", id]).ends(0);
    } else {
        shop.world.consign(&["reprocess", id]).ends(0);
    }
    let orders = shop.world.odoo.search_read("sale.order", json!([]), &["state", "order_line"]).await;
    assert_eq!((orders.len(), orders[0]["state"].as_str(), orders[0]["order_line"].as_array().map(Vec::len)), (1, Some("sale"), Some(1)));
    assert_eq!(shop.world.odoo.count("stock.picking", json!([])).await, 1, "confirmed once");
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password() {
    let shop = Shop::open().await;
    waits_and_recovers(&shop, || shop.world.consign_with(&["run", "--once", "orders-in"], &[("CONSIGN_ODOO_PASSWORD", "hunter2")]), "C502")
        .await;
    let all = fs::read(shop.world.workspace().join("var/journal.sqlite")).expect("the journal");
    assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "no secret in the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_expired() {
    let shop = Shop::open().await;
    shop.world.set_dialect("json2");
    waits_and_recovers(&shop, || shop.world.consign_with(&["run", "--once", "orders-in"], &[("CONSIGN_ODOO_KEY", "expired")]), "C503")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_down_and_sftp_password_wrong() {
    let shop = Shop::open().await;
    shop.world.drop_file("out/orders", "order.xml", shop.order("S-1"));
    let port = format!("port = {}", shop.world.sftp.port);
    shop.world.replace("partners/nordwind.toml", &[(&port, "port = 9")]);
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.err.contains("error[C301]") && ran.err.contains("owner: ops"), "{}", ran.err);
    shop.world.replace("partners/nordwind.toml", &[("port = 9", &port)]);
    let ran = shop.world.consign_with(&["run", "--once", "orders-in"], &[("NORDWIND_PASSWORD", "wrong")]).ends(2);
    assert!(ran.err.contains("error[C302]"), "{}", ran.err);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.orders().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_lost_between_the_effect_and_the_shelf() {
    let shop = Shop::open().await;
    shop.world.drop_file("out/orders", "order.xml", shop.order("L-1"));
    // A file where the archive folder should be: the move cannot succeed, whoever we are.
    fs::write(shop.world.partner.join("archive"), "in the way").expect("written");
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.err.contains("error[C315]"), "{}", ran.err);
    assert_eq!(shop.orders().await, 1, "the effect is complete");
    fs::remove_file(shop.world.partner.join("archive")).expect("removed");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!((shop.orders().await, shop.world.partner_files("archive").len()), (1, 1), "only the move was repeated");
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_full() {
    let shop = Shop::open().await;
    let storage = shop.world.workspace().join("var");
    fs::create_dir_all(&storage).expect("a folder");
    // A small disk of its own for the storage, in a namespace of this test: as root, or as a user where the system allows that.
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        let command = command.args(["--mount", "--map-root-user", "sh", "-c", script]);
        command
            .env("CONSIGN_WORKSPACE", shop.world.workspace())
            .env("CONSIGN_ODOO_PASSWORD", &shop.world.odoo.password)
            .env("NORDWIND_PASSWORD", "secret");
        command.output()
    };
    let mount = format!("mount -t tmpfs -o size=3m tmpfs '{}'", storage.display());
    if !namespace(&mount).is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a tmpfs");
        eprintln!("LOUD: no tmpfs can be mounted here; disk full was NOT tested");
        return;
    }
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("{text}\n\n[keep]\nreserve = 0\n")).expect("written");
    shop.world.drop_file("out/orders", "order.xml", shop.order("F-1"));
    // Larger than what will be left of the disk, so that the spool and not the journal meets the end of it.
    let large = shop.world.dir.path().join("large.xml");
    let sample = fs::read_to_string(shop.world.workspace().join("samples/orders-in/order-1001.xml")).expect("a sample");
    fs::write(&large, sample.replace("<Order>", &format!("<!--{}--><Order>", "x".repeat(800_000)))).expect("written");
    let script = format!(
        "{mount} && '{0}' run --once orders-in >/dev/null; room=$(df --output=avail -k '{1}' | tail -n 1); head -c $(((room - 400) * 1024)) /dev/zero > '{1}/ballast'; \
         cp '{2}' '{3}'; '{0}' run --once orders-in; code=$?; rm '{1}/ballast'; '{0}' run --once orders-in && exit $code",
        env!("CARGO_BIN_EXE_consign"),
        storage.display(),
        large.display(),
        shop.world.partner.join("out/orders/second.xml").display(),
    );
    // The second order needs its buyer and its products.
    shop.world.odoo.create("res.partner", json!({"name": "Nordwind Logistics", "vat": "DK12345674"})).await;
    for (code, barcode) in [("L-100", "5701234000013"), ("L-200", "5701234000020")] {
        shop.world.odoo.create("product.product", json!({"name": code, "default_code": code, "barcode": barcode})).await;
    }
    let output = namespace(&script).expect("runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("error[C307]"), "{told}");
    assert_eq!(shop.orders().await, 2, "both orders, each once");
    assert_eq!(shop.world.partner_files("out/orders"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_ours_that_breaks_its_schema_is_not_sent() {
    let shop = Shop::open().await;
    let world = &shop.world;
    world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&shop.product, 5.0)]));
    world.drop_file("out/orders", "order.xml", shop.order("N-1"));
    world.consign(&["run", "--once", "stock-in", "orders-in"]).ends(0);
    world.replace("templates/despatch-advice.xml", &[("<SalesOrderNumber>", "<SalesOrder>"), ("</SalesOrderNumber>", "</SalesOrder>")]);
    world.consign(&["run", "--once", "despatch-out"]).ends(1);
    let sent =
        || world.partner_files("in").into_iter().filter(|file| file.ends_with(".xml") || file.ends_with(".part")).collect::<Vec<_>>();
    assert_eq!(sent(), Vec::<String>::new(), "nothing reached the partner");
    let failed = world.messages("despatch-out").pop().expect("a message");
    assert_eq!(failed["stage"], "failed");
    let show = world.consign(&["show", failed["id"].as_str().expect("an id")]).ends(0);
    assert!(
        show.out.contains("error[C230]") && show.out.contains("error[C210]: `SalesOrder` is not an element of `DespatchAdvice`"),
        "{}",
        show.out
    );
    world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(), Vec::<String>::new(), "and it is not tried again and again");

    world.replace("templates/despatch-advice.xml", &[("<SalesOrder>", "<SalesOrderNumber>"), ("</SalesOrder>", "</SalesOrderNumber>")]);
    world.consign(&["reprocess", failed["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(sent().len(), 1, "sent once it is mended");
    all_at_rest(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_empty_in_odoo_leaves_no_hole_in_a_document() {
    let shop = Shop::open().await;
    let world = &shop.world;
    world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&shop.product, 5.0)]));
    world.drop_file("out/orders", "order.xml", shop.order("H-1"));
    world.consign(&["run", "--once", "stock-in", "orders-in"]).ends(0);
    world.replace("templates/despatch-advice.xml", &[("{{ record.company_id.name }}", "{{ record.partner_id.country_id }}")]);
    world.consign(&["run", "--once", "despatch-out"]).ends(1);
    let failed = world.messages("despatch-out").pop().expect("a message");
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.starts_with("C110")), "{failed}");
    assert_eq!(world.partner_files("in"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_utf8_is_a_name_like_others() {
    let shop = Shop::open().await;
    shop.world.replace("partners/nordwind.toml", &[("kind = \"sftp\"", "kind = \"local\"")]);
    let text = fs::read_to_string(shop.world.workspace().join("partners/nordwind.toml")).expect("a file");
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !["host", "port", "user", "password", "timeout", "path"].iter().any(|key| line.starts_with(key)))
        .collect();
    fs::write(
        shop.world.workspace().join("partners/nordwind.toml"),
        format!("{}\npath = \"{}\"\n", kept.join("\n"), shop.world.partner.display()),
    )
    .expect("written");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.xml");
    fs::write(shop.world.partner.join("out/orders").join(name), "x").expect("dropped");
    shop.world.drop_file("out/orders", "good.xml", shop.order("K-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert_eq!(shop.orders().await, 1);
    let refused = shop.world.messages("orders-in").into_iter().find(|message| message["stage"] == "failed").expect("a message");
    let log = shop.world.consign(&["log", "orders-in"]).ends(0);
    assert!(log.out.contains("caf\\xe9.xml"), "shown so that anybody can read it: {} {refused}", log.out);
    let moved = fs::read_dir(shop.world.partner.join("error")).expect("a folder").flatten();
    assert_eq!(moved.filter(|entry| entry.file_name().as_bytes().starts_with(b"caf-.")).count(), 2, "the file and its report");
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_with_mistakes() {
    let world = World::embedded().await;
    world.replace("flows/orders-in.toml", &[("schedule  =", "shcedule  ="), ("partner   = \"nordwind\"", "partner   = \"nordwnd\"")]);
    world.replace("mappings/order.toml", &[("\"Buyer/VatNumber\"", "\"Buyer/VatNumbr\"")]);
    world.replace("consign.toml", &[("database =", "databse =")]);
    let ran = world.consign(&["run", "--once"]).ends(1);
    for sign in [
        "error[C103]: this file has no key `shcedule`",
        "did you mean `schedule`?",
        "there is no partner `nordwnd`",
        "did you mean `nordwind`?",
        "[odoo] has no key `databse`",
    ] {
        assert!(ran.err.contains(sign), "{sign} is missing in:\n{}", ran.err);
    }
    assert!(ran.err.contains("flows/orders-in.toml:8:1"), "{}", ran.err);
}
