//! What fuzzing found, as tests: each input once broke something.

use std::collections::HashMap;

use consign::{
    format::{
        Limits,
        csv::{self, CsvDialect, Ragged, Trailer},
        decode::Undecodable,
        xml,
    },
    mapping::path::Path,
};

/// Lines to skip that have no end: the file had one line and the problem was told of the second.
#[test]
fn a_skipped_line_without_an_end_is_no_line() {
    let dialect = CsvDialect {
        separator: b'\t',
        quote: None,
        escape: None,
        encodings: vec![encoding_rs::UTF_8, encoding_rs::WINDOWS_1252],
        undecodable: Undecodable::Replace,
        skip: 1,
        header: true,
        ragged: Ragged::Pad,
        trailer: Some(Trailer { starts: "END".into(), count: Some(2) }),
        decimal_comma: true,
        decimals: Default::default(),
        dates: HashMap::new(),
        root: "Rows".into(),
        row: "Row".into(),
        namespace: String::new(),
        columns: vec![("No".into(), "No".into())],
    };
    let problems = csv::read(b"\xff\x61\x09\x09\x2f\x22\x09\x74\x85\xf2\x1a", "f", &dialect, &Limits::default()).expect_err("no table");
    assert!(problems.iter().all(|problem| problem.place.line.is_none_or(|line| line == 1)), "{problems:?}");
}

/// A path that climbs and comes down again: what it led to doubled with every step.
#[test]
fn a_path_that_goes_up_and_down_leads_to_each_element_once() {
    let document = xml::read(b"<a><b/><b/><b/></a>", "f", &Limits::default()).expect("well-formed");
    let path = Path::parse(&format!("b{}", "/../b".repeat(60)), &[]).expect("a path");
    assert_eq!(path.find(&document, 0).len(), 3);
}
