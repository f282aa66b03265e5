//! CSV lifted to a [`Document`]: a root, an element for each row, an element for each column that has a value. So the same XSD
//! engine and the same mappings serve both formats.

use std::collections::HashSet;

use encoding_rs::Encoding;

use super::{Limits, decode::decode_first};
use crate::model::{
    Document, Name, NodeId, Place, Problem, Problems, codes,
    document::{Element, Table},
    nearest::did_you_mean,
    problem::cut,
};

/// How a partner writes CSV, and what its rows and columns are called.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Field separator, one byte.
    pub separator: u8,
    /// Encodings tried in order; a byte-order mark decides before them.
    pub encodings: Vec<&'static Encoding>,
    /// The decimal sign is a comma: in columns listed in `decimals` it is turned into a point, and grouping points are dropped.
    pub decimal_comma: bool,
    /// Element names (not headers) of the columns that hold decimal numbers.
    pub decimals: HashSet<String>,
    /// Name of the root element.
    pub root: String,
    /// Name of the element for a row.
    pub row: String,
    /// Namespace of all of them; empty for none.
    pub namespace: String,
    /// Header of the partner and name of the element, in the order in which the schema wants the elements.
    pub columns: Vec<(String, String)>,
}

/// Problems one file may report; what is beyond would not be read.
const MOST: usize = 100;

/// Reads a whole CSV file. The first record is the header; columns the dialect does not name are left out.
///
/// # Errors
/// All ragged rows at once, or the one thing that keeps the file from being read.
pub fn read(bytes: &[u8], file: &str, dialect: &Dialect, limits: &Limits) -> Result<Document, Problems> {
    let one = |problem: Problem| vec![problem];
    if bytes.len() as u64 > limits.bytes {
        return Err(one(Problem::new(codes::DOC_LIMIT, format!("the file has {} bytes; the limit is {}", bytes.len(), limits.bytes))
            .at(Place::file(file))));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(one(Problem::new(codes::DOC_EMPTY, "the file is empty")
            .at(Place::file(file))
            .hint("ask the partner to send it again")));
    }
    let text = decode_first(bytes, &dialect.encodings, file).map_err(one)?;
    if let Some(at) = text.find(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        let line = u32::try_from(text[..at].matches('\n').count() + 1).unwrap_or(u32::MAX);
        let message = "the file contains a control character: it is not text, or in another encoding than the flow names";
        return Err(one(Problem::new(codes::DOC_ENCODING, message).at(Place::at(file, line, 1))));
    }
    let mut rows = csv::ReaderBuilder::new().delimiter(dialect.separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut document = Document::of_table(Table {
        headers: dialect.columns.iter().map(|(header, element)| (element.clone(), header.clone())).collect(),
        decimal_comma: dialect.decimal_comma,
    });
    let root = document.push(element(dialect, &dialect.root, None, 1, 1));
    let mut header: Option<(Vec<Option<usize>>, usize)> = None;
    let mut problems = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut begun = 0u64;
    let mut lines = Lines { text: &text, seen: 0, line: 1 };
    loop {
        match rows.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = lines.at(error.position().map_or(0, csv::Position::byte));
                return Err(one(Problem::new(codes::CSV_ROW, "a row that cannot be read as CSV").at(Place::at(file, line, 1))));
            }
        }
        begun = record.position().map_or(0, csv::Position::byte);
        let line = lines.at(begun);
        let Some((places, width)) = &header else {
            header = Some((find_columns(&record, dialect, file, line)?, record.len()));
            continue;
        };
        if record.len() != *width {
            if record.len() == 1 && record.get(0).is_some_and(str::is_empty) {
                continue;
            }
            problems.push(
                Problem::new(codes::CSV_ROW, format!("the row has {} fields, the header has {width}", record.len()))
                    .at(Place::at(file, line, 1))
                    .hint("a separator inside a value must be quoted"),
            );
            if problems.len() >= MOST {
                break;
            }
            continue;
        }
        if document.len() + dialect.columns.len() > limits.elements {
            return Err(one(Problem::new(codes::DOC_LIMIT, format!("more than {} values", limits.elements)).at(Place::at(file, line, 1))));
        }
        lift(&mut document, root, dialect, places, &record, line, file, &mut problems);
        if problems.len() >= MOST {
            break;
        }
    }
    // A quote that is never closed takes all following lines into one value without an error.
    let last = &text[usize::try_from(begun).unwrap_or(text.len()).min(text.len())..];
    if last.trim().contains('\n') && last.matches('"').count() % 2 == 1 {
        let message = "a quote in this row is never closed: everything behind it would become one value";
        problems.push(
            Problem::new(codes::CSV_ROW, message)
                .at(Place::at(file, lines.line, 1))
                .hint("close the quote, or double it if it is part of the value"),
        );
    }
    if header.is_none() {
        problems.push(Problem::new(codes::CSV_HEADER, "there is no header row").at(Place::file(file)));
    }
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

