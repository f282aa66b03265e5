//! Documents that others wrote, read where they lie: `../shared/corpus`. Where it is absent that is said loudly.

use std::{fs, path::Path, sync::Arc};

use consign::{
    format::{Limits, xml},
    schema::Schema,
};

/// Verdicts of the manifest over the UBL 2.1 family, our engine against the majority of three others.
#[test]
fn ubl_documents_are_judged_as_by_others() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(manifest) = fs::read_to_string(corpus.join("MANIFEST.tsv")) else {
        eprintln!("LOUD: ../shared/corpus is absent: the documents of others were NOT tested");
        return;
    };
    let mut schemas = std::collections::HashMap::new();
    let (mut judged, mut wrong) = (0, Vec::new());
    for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let (family, file, schema, expected) = (row[0], row[1], row[3], row[4]);
        if family != "ubl-2.1" || !matches!(expected, "valid" | "invalid" | "malformed") {
            continue;
        }
        let name = schema.trim_start_matches("ubl-2.1/schemas/").to_string();
        let compiled =
            schemas.entry(name.clone()).or_insert_with(|| Schema::compile(&corpus.join("ubl-2.1/schemas"), &name).expect("compiles"));
        let problems = match xml::read(&fs::read(corpus.join(file)).expect("a file"), file, &Limits::default()) {
            Ok(document) => compiled.validate(Arc::new(document), file),
            Err(problem) => vec![problem],
        };
        judged += 1;
        if problems.is_empty() != (expected == "valid") {
            wrong.push(format!("{file}: expected {expected}, found {problems:?}"));
        }
        // Wherever something is wrong, the place is told.
        if let Some(first) = problems.first() {
            assert!(first.place.line.is_some() || first.code.info().code == "C203", "{file}: {first}");
        }
    }
    assert!(judged > 140, "{judged}");
    assert_eq!(wrong, Vec::<String>::new(), "of {judged}");
}
