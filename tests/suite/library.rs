//! The library of documents: its flows fit, and its samples give what was recorded.

use crate::common::library;

#[test]
fn a_flow_of_the_library_is_copied_into_a_workspace() {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = dir.path().join("ws");
    assert_eq!(library::consign(dir.path(), &["init", &workspace.display().to_string()]).0, 0);
    let (code, text) = library::consign(&workspace, &["library"]);
    assert!(code == 0 && text.contains("ubl-order-in") && text.contains("wms-stock-csv-in"), "{text}");
    let (code, text) = library::consign(&workspace, &["library", "add", "wms-receipts-csv-in", "--partner", "lumen"]);
    assert!(
        code == 0 && text.contains("mappings/wms-receipts-csv.toml") && text.contains("samples/wms-receipts-csv-in/one-receipt/input.csv"),
        "{text}"
    );
    assert_eq!(library::consign(&workspace, &["check"]).0, 0);
    let (code, text) = library::consign(&workspace, &["test", "wms-receipts-csv-in"]);
    assert!(code == 0 && text.contains("2 samples: all as expected"), "{text}");
    let (code, text) = library::consign(&workspace, &["library", "add", "wms-receipt-csv-in", "--partner", "lumen"]);
    assert!(code == 2 && text.contains("did you mean `wms-receipts-csv-in`?"), "{text}");
}

/// What is embedded is what lies in the repository.
#[test]
fn every_file_of_the_library_is_embedded() {
    fn below(folder: &std::path::Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() { below(&entry.path(), into) } else { into.push(entry.path().display().to_string()) }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("src/cli/library_files.rs")).expect("the list");
    for folder in ["flows", "mappings", "samples", "tables", "templates"] {
        let mut files = Vec::new();
        below(&root.join("samples/library").join(folder), &mut files);
        for file in files {
            let name = file.split("samples/library/").last().expect("a name");
            assert!(list.contains(&format!("\"{name}\",")), "{name} is not embedded");
        }
    }
}

#[test]
fn the_library_fits_and_its_samples_give_what_was_recorded() {
    let dir = tempfile::tempdir().expect("a folder");
    let complete = library::workspace(dir.path());
    let ran = library::consign(dir.path(), &["check"]);
    assert_eq!(ran.0, 0, "{}", ran.1);
    let ran = library::consign(dir.path(), &["test"]);
    assert_eq!(ran.0, 0, "{}", ran.1);
    let count = ran.1.lines().filter(|line| line.ends_with(" ok")).count();
    assert!(count >= if complete { 43 } else { 14 }, "{}", ran.1);
}
