//! Any bytes as a CSV file in any dialect: read or refused, never a panic; the lines of problems are lines of the file.
#![no_main]

use std::collections::{HashMap, HashSet};

use consign::format::{
    Limits,
    csv::{self, Dialect, Ragged, Trailer},
    decode::Undecodable,
    end::csv_is_cut,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [flags, data @ ..] = data else { return };
    let is = |bit: u8| flags & (1 << bit) != 0;
    let header = !is(0);
    let names = if header { ["No", "Price", "Day"] } else { ["1", "2", "3"] };
    let dialect = Dialect {
        separator: if is(1) { b'\t' } else { b';' },
        quote: (!is(2)).then_some(b'"'),
        encodings: vec![encoding_rs::UTF_8, encoding_rs::WINDOWS_1252],
        undecodable: if is(3) { Undecodable::Replace } else { Undecodable::Refuse },
        skip: usize::from(is(4)),
        header,
        ragged: [Ragged::Refuse, Ragged::Pad, Ragged::Accept][usize::from(flags >> 5) % 3],
        trailer: is(7).then(|| Trailer { starts: "END".into(), count: Some(2) }),
        decimal_comma: true,
        decimals: HashSet::from(["Price".to_string()]),
        dates: HashMap::from([("Day".to_string(), "%d.%m.%Y".to_string())]),
        root: "Rows".into(),
        row: "Row".into(),
        namespace: String::new(),
        columns: names.into_iter().zip(["No", "Price", "Day"]).map(|(header, name)| (header.to_string(), name.to_string())).collect(),
    };
    csv_is_cut(data, &dialect);
    let lines = u32::try_from(data.iter().filter(|byte| **byte == b'\n').count()).unwrap() + 1;
    match csv::read(data, "f", &dialect, &Limits { bytes: 1 << 20, ..Limits::default() }) {
        Ok(document) => assert!((0..document.len()).all(|id| document.element(id).line <= lines)),
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() < 1000);
            // UTF-16 has line ends that are no byte of their own.
            let wide = data.starts_with(&[0xff, 0xfe]) || data.starts_with(&[0xfe, 0xff]);
            assert!(wide || problems.iter().all(|problem| problem.place.line.is_none_or(|line| line <= lines)), "{problems:?}");
        }
    }
});
