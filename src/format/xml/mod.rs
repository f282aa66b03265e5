//! XML, strict and bounded, as a stream of events with line and column of every element.

mod position;
mod prolog;
mod reader;
mod tags;

use super::{
    Limits, Source,
    decode::{Text, Trouble},
    tree::Builder,
};
use crate::model::{Document, Place, Problem, events::Events};

/// What is done about a document type declaration. Nothing in one is ever fetched or expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doctype {
    /// The file is refused.
    #[default]
    Refuse,
    /// One without declarations of its own is skipped; any other is refused.
    SkipBare,
}

/// How a flow's XML files are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Document type declarations.
    pub doctype: Doctype,
    /// Several documents may follow one another in a file.
    pub several: bool,
}

/// Reads an XML file and tells `to` what is in it. `file` is the name used in problems.
///
/// # Errors
/// One problem: the reader cannot go on after the first, since everything behind a broken tag is guesswork.
pub fn stream(source: &Source, file: &str, limits: &Limits, options: Options, to: &mut dyn Events) -> Result<(), Problem> {
    let length = source.check(file, limits.bytes)?;
    let unreadable = |error| Trouble::Io(error).problem(Place::file(file));
    let bytes = source.open().map_err(unreadable)?;
    let text = Text::xml(bytes, limits.bytes, file)?;
    let until = std::time::Instant::now() + limits.time_for(length);
    reader::XmlReader::new(text, file, limits, options, until, to).run()
}

/// Reads a whole XML file into memory.
///
/// # Errors
/// As [`stream`].
pub fn read(bytes: &[u8], file: &str, limits: &Limits) -> Result<Document, Problem> {
    let mut tree = Builder::new(limits.elements);
    stream(&bytes.into(), file, limits, Options::default(), &mut tree)?;
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
