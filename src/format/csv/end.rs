//! Whether a table was cut off: its end is missing, whatever else may be wrong.

use super::{CsvDialect, opening};

/// Whether a CSV file ends within a row: inside quotes, or without a line end and with fewer fields than its first row.
pub(super) fn is_truncated(bytes: &[u8], dialect: &CsvDialect) -> bool {
    let mut table = bytes;
    let mut separator = dialect.separator;
    let end = memchr::memchr2(b'\r', b'\n', table).unwrap_or(table.len());
    if let Some(named) = opening::named_separator(&table[..end]) {
        separator = named;
        table = memchr::memchr(b'\n', table).map_or(&[], |end| &table[end + 1..]);
    }
    for _ in 0..dialect.skip {
        table = memchr::memchr(b'\n', table).map_or(&[], |end| &table[end + 1..]);
    }
    if dialect.quote.is_some_and(|quote| memchr::memchr_iter(quote, table).count() % 2 == 1) {
        return true;
    }
    let fields = |line: &[u8]| line.iter().filter(|byte| **byte == separator).count();
    let mut lines = table.split(|byte| *byte == b'\n');
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => !last.is_empty() && !is_trailer(last, dialect, separator) && fields(last) < fields(first),
        _ => false,
    }
}

/// Whether a line is the trailer, with its count if required. It has its own fields, fewer than the rows.
fn is_trailer(line: &[u8], dialect: &CsvDialect, separator: u8) -> bool {
    let Some(trailer) = &dialect.trailer else { return false };
    let plain = |field: &[u8]| -> Vec<u8> { field.trim_ascii().iter().copied().filter(|byte| Some(*byte) != dialect.quote).collect() };
    let fields: Vec<Vec<u8>> = line.split(|byte| *byte == separator).map(plain).collect();
    let counts = trailer.count.is_none_or(|at| fields.get(at.saturating_sub(1)).is_some_and(|count| !count.is_empty()));
    counts && fields.first().is_some_and(|first| *first == trailer.starts.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{
        csv::{Ragged, Trailer},
        decode::Undecodable,
    };

    fn cut(text: &str, change: impl FnOnce(&mut CsvDialect)) -> bool {
        let mut dialect = CsvDialect {
            separator: b';',
            quote: Some(b'"'),
            escape: None,
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
        is_truncated(text.as_bytes(), &dialect)
    }

    #[test]
    fn a_table_is_cut_as_its_dialect_has_it() {
        let usual = |_: &mut CsvDialect| {};
        assert!(cut("A;B\n1;2\n3", usual) && cut("A;B\n1;\"2\n", usual));
        assert!(!cut("A;B\n1;2\n3;4", usual) && !cut("A;B\n1;2\n", usual) && !cut("", usual));
        // An inch is no quote where there are none, and the partner's own quote is one.
        assert!(!cut("A;B\n1;2\"\n", |dialect| dialect.quote = None));
        assert!(cut("A;B\n1;'2\n", |dialect| dialect.quote = Some(b'\'')));
        // Lines before the table say nothing about it.
        assert!(!cut("Our 19\" list;;;\nA;B\n1;2", |dialect| dialect.skip = 1));
        assert!(cut("List\nA;B\n1", |dialect| dialect.skip = 1));
        // The trailer has fields of its own.
        let trailer = |dialect: &mut CsvDialect| dialect.trailer = Some(Trailer { starts: "END".into(), count: Some(2) });
        assert!(!cut("A;B;C\n1;2;3\nEND;1", trailer) && !cut("A;B;C\n1;2;3\n\"END\";\"1\"\r", trailer));
        assert!(cut("A;B;C\n1;2;3\nEND;", trailer) && cut("A;B;C\n1;2;3\nEN", trailer));
    }
}
