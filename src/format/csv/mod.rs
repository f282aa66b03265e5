//! CSV converted to the events of a document: a root, an element for each row, and an element for each column with a value. So one
//! XSD engine and one kind of mapping serve both formats.

mod columns;
mod dialect;
mod end;
mod leftovers;
mod lines;
mod opening;
mod quotes;
mod rest;
mod settings;
mod values;

use std::{collections::HashSet, sync::Arc};

pub use self::dialect::{CsvDialect, Ragged, Trailer};
use self::quotes::Quotes;
use super::{
    ByteSource, Format, FormatKind, Layout, Limits,
    decode::{DecodedText, ReadError},
    tree::Builder,
};
use crate::model::{
    Code, Document, ElementStack, Name, NameKey, Place, Problem, Problems, Start,
    blank::trimmed,
    document::Table,
    events::{Events, Vocabulary},
    i18n::say,
    problem::cut,
    problem_cap::{COUNTED, REPORTED},
};

/// Tables, as flows name them.
pub const KIND: FormatKind = FormatKind {
    name: "csv",
    configure: |reader| {
        // XML keys, which have no meaning for a table; flows that have them stay valid.
        let _ = (reader.node("doctype"), reader.node("documents"));
        let Some(table) = reader.table("csv") else {
            reader.missing("csv");
            return None;
        };
        let dialect = settings::read(&table);
        table.finish();
        Some(Arc::new(dialect))
    },
};

impl Format for CsvDialect {
    fn usual_files(&self) -> &'static str {
        "*.csv"
    }

    fn read(&self, source: &ByteSource, file: &str, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems> {
        stream(source, file, self, limits, to)
    }

    fn is_truncated(&self, bytes: &[u8]) -> bool {
        end::is_truncated(bytes, self)
    }

    fn rest(
        &self,
        source: &ByteSource,
        file: &str,
        limits: &Limits,
        _: &[Name],
        wanted: &HashSet<(u32, u32)>,
    ) -> Result<Vec<u8>, Problems> {
        rest::rest(source, file, limits, self, wanted)
    }

    fn table(&self) -> Option<Table> {
        Some(self.as_table())
    }

    fn layout(&self) -> Option<Layout> {
        let columns = self.columns.iter().map(|(_, element)| element).chain(&self.decimals).chain(self.dates.keys());
        let is_plain = |element: &&String| self.decimal_comma && !self.decimals.contains(*element) && !self.dates.contains_key(*element);
        Some(Layout {
            with_comma: self.columns.iter().map(|(_, element)| element).filter(is_plain).cloned().collect(),
            section: "[csv]",
            namespace: self.namespace.clone(),
            root: self.root.clone(),
            row: self.row.clone(),
            columns: columns.cloned().collect(),
        })
    }

    fn specimen(&self) -> Option<(Arc<dyn Format>, ByteSource)> {
        let plain = Self {
            columns: self.columns.iter().enumerate().map(|(at, (_, element))| ((at + 1).to_string(), element.clone())).collect(),
            header: false,
            skip: 0,
            trailer: None,
            quote: None,
            escape: None,
            encodings: vec![encoding_rs::UTF_8],
            separator: b';',
            ..self.clone()
        };
        let row = vec!["x"; self.columns.len()].join(";");
        Some((Arc::new(plain), ByteSource::from(row.as_bytes())))
    }
}

