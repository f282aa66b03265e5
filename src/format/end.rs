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

/// Whether a CSV file ends within a row: inside quotes, or without a line end and with fewer fields than the header.
pub fn csv_is_cut(bytes: &[u8], dialect: &Dialect) -> bool {
    if bytes.is_empty() {
        return false;
    }
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return true;
    }
    let fields = |line: &[u8]| line.iter().filter(|byte| **byte == dialect.separator).count();
    let mut lines = bytes.split(|byte| *byte == b'\n');
    match (lines.next(), lines.next_back()) {
        (Some(header), Some(last)) => !last.is_empty() && fields(last) < fields(header),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            xml_is_cut(&bytes);
        }
    }
}
