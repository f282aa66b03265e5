//! Whether a file was cut off: its end is missing, whatever else may be wrong with it. An upload that was broken off and closed
//! stands still like any other file; only its own end tells.

use quick_xml::{Reader, errors::Error, events::Event};

use super::{
    csv::Dialect,
    decode::{Text, Undecodable},
};

/// Whether an XML document ends before its root does.
pub fn xml_is_cut(bytes: &[u8]) -> bool {
    let encoding = super::decode::xml_encoding(&bytes[..bytes.len().min(256)], "").unwrap_or(encoding_rs::UTF_8);
    // A last character that is cut in two does not hide the rest.
    let Ok(text) = Text::plain(bytes, encoding, Undecodable::Replace, u64::MAX) else { return false };
    let mut reader = Reader::from_reader(text);
    reader.config_mut().check_end_names = false;
    let (mut depth, mut roots, mut begun) = (0i64, 0, false);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Text(text)) if !begun => match text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']) {
                "" => {}
                // Text before any tag: not XML, cut or not.
                _ => return false,
            },
            Ok(Event::Start(_)) => {
                depth += 1;
                begun = true;
            }
            Ok(Event::End(_)) => {
                depth -= 1;
                roots += i64::from(depth == 0);
            }
            Ok(Event::Empty(_)) => roots += i64::from(depth == 0),
            Ok(Event::Eof) => return depth > 0 || (roots == 0 && begun),
            Ok(_) => begun = true,
            // What is begun and not ended; anything else that is wrong is no sign of a cut.
            Err(Error::Syntax(_)) => return true,
            Err(_) => return false,
        }
    }
}

/// Whether a CSV file ends within a row: inside quotes, or without a line end and with fewer fields than its first row.
pub fn csv_is_cut(bytes: &[u8], dialect: &Dialect) -> bool {
    let mut table = bytes;
    for _ in 0..dialect.skip {
        table = memchr::memchr(b'\n', table).map_or(&[], |end| &table[end + 1..]);
    }
    if dialect.quote.is_some_and(|quote| memchr::memchr_iter(quote, table).count() % 2 == 1) {
        return true;
    }
    let fields = |line: &[u8]| line.iter().filter(|byte| **byte == dialect.separator).count();
    let mut lines = table.split(|byte| *byte == b'\n');
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => !last.is_empty() && !is_trailer(last, dialect) && fields(last) < fields(first),
        _ => false,
    }
}

/// Whether a line is the trailer, with the count that it should have. It has fields of its own, fewer than the rows.
fn is_trailer(line: &[u8], dialect: &Dialect) -> bool {
    let Some(trailer) = &dialect.trailer else { return false };
    let plain = |field: &[u8]| -> Vec<u8> { field.trim_ascii().iter().copied().filter(|byte| Some(*byte) != dialect.quote).collect() };
    let fields: Vec<Vec<u8>> = line.split(|byte| *byte == dialect.separator).map(plain).collect();
    let counts = trailer.count.is_none_or(|at| fields.get(at.saturating_sub(1)).is_some_and(|count| !count.is_empty()));
    counts && fields.first().is_some_and(|first| *first == trailer.starts.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::csv::{Ragged, Trailer};

    const WHOLE: &str =
        "<?xml version=\"1.0\"?>\n<!-- a > b --><Order a=\"x>y\"><Lines><Line/><![CDATA[</Order>]]>text</Lines></Order>\n<!-- end -->\n";

    #[test]
    fn a_document_is_whole_when_its_root_is_closed() {
        let end = WHOLE.find("</Order>\n").expect("there") + "</Order>".len();
        for at in 1..WHOLE.len() {
            // Blanks and a comment may follow; a comment that is begun must end.
            let rest = &WHOLE[end..at.max(end)];
            let whole = at >= end && (!rest.contains('<') || rest.contains("-->"));
            assert_eq!(xml_is_cut(&WHOLE.as_bytes()[..at]), !whole, "{:?}", &WHOLE[..at]);
        }
        assert!(!xml_is_cut(b"") && !xml_is_cut(b" \r\n") && !xml_is_cut(b"UNA:+.? '") && !xml_is_cut(b"<a></b>"));
        assert!(xml_is_cut("<a>ü".as_bytes()) && xml_is_cut(&"<a>ü".as_bytes()[..4]));
    }

    fn cut(text: &str, change: impl FnOnce(&mut Dialect)) -> bool {
        let mut dialect = Dialect {
            separator: b';',
            quote: Some(b'"'),
            encodings: Vec::new(),
            undecodable: Undecodable::Refuse,
            skip: 0,
            header: true,
            ragged: Ragged::Refuse,
            trailer: None,
            decimal_comma: false,
            decimals: Default::default(),
            dates: Default::default(),
            root: "Rows".into(),
            row: "Row".into(),
            namespace: String::new(),
            columns: Vec::new(),
        };
        change(&mut dialect);
        csv_is_cut(text.as_bytes(), &dialect)
    }

    #[test]
    fn a_table_is_cut_as_its_dialect_has_it() {
        let usual = |_: &mut Dialect| {};
        assert!(cut("A;B\n1;2\n3", usual) && cut("A;B\n1;\"2\n", usual));
        assert!(!cut("A;B\n1;2\n3;4", usual) && !cut("A;B\n1;2\n", usual) && !cut("", usual));
        // An inch is no quote where there are none, and the partner's own quote is one.
        assert!(!cut("A;B\n1;2\"\n", |dialect| dialect.quote = None));
        assert!(cut("A;B\n1;'2\n", |dialect| dialect.quote = Some(b'\'')));
        // Lines before the table say nothing about it.
        assert!(!cut("Our 19\" list;;;\nA;B\n1;2", |dialect| dialect.skip = 1));
        assert!(cut("List\nA;B\n1", |dialect| dialect.skip = 1));
        // The trailer has fields of its own.
        let trailer = |dialect: &mut Dialect| dialect.trailer = Some(Trailer { starts: "END".into(), count: Some(2) });
        assert!(!cut("A;B;C\n1;2;3\nEND;1", trailer) && !cut("A;B;C\n1;2;3\n\"END\";\"1\"\r", trailer));
        assert!(cut("A;B;C\n1;2;3\nEND;", trailer) && cut("A;B;C\n1;2;3\nEN", trailer));
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            xml_is_cut(&bytes);
        }
    }
}