#[allow(clippy::too_many_arguments, reason = "the parts of one row, used once")]
fn lift(
    document: &mut Document,
    root: NodeId,
    dialect: &Dialect,
    places: &[Option<usize>],
    record: &csv::StringRecord,
    line: u32,
    file: &str,
    problems: &mut Problems,
) {
    let row = document.push(element(dialect, &dialect.row, Some(root), line, 1));
    for ((header, name), place) in dialect.columns.iter().zip(places) {
        let Some(value) = place.and_then(|index| record.get(index)).map(str::trim).filter(|value| !value.is_empty()) else {
            continue;
        };
        let column = place.and_then(|index| u32::try_from(index + 1).ok()).unwrap_or(1);
        let id = document.push(element(dialect, name, Some(row), line, column));
        document.element_mut(id).text = match dialect.decimal_comma && dialect.decimals.contains(name) {
            false => value.to_string(),
            true => with_point(value).unwrap_or_else(|| {
                let place = Place { file: Some(file.into()), line: Some(line), field: Some(header.clone()), ..Place::default() };
                let problem = Problem::new(codes::DOC_VALUE, format!("`{}` has a point where this file has a decimal comma", cut(value)));
                problems.push(problem.at(place).hint("write 12,50, or 1.250,00 with grouping; which of both is meant cannot be guessed"));
                value.to_string()
            }),
        };
    }
}

