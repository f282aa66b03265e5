//! The figures of `docs/performance.md`: `cargo bench`. Each is a ratio to a simpler pass over the same bytes in the same run, or a
//! count that does not depend on the machine.
#![allow(clippy::expect_used, reason = "a benchmark that cannot set itself up has nothing to report")]

use std::{
    fs,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use consign::{
    format::{ByteSource, Limits, tree::Builder, xml},
    model::{Events, Problems, events::Both},
    odoo::sandbox::{self, Sandbox},
    pipeline::Engine,
    schema::{Schema, ValidatedFile},
    storage::digest,
};
use quick_xml::events::Event;

const ROUNDS: usize = 5;

fn main() {
    println!("| what | figure | beside it, in the same run |\n|---|---|---|");
    validation();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(flows());
}

/// The median of a few rounds.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

#[allow(clippy::cast_precision_loss, reason = "a figure to read, not to count with")]
fn per_second(amount: usize, time: Duration) -> f64 {
    amount as f64 / time.as_secs_f64()
}

/// Reading and validating 20 MB of stock levels, beside a bare quick-xml pass.
fn validation() {
    let mut text = String::from(
        "<?xml version=\"1.0\"?>\n<StockLevels>\n  <CountedAt>2026-11-20T18:00:00Z</CountedAt>\n  <Location>WH/Stock</Location>\n",
    );
    let mut number = 0;
    while text.len() < 20_000_000 {
        text.push_str(&format!("  <Level>\n    <Gtin>57012340{number:05}</Gtin>\n    <SupplierCode>L-{number}</SupplierCode>\n    <Quantity>{}.5</Quantity>\n  </Level>\n", number % 1000));
        number = (number + 1) % 100_000;
    }
    text.push_str("</StockLevels>\n");
    let schema = Schema::compile(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas"), "stock-levels.xsd").expect("compiles");
    let source = ByteSource::from(text.as_bytes());
    let ours = median(|| {
        let source = source.clone();
        let read = move |judge: &mut dyn Events| {
            let mut tree = Builder::new(usize::MAX);
            let both = &mut Both(judge, &mut tree);
            xml::stream(&source, "bench", &Limits::default(), xml::XmlOptions::default(), both)?;
            tree.one("bench").map_err(Problems::from)
        };
        let (document, problems) = schema.judge(&ValidatedFile::named("bench"), read);
        assert!(document.is_some() && problems.is_empty(), "{problems:?}");
    });
    let bare = median(|| {
        let mut reader = quick_xml::Reader::from_str(&text);
        while !matches!(reader.read_event().expect("well-formed"), Event::Eof) {}
    });
    let rate = |time: Duration| per_second(text.len(), time) / 1e6;
    println!(
        "| read and validate 20 MB | {:.0} MB/s | bare quick-xml pass {:.0} MB/s, ratio 1 : {:.1} |",
        rate(ours),
        rate(bare),
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}

/// A workspace of the samples on local drops, in front of a sandbox.
async fn scene(dir: &Path, sandbox: &Sandbox) -> Engine {
    let done = Command::new(env!("CARGO_BIN_EXE_consign")).arg("init").arg(dir).output().expect("starts");
    assert!(done.status.success());
    fs::write(dir.join("password"), sandbox::LOGIN).expect("written");
    let odoo = format!(
        "[odoo]\nurl = \"{}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword = {{ file = \"password\" }}\n",
        sandbox.url(),
        sandbox::DATABASE,
        sandbox::LOGIN
    );
    fs::write(dir.join("consign.toml"), odoo).expect("written");
    fs::write(dir.join("partners/nordwind.toml"), "name = \"Nordwind\"\n[drop]\nkind = \"local\"\npath = \"drops/nordwind\"\n")
        .expect("written");
    for flow in ["orders-in", "products-in", "stock-in"] {
        let path = dir.join(format!("flows/{flow}.toml"));
        let text = fs::read_to_string(&path).expect("a flow");
        fs::write(path, format!("stable_for = \"0s\"\n{text}")).expect("written");
    }
    for folder in ["drops/nordwind/out/orders", "drops/nordwind/out/stock", "drops/lumen/products"] {
        fs::create_dir_all(dir.join(folder)).expect("a folder");
    }
    let workspace = consign::endpoint::load(dir).expect("fits");
    Engine::open(Arc::new(workspace)).await.expect("opens")
}

async fn flows() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().join("workspace");
    let sandbox = Sandbox::start(0).await.expect("a sandbox");
    let engine = scene(&dir, &sandbox).await;
    let counted = |before: usize, sandbox: &Sandbox| sandbox.calls().len() - before;

    let mut list = String::from("Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\n");
    for number in 0..1000 {
        list.push_str(&format!("B-{number};;Lampe {number};{number},50;0,5\r\n"));
    }
    fs::write(dir.join("drops/lumen/products/list.csv"), list).expect("dropped");
    let before = sandbox.calls().len();
    let started = Instant::now();
    assert_eq!(engine.run("products-in").await.done, 1);
    println!(
        "| 1,000 products from CSV, created | {:.2} s | {} calls to Odoo, signing in included |",
        started.elapsed().as_secs_f64(),
        counted(before, &sandbox)
    );

    let mut levels = String::from("<StockLevels><CountedAt>2026-11-20T18:00:00Z</CountedAt><Location>WH/Stock</Location>");
    for number in 0..1000 {
        levels.push_str(&format!("<Level><SupplierCode>B-{number}</SupplierCode><Quantity>{number}</Quantity></Level>"));
    }
    levels.push_str("</StockLevels>");
    fs::write(dir.join("drops/nordwind/out/stock/levels.xml"), levels).expect("dropped");
    let before = sandbox.calls().len();
    assert_eq!(engine.run("stock-in").await.done, 1);
    println!("| 1,000 stock levels, applied | {} calls to Odoo | |", counted(before, &sandbox));

    let customer = "{\"jsonrpc\":\"2.0\",\"method\":\"call\",\"id\":1,\"params\":{\"service\":\"object\",\"method\":\"execute_kw\",\"args\":[\"sandbox\",2,\"admin\",\"res.partner\",\"create\",[[{\"name\":\"Bench\"}]],{}]}}";
    reqwest::Client::new()
        .post(format!("{}/jsonrpc", sandbox.url()))
        .header("content-type", "application/json")
        .body(customer)
        .send()
        .await
        .expect("created");
    let orders = 300;
    let folder = dir.join("drops/nordwind/out/orders");
    let mut bytes = Vec::new();
    for number in 0..orders {
        let lines: String = (1..=5).map(|line| format!("<Line><LineNumber>{line}</LineNumber><SupplierCode>B-{line}</SupplierCode><Quantity>2</Quantity><UnitPrice>3.5</UnitPrice></Line>")).collect();
        let text = format!(
            "<Order><OrderNumber>N-{number}</OrderNumber><OrderDate>2026-11-20</OrderDate><Buyer><Name>Bench</Name></Buyer><Lines>{lines}</Lines></Order>"
        );
        fs::write(folder.join(format!("order-{number}.xml")), &text).expect("dropped");
        bytes.push(text);
    }
    let spare = dir.join("spare");
    fs::create_dir_all(&spare).expect("a folder");
    let bare = median(|| {
        for (number, text) in bytes.iter().enumerate() {
            let path = spare.join(number.to_string());
            let mut file = fs::File::create(&path).expect("a file");
            std::io::Write::write_all(&mut file, text.as_bytes()).expect("written");
            file.sync_all().expect("on disk");
            std::hint::black_box(digest(&fs::read(&path).expect("read")));
        }
    });
    let before = sandbox.calls().len();
    let started = Instant::now();
    assert_eq!(engine.run("orders-in").await.done, orders);
    let time = started.elapsed();
    println!(
        "| orders of 5 lines: local drop, journal, sandbox, archive | {:.0} files/s, {:.1} calls to Odoo a file | writing, syncing and hashing the same files {:.0} files/s, ratio 1 : {:.1} |",
        per_second(orders, time),
        per_second(counted(before, &sandbox), time) / per_second(orders, time),
        per_second(orders, bare),
        time.as_secs_f64() / bare.as_secs_f64()
    );
}
