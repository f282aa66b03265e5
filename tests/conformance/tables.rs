//! Real tables of partners, read in their dialects.

use std::{collections::HashMap, fs};

use consign::format::{
    Limits,
    csv::{self, CsvDialect, Ragged},
    decode::Undecodable,
};

use crate::shared;

#[test]
fn every_table_of_the_corpus_can_be_read() {
    let Some(corpus) = shared("corpus") else { return };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).expect("the manifest");
    let mut read = 0;
    for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()).filter(|row| row[4] == "readable") {
        let (file, flags) = (row[1], row[12]);
        let bytes = fs::read(corpus.join(file)).expect("a file");
        let separator = match flags.split("delim=").nth(1).and_then(|rest| rest.split(' ').next()) {
            Some("tab") => b'\t',
            Some(";") => b';',
            Some("|") => b'|',
            _ => b',',
        };
        let dialect = CsvDialect {
            separator,
            quote: Some(b'"'),
            escape: None,
            encodings: vec![encoding_rs::UTF_8, encoding_rs::WINDOWS_1252],
            undecodable: Undecodable::Refuse,
            skip: 0,
            header: false,
            // The corpus says which tables are ragged.
            ragged: if flags.contains("ragged") { Ragged::Accept } else { Ragged::Refuse },
            trailer: None,
            decimal_comma: false,
            decimals: Default::default(),
            dates: HashMap::new(),
            root: "Table".into(),
            row: "Row".into(),
            namespace: String::new(),
            columns: vec![("1".into(), "First".into()), ("2".into(), "Second".into())],
        };
        match csv::read(&bytes, file, &dialect, &Limits::default()) {
            Ok(document) => assert!(document.len() > 1, "{file}: no rows"),
            Err(problems) => panic!("{file} ({flags}): {}", problems[0]),
        }
        read += 1;
    }
    assert_eq!(read, 50);
}
