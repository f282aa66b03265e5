//! Whether a document was cut off: its end is missing, whatever else may be wrong. From outside, an interrupted upload looks finished;
//! only the end of the document shows it.

use quick_xml::{Reader, errors::Error, events::Event};

use crate::format::decode::{DecodedText, Undecodable, xml_encoding};

/// Whether an XML document ends before its root does.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    let encoding = xml_encoding(&bytes[..bytes.len().min(256)], "").unwrap_or(encoding_rs::UTF_8);
    // A last character that is cut in two does not hide the rest.
    let Ok(text) = DecodedText::plain(bytes, encoding, Undecodable::Replace, u64::MAX) else { return false };
    let mut reader = Reader::from_reader(text);
    reader.config_mut().check_end_names = false;
    let (mut depth, mut roots, mut begun) = (0i64, 0, false);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Text(text)) if !begun => match text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']) {
                "" => {}
                // Text before any tag: not XML, whether cut off or not.
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
            // Something begun and not ended; any other error does not show that it was cut off.
            Err(Error::Syntax(_)) => return true,
            Err(_) => return false,
        }
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
            assert_eq!(is_truncated(&WHOLE.as_bytes()[..at]), !whole, "{:?}", &WHOLE[..at]);
        }
        assert!(!is_truncated(b"") && !is_truncated(b" \r\n") && !is_truncated(b"UNA:+.? '") && !is_truncated(b"<a></b>"));
        assert!(is_truncated("<a>ü".as_bytes()) && is_truncated(&"<a>ü".as_bytes()[..4]));
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            is_truncated(&bytes);
        }
    }
}
