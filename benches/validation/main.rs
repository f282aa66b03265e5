//! `cargo bench --bench validation`: a UBL invoice and an order full of keys and facets, of 50 MB each, by consign and by others in one
//! run, and beside a plain quick-xml pass. Peers that are not installed are left out and named; so is UBL where `../shared/corpus` is
//! absent.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a benchmark ends by panicking")]

mod peers;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use consign::{
    format::{ByteSource, Limits, xml},
    model::{Events, Problems},
    schema::{Schema, ValidatedFile},
};
use quick_xml::events::Event;

const ROUNDS: usize = 5;
const MB: usize = 1_000_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let order = folder.path().join("order.xml");
    write(&order, 50 * MB, ORDER_HEAD, order_line, "</Order>\n");
    let corpus = own.join("../shared/corpus");
    let ubl = corpus.join("ubl-2.1/schemas/maindoc/UBL-Invoice-2.1.xsd");
    if ubl.exists() {
        let invoice = folder.path().join("invoice.xml");
        write(&invoice, 50 * MB, INVOICE_HEAD, invoice_line, "</Invoice>\n");
        compare("UBL invoice", &corpus.join("ubl-2.1/schemas"), "maindoc/UBL-Invoice-2.1.xsd", &invoice, folder.path());
        let large = folder.path().join("large.xml");
        write(&large, 500 * MB, INVOICE_HEAD, invoice_line, "</Invoice>\n");
        memory(&ubl, &large, folder.path());
    } else {
        println!("LOUD: ../shared/corpus is absent: UBL was NOT measured");
    }
    compare("order with keys and facets", &own.join("benches/validation"), "order-keys.xsd", &order, folder.path());
}

/// One document by all, several times; medians.
fn compare(what: &str, jail: &Path, name: &str, file: &Path, folder: &Path) {
    let size = fs::metadata(file).expect("there").len() as f64 / MB as f64;
    let schema = Schema::compile(jail, name).expect("compiles");
    let ours = median(|| {
        let problems = judge(&schema, file);
        assert_eq!(problems, Vec::<String>::new());
    });
    let bare = median(|| {
        let mut reader = quick_xml::Reader::from_reader(std::io::BufReader::with_capacity(64 << 10, fs::File::open(file).expect("opens")));
        let mut buffer = Vec::new();
        while !matches!(reader.read_event_into(&mut buffer).expect("well-formed"), Event::Eof) {
            buffer.clear();
        }
    });
    let rate = |time: Duration| size / time.as_secs_f64();
    println!("\n{what}, {size:.0} MB, {ROUNDS} rounds, medians");
    println!(
        "  in one process, schema compiled: {:.1} MB/s; a plain quick-xml pass {:.0} MB/s, ratio 1 : {:.1}",
        rate(ours),
        rate(bare),
        rate(bare) / rate(ours)
    );
    println!("  as whole commands, schema compiled each time:");
    for peer in peers::all(folder) {
        match peer.measure(&jail.join(name), file, ROUNDS) {
            Ok(cost) => println!("    {:32} {:6.1} MB/s  {:6} MB of memory", peer.name, rate(cost.time), cost.memory),
            Err(why) => println!("    {:32} {why}", peer.name),
        }
    }
}

/// How much memory a large document takes above the compiled schema.
fn memory(schema: &Path, large: &Path, folder: &Path) {
    let small = folder.join("small.xml");
    write(&small, 1, INVOICE_HEAD, invoice_line, "</Invoice>\n");
    let ours = &peers::all(folder)[0];
    let (least, most) = (ours.measure(schema, &small, 1).expect("valid"), ours.measure(schema, large, 1).expect("valid"));
    let size = fs::metadata(large).expect("there").len() as f64 / MB as f64;
    println!(
        "\na UBL invoice of {size:.0} MB: {:.1} s, {} MB of memory; {} MB with one line, so {} MB above the compiled schema",
        most.time.as_secs_f64(),
        most.memory,
        least.memory,
        most.memory.saturating_sub(least.memory)
    );
}

fn judge(schema: &Schema, file: &Path) -> Vec<String> {
    let source = ByteSource::File(file.to_path_buf());
    let limits = Limits { bytes: u64::MAX, ..Limits::default() };
    let read =
        move |judge: &mut dyn Events| xml::stream(&source, "bench", &limits, xml::XmlOptions::default(), judge).map_err(Problems::from);
    schema.judge(&ValidatedFile::named("bench"), read).1.iter().map(ToString::to_string).collect()
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn write(path: &PathBuf, bytes: usize, head: &str, line: fn(usize) -> String, tail: &str) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).expect("made"));
    let (mut written, mut number) = (head.len(), 1);
    file.write_all(head.as_bytes()).expect("written");
    while written < bytes || number == 1 {
        let text = line(number);
        written += text.len();
        number += 1;
        file.write_all(text.as_bytes()).expect("written");
    }
    file.write_all(tail.as_bytes()).expect("written");
}

const ORDER_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Order>\n  <Number>PO-1</Number>\n  <Location code=\"WH-1\"/>\n  <Location code=\"WH-2\"/>\n  <Location code=\"WH-3\"/>\n";

fn order_line(number: usize) -> String {
    format!(
        "  <Line location=\"WH-{}\">\n    <No>{number}</No>\n    <Gtin>57012{:08}</Gtin>\n    <Serial>S-{number}</Serial>\n    <Quantity>{}.5</Quantity>\n    <Price>{}.25</Price>\n    <Unit>{}</Unit>\n    <Delivery>2026-11-{:02}</Delivery>\n  </Line>\n",
        number % 3 + 1,
        number % 100_000,
        number % 1000 + 1,
        number % 5000,
        ["C62", "KGM", "LTR", "MTR"][number % 4],
        number % 30 + 1
    )
}

const INVOICE_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>INV-1</cbc:ID>
  <cbc:IssueDate>2026-11-20</cbc:IssueDate>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Lumen</cbc:Name></cac:PartyName></cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Harbour Retail</cbc:Name></cac:PartyName></cac:Party></cac:AccountingCustomerParty>
  <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">100.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
"#;

fn invoice_line(number: usize) -> String {
    format!(
        r#"  <cac:InvoiceLine>
    <cbc:ID>{number}</cbc:ID>
    <cbc:InvoicedQuantity unitCode="C62">{}</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="EUR">{}.50</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Description>An article with a description that says what it is, number {number}</cbc:Description>
      <cbc:Name>Article {number}</cbc:Name>
      <cac:SellersItemIdentification><cbc:ID>A-{number}</cbc:ID></cac:SellersItemIdentification>
      <cac:StandardItemIdentification><cbc:ID schemeID="0160">57012{:08}</cbc:ID></cac:StandardItemIdentification>
      <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.0</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="EUR">12.{:02}</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
"#,
        number % 90 + 1,
        number % 1000,
        number % 100_000,
        number % 100
    )
}