/// `1.234,50` -> `1234.50`, `1.234` -> `1234`. `None` for a point that is no grouping: taken as a decimal point it could be wrong by a
/// factor of a thousand. What is no number at all is left for the schema to refuse.
fn with_point(value: &str) -> Option<String> {
    let (whole, fraction) = value.split_once(',').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.trim_start_matches(['-', '+']).split(['.', ' ', '\u{a0}', '\'']);
    let first = groups.next().unwrap_or_default();
    let grouped = groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
        && (1..=3).contains(&first.len())
        && !first.starts_with('0');
    let plain = !whole.contains(['.', ' ', '\u{a0}', '\'']);
    if !plain && !grouped {
        return None;
    }
    let whole: String = whole.chars().filter(|c| !matches!(c, '.' | ' ' | '\u{a0}' | '\'')).collect();
    Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

fn element(dialect: &Dialect, name: &str, parent: Option<NodeId>, line: u32, column: u32) -> Element {
    Element {
        name: Name::new(&dialect.namespace, name),
        attributes: Vec::new(),
        declares: Vec::new(),
        text: String::new(),
        children: Vec::new(),
        parent,
        line,
        column,
    }
}

/// Where each mapped column stands in the header. A column that is not there is a problem for each: the clerk sees all at once.
fn find_columns(header: &csv::StringRecord, dialect: &Dialect, file: &str, line: u32) -> Result<Vec<Option<usize>>, Problems> {
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let mut places = Vec::new();
    let mut problems = Vec::new();
    for (wanted, _) in &dialect.columns {
        let found: Vec<usize> = names.iter().enumerate().filter(|(_, name)| *name == wanted).map(|(index, _)| index).collect();
        match found.as_slice() {
            [one] => places.push(Some(*one)),
            [] => problems.push(
                Problem::new(codes::CSV_HEADER, format!("the column `{wanted}` is missing; the header has: {}", cut(&names.join(", "))))
                    .at(Place::at(file, line, 1))
                    .maybe_hint(did_you_mean(wanted, names.iter().copied())),
            ),
            _ => problems.push(
                Problem::new(codes::CSV_HEADER, format!("the column `{wanted}` stands in the header {} times", found.len()))
                    .at(Place::at(file, line, 1)),
            ),
        }
    }
    if problems.is_empty() { Ok(places) } else { Err(problems) }
}

/// Lines counted as the rows go by. (The csv crate's own count is one short after CRLF.)
struct Lines<'t> {
    text: &'t str,
    seen: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the record that begins at or after byte `at`, line ends before it skipped.
    fn at(&mut self, at: u64) -> u32 {
        let bytes = self.text.as_bytes();
        let mut to = usize::try_from(at).unwrap_or(usize::MAX).clamp(self.seen, bytes.len());
        while bytes.get(to).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            to += 1;
        }
        let passed = bytes[self.seen..to].iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.seen = to;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect() -> Dialect {
        Dialect {
            separator: b';',
            encodings: vec![encoding_rs::UTF_8, encoding_rs::WINDOWS_1252],
            decimal_comma: true,
            decimals: HashSet::from(["Price".to_string()]),
            root: "Products".into(),
            row: "Product".into(),
            namespace: String::new(),
            columns: vec![("Artikel".into(), "Code".into()), ("Preis".into(), "Price".into())],
        }
    }

    #[test]
    fn rows_become_elements_with_their_line_and_a_decimal_point() {
        let bytes = b"Preis;Farbe;Artikel\r\n1.234,50;rot;\"A;1\"\r\n;blau;M\xfc\r\n";
        let document = read(bytes, "f.csv", &dialect(), &Limits::default()).expect("readable");
        let texts: Vec<_> =
            (0..document.len()).map(|id| (document.path(id), document.element(id).text.clone(), document.element(id).line)).collect();
        insta::assert_debug_snapshot!(texts, @r#"
        [
            (
                "/Products",
                "",
                1,
            ),
            (
                "/Products/Product[1]",
                "",
                2,
            ),
            (
                "/Products/Product[1]/Code",
                "A;1",
                2,
            ),
            (
                "/Products/Product[1]/Price",
                "1234.50",
                2,
            ),
            (
                "/Products/Product[2]",
                "",
                3,
            ),
            (
                "/Products/Product[2]/Code",
                "Mü",
                3,
            ),
        ]
        "#);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_no_value() {
        let problems = read(b"Artikel;Preis\n1;2\n\"3;4\n5;6\n", "f.csv", &dialect(), &Limits::default()).expect_err("swallowed");
        assert!(problems.iter().any(|p| p.place.line == Some(3) && p.message.contains("never closed")), "{problems:?}");
        assert!(
            read(b"Artikel;Preis\n19\";2\n20\"x;3\n21\";4\n", "f.csv", &dialect(), &Limits::default()).is_ok(),
            "inch signs are values"
        );
        let with_crlf = b"Artikel;Preis\r\n19\";2\r\n21\";4\r\n";
        assert!(read(with_crlf, "f.csv", &dialect(), &Limits::default()).is_ok(), "with CRLF too");
    }

    #[test]
    fn a_decimal_comma_is_never_guessed() {
        for (text, expected) in [
            ("1.234,50", Some("1234.50")),
            ("12,5", Some("12.5")),
            ("1.234", Some("1234")),
            ("-1.234.567,8", Some("-1234567.8")),
            ("7", Some("7")),
            ("12.50", None),
            ("0.500", None),
            (".500", None),
            ("1234.567,8", None),
            ("x", Some("x")),
        ] {
            assert_eq!(with_point(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ragged_rows_are_all_named() {
        let problems = read(b"Artikel;Preis\n1;2;3\na;1\n4\n", "f.csv", &dialect(), &Limits::default()).expect_err("ragged");
        assert_eq!(problems.iter().map(|p| p.place.line).collect::<Vec<_>>(), [Some(2), Some(4)]);
    }
}
