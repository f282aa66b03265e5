//! Real documents of partners, each with the verdict that is expected of it.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use consign::{
    format::{ByteSource, Limits, xml},
    model::{Events, Problem, Problems},
    schema::{CompileOptions, Schema, ValidatedFile},
};

use crate::{ratchet, shared};

#[test]
fn the_corpus_agrees() {
    let Some(corpus) = shared("corpus") else { return };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).expect("the manifest");
    let mut schemas: HashMap<String, Result<Schema, Problems>> = HashMap::new();
    let (mut judged, mut differs) = (0, BTreeMap::new());
    for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let (file, root, schema, expected) = (row[1], row[2], row[3], row[4]);
        // Tables are read by `tables.rs`; what is no document of a flow at all is refused when it is read.
        let problems = match expected {
            "valid" | "invalid" | "malformed" => {
                // What is not well-formed need not have a schema to be refused by.
                if schema.is_empty() {
                    assert!(!read(&corpus.join(file)).is_empty(), "{file}");
                    judged += 1;
                    continue;
                }
                let compiled = schemas.entry(schema.to_string()).or_insert_with(|| {
                    Schema::compile_all(
                        &corpus,
                        &[schema.to_string()],
                        CompileOptions { catalog: Some(corpus.join("catalog.xml")), ..CompileOptions::default() },
                    )
                });
                match compiled {
                    Ok(schema) => judge(schema, &corpus.join(file)),
                    Err(problems) => problems.to_vec(),
                }
            }
            "not-accepted" | "not-xml" => read(&corpus.join(file)),
            // No schema for that root is present: nothing may be guessed, so any schema of the family refuses the root.
            "no-schema" => continue,
            _ => continue,
        };
        judged += 1;
        let found = problems.is_empty();
        let what = format!("{file} {schema}");
        if found != (expected == "valid") {
            let how = problems.first().map_or_else(|| "valid".to_string(), ToString::to_string).replace('\n', " ");
            differs.insert(what, format!("expected {expected}, root {root}: {how}"));
        } else if let Some(problem) = problems.first() {
            let has_place = problem.place.line.is_some() || problem.code.as_str() == "C201";
            assert!(has_place, "{file}: wherever something is wrong, the place is told: {problem}");
            let malformed = ["C201", "C202", "C203", "C204"].contains(&problem.code.as_str());
            assert!(
                expected != "malformed" || problems.iter().any(|problem| ["C201", "C202", "C203", "C204"].contains(&problem.code.as_str())),
                "{file}: {problem}"
            );
            assert!(expected != "invalid" || !malformed || problem.code.as_str() == "C204", "{file}: {problem}");
        }
    }
    println!("corpus: {} of {judged} rows agree", judged - differs.len());
    assert!(judged > 1300, "{judged}");
    ratchet::hold("corpus.tsv", &differs);
}

/// The verdict of a flow that lets a bare DOCTYPE pass, as the other validators do whose majority is the expectation.
fn judge(schema: &Schema, file: &Path) -> Vec<Problem> {
    let (source, name) = (ByteSource::File(file.to_path_buf()), file.file_name().unwrap().to_string_lossy().into_owned());
    let own = name.clone();
    let read = move |judge: &mut dyn Events| {
        let options = xml::XmlOptions { doctype: xml::Doctype::SkipBare, several: false };
        xml::stream(&source, &own, &Limits::default(), options, judge).map_err(Problems::from)
    };
    schema.judge(&ValidatedFile::named(&name), read).1
}

fn read(file: &Path) -> Vec<Problem> {
    xml::read(&fs::read(file).expect("a file"), "file", &Limits::default()).err().into_iter().collect()
}
