//! A flow made of a real document and its schema, for which nobody prepared a mapping: it fits at once, and plans the document.

use std::{fs, path::Path};

use crate::library::workspace;

/// Corpus folder, folder below `schemas/`, schema, document, model.
const NEW: [(&str, &str, &str, &str, &str); 6] = [
    ("bmecat-2005", "bmecat-2005", "bmecat_2005_1.xsd", "valid/naugrimm/address_with_all_properties.xml", "product.template"),
    ("ebinterface", "ebinterface", "6.0/ebinterface-6.0.xsd", "valid/phax/ebinterface_6p0_sample_ecosio.xml", "account.move"),
    ("gs1-epcis-1.2", "gs1-epcis-1.2", "EPCglobal-epcis-1_2.xsd", "valid/gs1/AggregationEvent.xml", "stock.picking"),
    ("facturx-en16931", "facturx", "FACTUR-X_EN16931.xsd", "valid/mustang/01.01a-INVOICE.cii.xml", "account.move"),
    ("ubl-2.1", "ubl-2.1", "maindoc/UBL-Quotation-2.1.xsd", "valid/oasis/UBL-Quotation-2.1-Example.xml", "purchase.order"),
    (
        "ubl-2.1",
        "ubl-2.1",
        "maindoc/UBL-StockAvailabilityReport-2.1.xsd",
        "valid/oasis/UBL-StockAvailabilityReport-2.1-Example.xml",
        "stock.quant",
    ),
];

#[test]
fn a_flow_made_of_a_real_document_fits_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    if !workspace::workspace(dir.path()) {
        return;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let mut filled = 0;
    for (at, (folder, of, schema, document, model)) in NEW.iter().enumerate() {
        let to = dir.path().join("schemas").join(of);
        if !to.exists() {
            workspace::copy(&corpus.join(folder).join("schemas"), &to);
        }
        let (flow, document) = (format!("new-{at}"), corpus.join(folder).join(document).display().to_string());
        let schema = format!("{of}/{schema}");
        let made = workspace::consign(dir.path(), &["new", "flow", &flow, "--sample", &document, "--schema", &schema, "--model", model]);
        assert_eq!(made.0, 0, "{document}: {}", made.1);
        let said = made.1.lines().find(|line| line.contains("values filled in")).unwrap_or_default().trim().to_string();
        let count: usize = said.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default();
        println!("skeleton: {schema} to {model}: {said}");
        filled += count;
        let plan = workspace::consign(dir.path(), &["plan", &flow, &document]);
        assert!(plan.0 <= 1 && !plan.1.contains("panicked"), "{document}: {}", plan.1);
        // What a first version leaves open is told as values that are missing, and nothing else.
        assert!(plan.1.lines().filter(|line| line.starts_with("error")).all(|line| line.contains("C40")), "{document}: {}", plan.1);
    }
    let check = workspace::consign(dir.path(), &["check"]);
    assert_eq!(check.0, 0, "{}", check.1);
    assert!(filled >= NEW.len(), "{filled} values filled in");
    let text = fs::read_to_string(dir.path().join("mappings/new-4.toml")).expect("a mapping");
    assert!(text.contains("# "), "what is left is there as comments: {text}");
}