/// Reads a CSV file and sends its content to `to`. The first record is the header, unless the dialect has none. Columns that the
/// dialect does not name are left out.
///
/// # Errors
/// Everything wrong with rows and values, as far as the dialect goes. Correct rows have gone to `to` anyway, so that all problems of
/// a file can be reported at once.
pub fn stream(source: &ByteSource, file: &str, dialect: &CsvDialect, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems> {
    let unreadable = |error| Problems::from(ReadError::Io(error).problem(Place::file(file)));
    source.check(file, limits.bytes)?;
    let encoding = dialect.encoding(source, limits.bytes).map_err(unreadable)?;
    let bytes = source.open().map_err(unreadable)?;
    let mut text = DecodedText::plain(bytes, encoding, dialect.undecodable, limits.bytes).map_err(unreadable)?;
    let mut skipped = 0;
    // A file that names its separator is read with it.
    let separator = opening::separator(&mut text).inspect(|_| skipped += 1).unwrap_or(dialect.separator);
    for _ in 0..dialect.skip {
        skipped += u32::from(opening::skip_line(&mut text));
    }
    let watch = lines::Watch::new(skipped + 1, limits.text, Quotes::new(dialect.quote, separator, dialect.escape));
    let rows = csv::ReaderBuilder::new()
        .delimiter(separator)
        .escape(dialect.escape)
        .quote(dialect.quote.unwrap_or(b'"'))
        .quoting(dialect.quote.is_some())
        .flexible(true)
        .has_headers(false)
        .from_reader(lines::Watched::new(text, dialect.quote, watch.clone()));
    let mut vocabulary = Vocabulary::default();
    let mut name = |local: &str| vocabulary.learn(&dialect.namespace, local);
    let keys = Keys {
        root: name(&dialect.root),
        row: name(&dialect.row),
        columns: dialect.columns.iter().map(|(header, element)| (name(element), Arc::from(header.as_str()))).collect(),
    };
    let mut lifter = Lifter { file, dialect, vocabulary, keys, to, stack: ElementStack::default(), problems: Vec::new(), more: 0 };
    lifter.run(rows, &watch);
    if lifter.more > 0 {
        lifter.problems.push(Problem::and_more(lifter.more, file));
    }
    Problems::check(lifter.problems)
}

/// Reads a whole CSV file into memory.
///
/// # Errors
/// As [`stream`].
pub fn read(bytes: &[u8], file: &str, dialect: &CsvDialect, limits: &Limits) -> Result<Document, Problems> {
    let mut tree = Builder::of_table(limits.elements, dialect.as_table());
    stream(&bytes.into(), file, dialect, limits, &mut tree)?;
    tree.one(file).map_err(Problems::from)
}

/// Names of the created elements.
struct Keys {
    root: NameKey,
    row: NameKey,
    /// Element, and the partner's header.
    columns: Vec<(NameKey, Arc<str>)>,
}

struct Lifter<'l> {
    file: &'l str,
    dialect: &'l CsvDialect,
    vocabulary: Vocabulary,
    keys: Keys,
    to: &'l mut dyn Events,
    stack: ElementStack,
    problems: Vec<Problem>,
    /// Problems that are only counted.
    more: usize,
}

type Rows<'s> = csv::Reader<lines::Watched<DecodedText<Box<dyn std::io::Read + Send + 's>>>>;

