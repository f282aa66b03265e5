//! XML to a [`Document`]: strict, bounded, and with line and column of every element.

use std::{collections::HashSet, sync::Arc};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event, attributes::AttrError},
};

use super::{Limits, decode::decode_xml};
use crate::model::{
    Document, Name, Place, Problem, codes,
    document::{Attribute, Element},
    problem::cut,
};

/// Reads a whole XML file. `file` is the name used in problems.
///
/// # Errors
/// One problem: the reader cannot go on after the first, since everything behind a broken tag is guesswork.
pub fn read(bytes: &[u8], file: &str, limits: &Limits) -> Result<Document, Problem> {
    if bytes.len() as u64 > limits.bytes {
        return Err(Problem::new(codes::DOC_LIMIT, format!("the file has {} bytes; the limit is {}", bytes.len(), limits.bytes))
            .at(Place::file(file)));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(codes::DOC_EMPTY, "the file is empty").at(Place::file(file)).hint("ask the partner to send it again"));
    }
    let text = decode_xml(bytes, file)?;
    XmlReader {
        text: &text,
        file,
        limits,
        document: Document::new(),
        open: Vec::new(),
        scopes: Vec::new(),
        names: HashSet::new(),
        line: 1,
        column: 1,
        at: 0,
    }
    .run()
}

struct XmlReader<'t> {
    text: &'t str,
    file: &'t str,
    limits: &'t Limits,
    document: Document,
    open: Vec<usize>,
    /// Namespace bindings in scope, innermost last: prefix and namespace.
    scopes: Vec<(String, Arc<str>)>,
    /// Local names met so far, so that each is kept once.
    names: HashSet<Arc<str>>,
    line: u32,
    column: u32,
    at: usize,
}

/// Bytes of a name or namespace, and bindings in scope at one place; real documents stay below a tenth of both.
const LONGEST_NAME: usize = 1000;
const MOST_BINDINGS: usize = 200;
const CUT_OFF: &str = "the transfer or the export was cut off: ask for the file again";
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

