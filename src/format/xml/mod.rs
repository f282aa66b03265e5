//! XML, strict and bounded, as a stream of events with line and column of every element.

mod end;
mod position;
mod prolog;
mod reader;
mod rest;
mod tags;

use std::{collections::HashSet, sync::Arc};

use super::{
    ByteSource, Format, FormatKind, Limits,
    decode::{DecodedText, ReadError},
    tree::Builder,
};
use crate::model::{Document, Name, Place, Problem, Problems, events::Events};

/// What to do with a document type declaration. Nothing in one is ever fetched or expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doctype {
    /// The file is refused.
    #[default]
    Refuse,
    /// Skipped if it has no declarations inside; otherwise refused.
    SkipBare,
}

/// How a flow's XML files are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct XmlOptions {
    /// Document type declarations.
    pub doctype: Doctype,
    /// Several documents may follow one another in a file.
    pub several: bool,
}

/// XML, by its name in flows.
pub const KIND: FormatKind = FormatKind {
    name: "xml",
    configure: |reader| {
        let doctype = if reader.choice("doctype", &["refuse", "skip"]) == "skip" { Doctype::SkipBare } else { Doctype::Refuse };
        let several = reader.choice("documents", &["one", "several"]) == "several";
        Some(Arc::new(XmlOptions { doctype, several }))
    },
};

impl Format for XmlOptions {
    fn usual_files(&self) -> &'static str {
        "*.xml"
    }

    fn read(&self, source: &ByteSource, file: &str, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems> {
        stream(source, file, limits, *self, to).map_err(Problems::from)
    }

    fn is_truncated(&self, bytes: &[u8]) -> bool {
        end::is_truncated(bytes)
    }

    fn rest(
        &self,
        source: &ByteSource,
        file: &str,
        limits: &Limits,
        unit: &[Name],
        wanted: &HashSet<(u32, u32)>,
    ) -> Result<Vec<u8>, Problems> {
        rest::rest(source, file, limits, *self, unit, wanted).map(String::into_bytes)
    }

    fn holds_several(&self) -> bool {
        self.several
    }
}

/// Reads an XML file and sends its content to `to`. `file` is the name used in problems.
///
/// # Errors
/// One problem: the reader cannot continue after the first, since everything after a broken tag is guesswork.
pub fn stream(source: &ByteSource, file: &str, limits: &Limits, options: XmlOptions, to: &mut dyn Events) -> Result<(), Problem> {
    let length = source.check(file, limits.bytes)?;
    let unreadable = |error| ReadError::Io(error).problem(Place::file(file));
    let bytes = source.open().map_err(unreadable)?;
    let text = DecodedText::xml(bytes, limits.bytes, file)?;
    let until = std::time::Instant::now() + limits.time_for(length);
    reader::XmlReader::new(text, file, limits, options, until, to).run()
}

/// Reads a whole XML file into memory.
///
/// # Errors
/// As [`stream`].
pub fn read(bytes: &[u8], file: &str, limits: &Limits) -> Result<Document, Problem> {
    let mut tree = Builder::new(limits.elements);
    stream(&bytes.into(), file, limits, XmlOptions::default(), &mut tree)?;
    tree.one(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        read(text.as_bytes(), "f.xml", &Limits::default()).map(|_| String::new()).unwrap_or_else(|problem| problem.to_string())
    }

    #[test]
    fn elements_know_where_they_stand() {
        let document = read("<a>\n  <b x='1'>ü</b><b/></a>".as_bytes(), "f", &Limits::default()).expect("well-formed");
        let second = document.element(2);
        assert_eq!((second.line, second.column), (2, 17));
        assert_eq!(document.path(2), "/a/b[2]");
    }

    #[test]
    fn what_is_not_xml_is_refused_with_its_place() {
        for (text, code) in [
            ("", "C201"),
            ("  \n", "C201"),
            ("hello", "C202"),
            ("<a><b></a>", "C202"),
            ("<a>", "C202"),
            ("<a><b", "C202"),
            ("<a/><b/>", "C202"),
            ("<a>&nbsp;</a>", "C202"),
            ("<a>x & y</a>", "C202"),
            ("<a x='1' x='2'/>", "C202"),
            ("<p:a/>", "C202"),
            ("<a>\u{1}</a>", "C202"),
            ("<a/>tail", "C202"),
            ("<a x='1'y='2'/>", "C202"),
            ("<a>]]></a>", "C202"),
            ("<a xmlns:p=''/>", "C202"),
            ("<!--\u{1}--><a/>", "C202"),
            ("UNA:+.? '", "C202"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "C204"),
        ] {
            assert!(problem(text).contains(code), "{text:?} gave {:?}", problem(text));
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(problem(&"<a>".repeat(100_000)).contains("C205"));
        assert!(problem(&format!("<{}/>", "a".repeat(2000))).contains("C205"));
        assert!(problem(&format!("<a xmlns='{}'/>", "a".repeat(2000))).contains("C205"));
    }
}
