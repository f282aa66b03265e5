//! The refused part of a table, as a smaller table: everything around the rows stays, and only the wanted rows.

use std::{collections::HashSet, io::Read as _};

use super::{CsvDialect, lines, opening, quotes::Quotes, stream};
use crate::{
    format::{ByteSource, Limits},
    model::{ElementStack, Events, Problems, Start},
};

/// A table with only the rows that begin on these lines.
///
/// # Errors
/// What prevents the table from being read.
pub(super) fn rest(
    source: &ByteSource,
    file: &str,
    limits: &Limits,
    dialect: &CsvDialect,
    wanted: &HashSet<(u32, u32)>,
) -> Result<Vec<u8>, Problems> {
    let mut rows = Rows { starts: Vec::new() };
    stream(source, file, dialect, limits, &mut rows)?;
    let mut bytes = Vec::new();
    // It was read to its end a moment ago.
    if let Ok(mut reader) = source.open() {
        let _ = reader.read_to_end(&mut bytes);
    }
    let bytes = match encoding_rs::Encoding::for_bom(&bytes) {
        // Lines can be found in bytes only if each separator is one byte.
        Some((encoding, _)) if encoding != encoding_rs::UTF_8 => format!("\u{feff}{}", encoding.decode(&bytes).0).into_bytes(),
        _ => bytes,
    };
    // A byte-order mark is no part of the first field.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let first = memchr::memchr2(b'\r', b'\n', text).map_or(text, |end| &text[..end]);
    let separator = opening::named_separator(first).unwrap_or(dialect.separator);
    let lines = lines::lines(&bytes, Quotes::new(dialect.quote, separator, dialect.escape));
    let wanted: HashSet<u32> = wanted.iter().map(|(line, _)| *line).collect();
    // The file was read to its end: its last line is the trailer.
    let trailer = lines.iter().rposition(|line| !line.trim_ascii().is_empty()).filter(|_| dialect.trailer.is_some());
    let mut out = Vec::new();
    let mut keep = true;
    let mut count = 0u64;
    for (at, line) in lines.iter().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        if rows.starts.binary_search(&number).is_ok() {
            keep = wanted.contains(&number);
            count += u64::from(keep);
        }
        keep &= trailer.is_none_or(|trailer| at < trailer);
        if keep {
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") && !line.ends_with(b"\r") {
                out.push(b'\n');
            }
        }
    }
    if let Some(trailer) = &dialect.trailer {
        let mut fields = vec![trailer.starts.clone()];
        if let Some(at) = trailer.count {
            fields.resize(at.max(1), String::new());
            fields[at - 1] = count.to_string();
        }
        out.extend_from_slice(fields.join(&char::from(separator).to_string()).as_bytes());
        out.push(b'\n');
    }
    Ok(out)
}

/// The lines on which rows begin.
struct Rows {
    starts: Vec<u32>,
}

impl Events for Rows {
    fn start(&mut self, _: &Start<'_>, stack: &mut ElementStack) {
        if stack.depth() == 2 {
            self.starts.push(stack.position().0);
        }
    }

    fn text(&mut self, _: &str, _: &mut ElementStack) {}

    fn end(&mut self, _: &mut ElementStack) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::csv::{Ragged, Trailer};

    fn dialect(trailer: Option<Trailer>) -> CsvDialect {
        CsvDialect {
            separator: b';',
            quote: Some(b'"'),
            escape: None,
            undecodable: crate::format::decode::Undecodable::Refuse,
            skip: 0,
            header: true,
            ragged: Ragged::Refuse,
            trailer,
            dates: std::collections::HashMap::new(),
            encodings: vec![encoding_rs::UTF_8],
            decimal_comma: false,
            decimals: HashSet::new(),
            root: "Rows".into(),
            row: "Row".into(),
            namespace: String::new(),
            columns: vec![("Code".into(), "Code".into()), ("Text".into(), "Text".into())],
        }
    }

    fn left(text: &str, dialect: &CsvDialect, line: u32) -> String {
        let left =
            rest(&ByteSource::from(text.as_bytes()), "f", &Limits::default(), dialect, &HashSet::from([(line, 1)])).expect("readable");
        String::from_utf8(left).expect("text")
    }

    #[test]
    fn the_refused_row_is_found_whatever_its_line_ends_are() {
        let dialect = dialect(None);
        assert_eq!(left("Code;Text\n1;\"a\rb\"\n2;bad\n3;ok\n", &dialect, 3), "Code;Text\n2;bad\n");
        assert_eq!(left("Code;Text\r1;a\r2;bad\r3;ok\r", &dialect, 3), "Code;Text\r2;bad\r");
        assert_eq!(left("Code;Text\r\n1;a\r\n2;bad\r\n3;ok\r\n", &dialect, 3), "Code;Text\r\n2;bad\r\n");
        assert_eq!(left("sep=,\nCode,Text\n1,a\n2,bad\n", &dialect, 4), "sep=,\nCode,Text\n2,bad\n");
    }

    #[test]
    fn the_trailer_of_a_file_that_names_its_separator_has_it_too() {
        let dialect = dialect(Some(Trailer { starts: "END".into(), count: Some(2) }));
        assert_eq!(left("sep=,\nCode,Text\n1,a\n2,bad\nEND,2\n", &dialect, 4), "sep=,\nCode,Text\n2,bad\nEND,1\n");
    }

    #[test]
    fn a_trailer_is_the_last_line_and_not_what_looks_like_one() {
        let dialect = dialect(Some(Trailer { starts: "END".into(), count: Some(2) }));
        let text = "Code;Text\n1;a\n2;\"b\nENDLESS talk\nEND\"\n3;c\n\"END\";3\n";
        let left = rest(&ByteSource::from(text.as_bytes()), "f", &Limits::default(), &dialect, &HashSet::from([(3, 1)])).expect("readable");
        assert_eq!(String::from_utf8(left).expect("text"), "Code;Text\n2;\"b\nENDLESS talk\nEND\"\nEND;1\n");
    }
}
