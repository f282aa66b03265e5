//! Real documents of partners through the mappings of the library.

use std::{fs, path::Path};

#[path = "../common/library.rs"]
pub mod workspace;
use workspace as library;

/// Documents that others wrote, by flow: how many go through, at least. What does not is told with a reason of the document's own (a unit
/// that the table does not have, an item without any number).
#[test]
fn real_documents_go_through_the_mappings() {
    let dir = tempfile::tempdir().expect("a folder");
    if !library::workspace(dir.path()) {
        return;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).expect("the manifest");
    let rows: Vec<Vec<&str>> = manifest.lines().map(|line| line.split('\t').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|column| *column == name).expect("a column");
    let (file, root, schema, expected) = (column("file"), column("root"), column("schema"), column("expected"));
    for (flow, of_root, of_schema, least) in [
        ("ubl-order-in", "Order", "UBL-Order-2.1.xsd", 47),
        ("ubl-order-change-in", "OrderChange", "UBL-OrderChange-2.1.xsd", 1),
        ("ubl-order-cancellation-in", "OrderCancellation", "UBL-OrderCancellation-2.1.xsd", 4),
        ("ubl-catalogue-in", "Catalogue", "UBL-Catalogue-2.1.xsd", 4),
        ("ubl-inventory-report-in", "InventoryReport", "UBL-InventoryReport-2.1.xsd", 1),
        ("ubl-invoice-in", "Invoice", "UBL-Invoice-2.1.xsd", 262),
        ("opentrans-orders-in", "ORDER", "opentrans_2_1.xsd", 9),
        ("camt053-in", "Document", "camt.053.001.02.xsd", 5),
    ] {
        let documents = rows.iter().skip(1).filter(|row| {
            row.get(expected) == Some(&"valid")
                && row.get(root).is_some_and(|name| name.rsplit('}').next() == Some(of_root))
                && row.get(schema).is_some_and(|name| name.ends_with(of_schema))
        });
        let (mut through, mut told) = (0, Vec::new());
        for row in documents {
            let path = corpus.join(row[file]);
            let ran = library::consign(dir.path(), &["plan", flow, &path.display().to_string()]);
            match ran.0 {
                0 => through += 1,
                1 => told.push(format!("{}: {}", row[file], ran.1.lines().find(|line| line.starts_with("error")).unwrap_or_default())),
                _ => panic!("{}: {}", row[file], ran.1),
            }
        }
        println!("library: {flow}: {through} real documents planned, {} told", told.len());
        assert!(through >= least, "{flow}: {through} of at least {least}\n{}", told.join("\n"));
        let own = |line: &String| ["C40", "C204", "C206"].iter().any(|code| line.contains(code));
        assert!(told.iter().all(own), "{}", told.join("\n"));
    }
}
