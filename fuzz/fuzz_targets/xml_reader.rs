//! Any bytes as an XML file: read or refused with one problem at a place, within the limits, never a panic. What is read as a tree and
//! what is judged by a schema is the same document, and a refused file is refused by both.
#![no_main]

use std::sync::OnceLock;

use consign::{
    format::{Limits, Source, end::xml_is_cut, tree::Builder, xml},
    model::{Events, events::Both},
    schema::{File, Schema},
};
use libfuzzer_sys::fuzz_target;

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::compile(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas")), "order.xsd").expect("compiles"))
}

fuzz_target!(|data: &[u8]| {
    xml_is_cut(data);
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let alone = xml::read(data, "f", &limits);
    let (source, bounds) = (Source::from(data), limits.clone());
    let read = move |judge: &mut dyn Events| {
        let mut tree = Builder::new(bounds.elements);
        xml::stream(&source, "f", &bounds, xml::Options::default(), &mut Both(judge, &mut tree))?;
        tree.one("f").map_err(Problems::from)
    };
    let (document, problems) = schema().judge(&File::named("f"), read);
    match (alone, document) {
        (Ok(one), Some(other)) => assert_eq!(one.len(), other.len()),
        (Err(problem), None) => assert!(problems.contains(&problem), "{problem} is not in {problems:?}"),
        (one, other) => panic!("read {} alone and {} while judged", one.is_ok(), other.is_some()),
    }
    for problem in &problems {
        assert!(problem.message.len() < 10_000 && !problem.to_string().is_empty());
    }
    // Several documents in one file, and a DOCTYPE that is skipped.
    let options = xml::Options { doctype: xml::Doctype::SkipBare, several: true };
    let mut tree = Builder::new(limits.elements);
    let _ = xml::stream(&Source::from(data), "f", &limits, options, &mut tree);
});
