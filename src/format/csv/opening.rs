//! What comes before the header of a table: the line `sep=;` that spreadsheets read, and lines that the dialect skips.

use std::io::BufRead;

use crate::model::blank::is_unseen;

/// Bytes of a `sep=` line at most, with a byte-order mark, quotes and blanks.
const LONGEST: usize = 64;

/// The separator that a first line such as `sep=;` or `"SEP=,"` names; nothing for any other line.
pub(super) fn named_separator(line: &[u8]) -> Option<u8> {
    let line = std::str::from_utf8(line).ok()?.trim_matches(|c: char| c == '"' || c == '\'' || (c != '\t' && is_unseen(c)));
    let separator = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and(line.get(4..))?;
    match separator.as_bytes() {
        [one] => Some(*one),
        _ => None,
    }
}

/// Takes a first line that names the separator from the text.
pub(super) fn separator(text: &mut impl BufRead) -> Option<u8> {
    // What cannot be decoded is reported by the next read.
    let available = text.fill_buf().ok()?;
    let start = &available[..available.len().min(LONGEST)];
    let end = start.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let named = named_separator(&start[..end])?;
    skip_line(text);
    Some(named)
}

/// Skips the rest of a line, which ends with LF, CR LF or CR; returns whether it had an end. The next read reports what cannot be
/// decoded.
pub(super) fn skip_line(text: &mut impl BufRead) -> bool {
    while let Ok(available) = text.fill_buf() {
        let end = memchr::memchr2(b'\n', b'\r', available);
        let used = end.map_or(available.len(), |end| end + 1);
        let is_cr = end.is_some_and(|end| available[end] == b'\r');
        text.consume(used);
        if is_cr && text.fill_buf().is_ok_and(|next| next.first() == Some(&b'\n')) {
            text.consume(1);
        }
        if end.is_some() || used == 0 {
            return end.is_some();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_names_the_separator_is_known() {
        for (line, right) in [
            ("sep=;", Some(b';')),
            ("SEP=,", Some(b',')),
            ("\"sep=;\"", Some(b';')),
            ("\u{feff}sep=|", Some(b'|')),
            (" sep=; ", Some(b';')),
            ("sep=\t", Some(b'\t')),
            ("sep=", None),
            ("sep=;;", None),
            ("separator;x", None),
            ("", None),
        ] {
            assert_eq!(named_separator(line.as_bytes()), right, "{line:?}");
        }
    }

    #[test]
    fn lines_end_with_any_line_end() {
        for text in ["one\ntwo", "one\r\ntwo", "one\rtwo"] {
            let mut bytes = text.as_bytes();
            assert!(skip_line(&mut bytes) && bytes == b"two", "{text:?}");
        }
        assert!(!skip_line(&mut &b"one"[..]));
    }
}