impl<'t> XmlReader<'t> {
    fn run(mut self) -> Result<Document, Problem> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event();
            self.advance(start);
            match event {
                Err(error) => {
                    let stop = usize::try_from(reader.error_position()).unwrap_or(start);
                    self.advance(stop.max(start));
                    let problem = self.malformed(self.sentence(&error));
                    let cut_off = matches!(error, quick_xml::Error::Syntax(_)) && !self.document.is_empty();
                    return Err(if cut_off { problem.hint(CUT_OFF) } else { problem });
                }
                Ok(Event::Start(tag)) => self.start(&tag, false)?,
                Ok(Event::Empty(tag)) => self.start(&tag, true)?,
                Ok(Event::End(_)) => self.end(),
                Ok(Event::Text(text)) => {
                    let text = text.xml10_content();
                    if text.contains("]]>") {
                        return Err(self.malformed("`]]>` in text; it is written `]]&gt;`".into()));
                    }
                    self.characters(&text)?;
                }
                Ok(Event::CData(data)) => {
                    if self.open.is_empty() {
                        return Err(self.malformed("character data outside the root element".into()));
                    }
                    self.characters(&data.xml10_content())?;
                }
                Ok(Event::GeneralRef(reference)) => {
                    let value = self.reference(&reference.into_inner())?;
                    self.characters(&value)?;
                }
                Ok(Event::DocType(_)) => {
                    return Err(Problem::new(codes::DOC_DOCTYPE, "the file has a DOCTYPE, which is not accepted")
                        .at(self.place())
                        .hint("send the file without a document type declaration"));
                }
                Ok(Event::Decl(_)) => {
                    if start > 0 {
                        return Err(self.malformed("an XML declaration that is not at the very start of the file".into()));
                    }
                }
                Ok(Event::Comment(text)) => self.legal(&text)?,
                Ok(Event::PI(text)) => self.legal(&text)?,
                Ok(Event::Eof) => break,
            }
        }
        if let Some(open) = self.open.last() {
            let element = self.document.element(*open);
            let message = format!("the file ends inside `<{}>`, which began on line {}: it is truncated", element.name.local, element.line);
            return Err(self.malformed(message).hint(CUT_OFF));
        }
        if self.document.is_empty() {
            return Err(self.malformed("there is no element: this is not an XML document".into()));
        }
        Ok(self.document)
    }

    fn start(&mut self, tag: &BytesStart<'_>, closed: bool) -> Result<(), Problem> {
        if self.open.is_empty() && !self.document.is_empty() {
            return Err(self.malformed("a second root element: the file holds more than one document".into()));
        }
        self.within("elements", self.document.len(), self.limits.elements)?;
        self.within("levels of elements", self.open.len(), self.limits.depth)?;
        if !spaced(tag.attributes_raw()) {
            return Err(self.malformed("no blank between two attributes".into()));
        }
        let mut declares = Vec::new();
        let mut plain = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| {
                self.malformed(match error {
                    AttrError::Duplicated(..) => "an attribute stands twice in one tag".into(),
                    _ => "a broken attribute: it is written name=\"value\"".into(),
                })
            })?;
            self.within("attributes", plain.len() + declares.len(), self.limits.attributes)?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| {
                    self.malformed(
                        "a reference in an attribute that is not one of &amp; &lt; &gt; &quot; &apos; or a character number".into(),
                    )
                })?
                .into_owned();
            self.legal(&value)?;
            if attribute.value.contains('<') {
                return Err(self.malformed("a `<` inside an attribute value".into()));
            }
            self.within("bytes in an attribute", value.len(), self.limits.text)?;
            let key = attribute.key.as_ref();
            match key.strip_prefix("xmlns") {
                Some("") => declares.push((String::new(), value)),
                Some(rest) if rest.starts_with(':') => declares.push((rest[1..].to_string(), value)),
                _ => plain.push((key.to_string(), value)),
            }
        }
        for (prefix, namespace) in &declares {
            self.within("bytes in a namespace", namespace.len(), LONGEST_NAME)?;
            if namespace.is_empty() && !prefix.is_empty() {
                return Err(self.malformed(format!("the prefix `{}` is bound to no namespace", cut(prefix))));
            }
            self.within("namespaces in scope", self.scopes.len(), MOST_BINDINGS)?;
            self.scopes.push((prefix.clone(), Arc::from(namespace.as_str())));
        }
        let name = self.resolve(tag.name().as_ref(), true)?;
        let mut attributes: Vec<Attribute> = Vec::with_capacity(plain.len());
        for (key, value) in plain {
            let name = self.resolve(&key, false)?;
            if attributes.iter().any(|known| known.name == name) {
                return Err(self.malformed(format!("the attribute `{}` stands twice", cut(&key))));
            }
            attributes.push(Attribute { name, value });
        }
        let parent = self.open.last().copied();
        let (line, column) = (self.line, self.column);
        let id =
            self.document.push(Element { name, attributes, declares, text: String::new(), children: Vec::new(), parent, line, column });
        self.open.push(id);
        if closed {
            self.end();
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Some(id) = self.open.pop() {
            let declared = self.document.element(id).declares.len();
            self.scopes.truncate(self.scopes.len() - declared);
        }
    }

    fn characters(&mut self, text: &str) -> Result<(), Problem> {
        self.legal(text)?;
        match self.open.last() {
            Some(id) => {
                let limit = self.limits.text;
                let element = self.document.element_mut(*id);
                element.text.push_str(text);
                let length = element.text.len();
                self.within("bytes of text in one element", length, limit)
            }
            None if text.trim_start_matches('\u{feff}').trim().is_empty() => Ok(()),
            None if self.document.is_empty() => {
                Err(self.malformed("the file does not start with an element: this is not an XML document".into()))
            }
            None => Err(self.malformed("text after the end of the document".into())),
        }
    }

    fn reference(&self, name: &str) -> Result<String, Problem> {
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name
                .strip_prefix('#')
                .and_then(|number| match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                })
                .and_then(char::from_u32),
        };
        character
            .map(String::from)
            .ok_or_else(|| self.malformed(format!("`&{};` is not a reference that XML knows; a plain `&` is written `&amp;`", cut(name))))
    }

    /// XML 1.0, production 2: the characters a document may contain.
    fn legal(&self, text: &str) -> Result<(), Problem> {
        match text.chars().find(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')) {
            Some(c) => Err(self.malformed(format!("the control character U+{:04X}, which XML does not allow", u32::from(c)))),
            None => Ok(()),
        }
    }

    fn resolve(&mut self, qualified: &str, is_element: bool) -> Result<Name, Problem> {
        self.within("bytes in a name", qualified.len(), LONGEST_NAME)?;
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let first = local.chars().next().unwrap_or(' ');
        if !(first.is_alphabetic() || first == '_') || local.contains([':', '<', '&', '"', '\'', '=', '/']) {
            return Err(self.malformed(format!("`{}` is not a name", cut(qualified))));
        }
        let local = match self.names.get(local) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = Arc::from(local);
                self.names.insert(Arc::clone(&new));
                new
            }
        };
        let none = || Arc::from("");
        if prefix == "xml" {
            return Ok(Name { namespace: Arc::from(XML_NAMESPACE), local });
        }
        if prefix.is_empty() && !is_element {
            return Ok(Name { namespace: none(), local });
        }
        match self.scopes.iter().rev().find(|(known, _)| known == prefix) {
            Some((_, namespace)) => Ok(Name { namespace: Arc::clone(namespace), local }),
            None if prefix.is_empty() => Ok(Name { namespace: none(), local }),
            None => Err(self.malformed(format!("the prefix of `{}` is not bound to a namespace", cut(qualified)))),
        }
    }

    fn within(&self, what: &str, found: usize, limit: usize) -> Result<(), Problem> {
        if found < limit {
            return Ok(());
        }
        Err(Problem::new(codes::DOC_LIMIT, format!("more than {limit} {what}")).at(self.place()))
    }

    /// Moves the known position forward to byte `to`; every byte is looked at once.
    fn advance(&mut self, to: usize) {
        let to = to.min(self.text.len());
        if to <= self.at {
            return;
        }
        for c in self.text.get(self.at..to).unwrap_or_default().chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = to;
    }

    fn place(&self) -> Place {
        let place = Place::at(self.file, self.line, self.column);
        match self.open.last() {
            Some(open) => place.with_path(self.document.path(*open)),
            None => place,
        }
    }

    fn malformed(&self, message: String) -> Problem {
        Problem::new(codes::DOC_MALFORMED, message).at(self.place())
    }

    /// quick-xml's errors in our words.
    fn sentence(&self, error: &quick_xml::Error) -> String {
        use quick_xml::errors::{Error, IllFormedError};
        match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                format!("`</{}>` closes an element that was opened as `<{}>`", cut(found), cut(expected))
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
                format!("`</{}>` closes an element that was never opened", cut(name))
            }
            Error::IllFormed(IllFormedError::UnclosedReference) => "a `&` that begins no reference; a plain `&` is written `&amp;`".into(),
            Error::Syntax(_) => match self.open.is_empty() && self.document.is_empty() {
                true => "a tag that does not end: this is not an XML document, or it is truncated".into(),
                false => "the file ends in the middle of a tag, comment or declaration: it is truncated".into(),
            },
            other => format!("not well-formed: {other}"),
        }
    }
}

/// Whether a blank stands between any two attributes (XML 1.0, production 40).
fn spaced(raw: &str) -> bool {
    let mut quote = None;
    let mut closed = false;
    for c in raw.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => {
                quote = None;
                closed = true;
                continue;
            }
            (None, c) if closed && !c.is_ascii_whitespace() && c != '/' => return false,
            _ => {}
        }
        closed = false;
    }
    true
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
