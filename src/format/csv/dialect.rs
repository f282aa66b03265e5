//! How a partner writes CSV.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use encoding_rs::Encoding;

use crate::{
    format::{
        ByteSource,
        decode::{DecodedText, Undecodable},
    },
    model::document::Table,
};

/// How a partner writes CSV, and what its rows and columns are called.
#[derive(Debug, Clone)]
pub struct CsvDialect {
    /// Field separator, one byte.
    pub separator: u8,
    /// Quote, one byte; `None` if quotes are ordinary characters.
    pub quote: Option<u8>,
    /// The sign before a quote inside quotes, one byte; by default such a quote is doubled.
    pub escape: Option<u8>,
    /// Encodings tried in order; a byte-order mark takes precedence.
    pub encodings: Vec<&'static Encoding>,
    /// Bytes that are valid in none of them.
    pub undecodable: Undecodable,
    /// Lines before the header that are not part of the table.
    pub skip: usize,
    /// Whether the first row has the column names; otherwise `columns` names them by number, from 1.
    pub header: bool,
    /// Rows with another number of fields than the header.
    pub ragged: Ragged,
    /// The row after the last one.
    pub trailer: Option<Trailer>,
    /// The decimal separator is a comma: in columns listed in `decimals` it becomes a point, and grouping points are removed.
    pub decimal_comma: bool,
    /// Element names (not headers) of the columns that hold decimal numbers.
    pub decimals: HashSet<String>,
    /// Formats of the columns that hold dates, by element name.
    pub dates: HashMap<String, String>,
    /// Name of the root element.
    pub root: String,
    /// Name of the element for a row.
    pub row: String,
    /// Namespace of all of them; empty for none.
    pub namespace: String,
    /// The partner's header and the element name, in the order in which the schema requires the elements.
    pub columns: Vec<(String, String)>,
}

/// What to do with rows that have another number of fields than the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ragged {
    /// They are a problem.
    Refuse,
    /// Fields that are missing at the end are empty; one too many is a problem.
    Pad,
    /// As above, and fields beyond the header are ignored.
    Accept,
}

/// A last row that marks the file as complete.
#[derive(Debug, Clone)]
pub struct Trailer {
    /// Its first field.
    pub starts: String,
    /// Which of its fields, from 1, has the number of rows.
    pub count: Option<usize>,
}

impl CsvDialect {
    /// What a document converted from the table keeps about it.
    pub fn as_table(&self) -> Table {
        Table {
            headers: self.columns.iter().map(|(header, element)| (element.clone(), header.clone())).collect(),
            decimal_comma: self.decimal_comma,
            with_point: self.decimals.clone(),
        }
    }

    /// The first encoding in which every byte is valid, or the last one.
    pub(super) fn encoding(&self, source: &ByteSource, most: u64) -> io::Result<&'static Encoding> {
        let (Some(last), alternatives) = (self.encodings.last(), self.encodings.len()) else { return Ok(encoding_rs::UTF_8) };
        for encoding in &self.encodings[..alternatives - 1] {
            let mut text = DecodedText::plain(source.open()?, encoding, Undecodable::Refuse, most)?;
            if io::copy(&mut text, &mut io::sink()).is_ok() {
                return Ok(encoding);
            }
        }
        Ok(last)
    }
}