impl Lifter<'_> {
    fn run(&mut self, mut rows: Rows<'_>, watch: &lines::Watch) {
        let mut record = csv::StringRecord::new();
        let mut places: Option<(Vec<Option<usize>>, usize)> = None;
        // Rows of data, and the line of the trailer once it was read.
        let (mut count, mut trailer, mut whole) = (0usize, None, true);
        if !self.dialect.header {
            match columns::numbered(self.dialect, self.file) {
                Ok(found) => places = Some((found, 0)),
                Err(problems) => return self.problems.extend(problems),
            }
        }
        self.open(self.keys.root, 1, 1, None);
        loop {
            match rows.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    let here = Place::at(self.file, watch.here(), 1);
                    let trouble = rows
                        .get_mut()
                        .inner()
                        .trouble()
                        .map(|trouble| trouble.problem(here.clone()).hint("it is not in the agreed encoding: send it as UTF-8"));
                    let problem = watch.trouble().or(trouble);
                    let problem = problem.unwrap_or_else(|| Problem::new(Code::CsvRow, "a row that cannot be read as CSV"));
                    self.problems.push(problem.at(here));
                    return;
                }
            }
            let line = watch.begin(record.position().map_or(0, csv::Position::byte));
            let stray = watch.stray(rows.position().byte());
            // Spreadsheets write their unused rows as separators only.
            if record.iter().all(|field| trimmed(field).is_empty()) {
                continue;
            }
            if let Some(field) = stray.filter(|_| !self.is_trailer(&record)) {
                let problem = Problem::new(Code::CsvRow, say!("csv-quote-stray")).at(Place::at(self.file, line, field));
                self.tell(problem.hint(say!("hint-csv-double-quote")));
                if places.is_none() {
                    return self.close();
                }
                count += 1;
                continue;
            }
            if let Some(at) = trailer {
                let message = format!("a row after the trailer on line {at}");
                self.problems.push(Problem::new(Code::CsvRow, message).at(Place::at(self.file, line, 1)));
                break;
            }
            if self.is_trailer(&record) {
                trailer = Some(line);
                self.count(&record, count, line);
                continue;
            }
            let Some((places, width)) = &mut places else {
                match columns::named(&record, self.dialect, self.file, line) {
                    Ok(found) => places = Some((found, record.len())),
                    Err(problems) => return self.problems.extend(problems),
                }
                continue;
            };
            count += 1;
            // Without a header, the first row defines the number of fields.
            if *width == 0 {
                *width = record.len();
            }
            if let Some(problem) = self.ragged(&record, *width, line) {
                self.tell(problem);
            } else {
                self.row(places, &record, line);
            }
            if self.more > COUNTED || self.to.wants_no_more() {
                whole = false;
                break;
            }
        }
        if watch.ends_in_quotes() {
            // The quote is the cause of what happened to its rows.
            self.to.value_unreadable(&mut self.stack);
            self.problems.retain(|problem| problem.place.line.is_none_or(|line| line < watch.line()));
        }
        self.close();
        self.finish(places.is_some(), trailer.is_some() || !whole, watch);
    }

    fn finish(&mut self, any: bool, ended: bool, watch: &lines::Watch) {
        // A quote that is never closed takes all following lines into one value without an error.
        if watch.ends_in_quotes() {
            self.problems.push(
                Problem::new(Code::CsvRow, say!("csv-quote-open"))
                    .at(Place::at(self.file, watch.line(), 1))
                    .hint(say!("hint-csv-close-quote")),
            );
        }
        if !any {
            self.problems.push(Problem::new(Code::CsvHeader, say!("csv-no-header")).at(Place::file(self.file)));
        }
        if let (Some(wanted), false) = (&self.dialect.trailer, ended) {
            let message = say!("csv-trailer-missing", start = cut(&wanted.starts));
            self.problems.push(Problem::new(Code::CsvRow, message).at(Place::at(self.file, watch.line(), 1)).hint(say!("hint-cut-off")));
        }
    }

    /// A problem of a row; there may be as many as rows.
    fn tell(&mut self, problem: Problem) {
        if self.problems.len() < REPORTED {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn ragged(&self, record: &csv::StringRecord, width: usize, line: u32) -> Option<Problem> {
        let wrong = match self.dialect.ragged {
            Ragged::Refuse => record.len() != width,
            Ragged::Pad => record.len() > width,
            Ragged::Accept => false,
        };
        wrong.then(|| {
            let fields = record.len();
            let message = match self.dialect.header {
                true => say!("csv-fields-header", fields = fields, header = width),
                false => say!("csv-fields-first-row", fields = fields, first = width),
            };
            Problem::new(Code::CsvRow, message).at(Place::at(self.file, line, 1)).hint(if fields > width {
                say!("hint-quote-separator")
            } else {
                say!("hint-separators-missing")
            })
        })
    }

    fn is_trailer(&self, record: &csv::StringRecord) -> bool {
        let first = record.get(0).map(trimmed);
        self.dialect.trailer.as_ref().is_some_and(|trailer| first.is_some_and(|first| first == trailer.starts))
    }

    /// Compares the trailer's count with the number of rows.
    fn count(&mut self, record: &csv::StringRecord, rows: usize, line: u32) {
        let Some(at) = self.dialect.trailer.as_ref().and_then(|trailer| trailer.count) else { return };
        let reported = record.get(at.saturating_sub(1)).unwrap_or_default().trim();
        if reported.parse() != Ok(rows) {
            let message = say!("csv-trailer-count", count = cut(reported), rows = rows);
            self.problems.push(
                Problem::new(Code::CsvRow, message)
                    .at(Place::at(self.file, line, u32::try_from(at).unwrap_or(1)))
                    .hint(say!("hint-rows-missing")),
            );
        }
    }

    fn row(&mut self, places: &[Option<usize>], record: &csv::StringRecord, line: u32) {
        self.open(self.keys.row, line, 1, None);
        for at in 0..self.keys.columns.len() {
            let place = places.get(at).copied().flatten();
            let Some(value) = place.and_then(|index| record.get(index)).map(trimmed).filter(|value| !matches!(*value, "" | "=\"\"")) else {
                continue;
            };
            let column = place.and_then(|index| u32::try_from(index + 1).ok()).unwrap_or(1);
            let (key, header) = self.keys.columns[at].clone();
            self.open(key, line, column, Some(header));
            match values::converted(value, &self.dialect.columns[at].1, self.dialect) {
                Ok(value) => self.to.text(&value, &mut self.stack),
                Err(problem) => {
                    // The schema need not repeat what is reported here.
                    let place = self.stack.spot().place(self.file);
                    self.tell(problem.at(place));
                    self.to.value_unreadable(&mut self.stack);
                }
            }
            self.close();
        }
        self.close();
    }

    fn open(&mut self, key: NameKey, line: u32, column: u32, field: Option<Arc<str>>) {
        let name = self.vocabulary.name(key).clone();
        self.stack.enter(&name, key, line, column, field);
        let start = Start { vocabulary: &self.vocabulary, key, attributes: &[], values: "", declares: &[], of: None };
        self.to.start(&start, &mut self.stack);
    }

    fn close(&mut self) {
        self.to.end(&mut self.stack);
        self.stack.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::format::decode::Undecodable;

    fn dialect() -> CsvDialect {
        CsvDialect {
            separator: b';',
            quote: Some(b'"'),
            escape: None,
            undecodable: Undecodable::Refuse,
            skip: 0,
            header: true,
            ragged: Ragged::Refuse,
            trailer: None,
            dates: HashMap::new(),
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
    fn ragged_rows_are_all_named() {
        let problems = read(b"Artikel;Preis\n1;2;3\na;1\n4\n", "f.csv", &dialect(), &Limits::default()).expect_err("ragged");
        assert_eq!(problems.iter().map(|p| p.place.line).collect::<Vec<_>>(), [Some(2), Some(4)]);
    }
}
