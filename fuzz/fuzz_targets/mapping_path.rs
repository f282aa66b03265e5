//! Any text as a path of a mapping: compiled or refused with a sentence, and what is compiled finds its way through a document,
//! never with a panic.
#![no_main]

use std::sync::OnceLock;

use consign::{
    format::{Limits, within::Steps, xml},
    mapping::path::Path,
    model::Document,
};
use libfuzzer_sys::fuzz_target;

fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = b"<a xmlns:p='urn:p'><b id='1'>x</b><b id='2'><p:c>y</p:c></b><b>z<a><b/></a></b></a>";
        xml::read(text, "f", &Limits::default()).expect("well-formed")
    })
}

fuzz_target!(|text: &str| {
    let _ = Steps::parse(text);
    if let Ok(path) = Path::parse(text, &[("p".to_string(), "urn:p".to_string())]) {
        assert_eq!(Path::parse(&path.to_string(), &[("p".to_string(), "urn:p".to_string())]).as_ref(), Ok(&path), "a path is read again from what is shown");
        for node in 0..document().len() {
            let found = path.find(document(), node);
            assert!(found.iter().all(|found| found.node() < document().len()));
        }
    }
});
