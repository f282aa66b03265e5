//! The event loop: well-formedness, limits, places.

use std::{io::Read, time::Instant};

use quick_xml::{Reader, events::Event};

use super::{Doctype, XmlOptions, position::Counted, tags::Scopes};
use crate::{
    format::{Limits, decode::DecodedText},
    model::{
        Code, ElementStack, Place, Problem,
        events::{Events, Vocabulary},
        problem::cut,
    },
};

const CUT_OFF: &str = "the transfer or the export was cut off: ask for the file again";
/// Text above this many bytes is passed on at once and not gathered.
const LARGE: usize = 64 << 10;
/// Elements between two looks at the clock.
const LOOK: u64 = 4096;

pub(super) struct XmlReader<'r, R: Read> {
    reader: Reader<Counted<DecodedText<R>>>,
    file: &'r str,
    limits: &'r Limits,
    options: XmlOptions,
    to: &'r mut dyn Events,
    stack: ElementStack,
    vocabulary: Vocabulary,
    scopes: Scopes,
    /// Character data of the open element that has not been passed on yet.
    pending: String,
    /// Where the event began.
    at: (u32, u32),
    elements: u64,
    roots: usize,
    until: Instant,
}

impl<'r, R: Read> XmlReader<'r, R> {
    pub(super) fn new(
        text: DecodedText<R>,
        file: &'r str,
        limits: &'r Limits,
        options: XmlOptions,
        until: Instant,
        to: &'r mut dyn Events,
    ) -> Self {
        // A tag with all its attributes and a text with its references are single events; the margin is for their markup.
        let mut reader = Reader::from_reader(Counted::new(text, limits.text.saturating_add(LARGE)));
        reader.config_mut().check_comments = true;
        Self {
            reader,
            file,
            limits,
            options,
            to,
            stack: ElementStack::default(),
            vocabulary: Vocabulary::default(),
            scopes: Scopes::default(),
            pending: String::new(),
            at: (1, 1),
            elements: 0,
            roots: 0,
            until,
        }
    }

    pub(super) fn run(mut self) -> Result<(), Problem> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            if buffer.capacity() > 1 << 20 {
                buffer.shrink_to(LARGE);
            }
            self.at = self.reader.get_mut().mark();
            match self.reader.read_event_into(&mut buffer) {
                Err(error) => return Err(self.stopped(&error)),
                Ok(Event::Start(tag)) => self.start(&tag, false)?,
                Ok(Event::Empty(tag)) => self.start(&tag, true)?,
                Ok(Event::End(_)) => self.end(),
                Ok(Event::Text(text)) => {
                    let text = text.xml10_content();
                    if memchr::memchr(b']', text.as_bytes()).is_some() && text.contains("]]>") {
                        return Err(self.malformed("`]]>` in text; it is written `]]&gt;`".into()));
                    }
                    self.characters(&text)?;
                }
                Ok(Event::CData(data)) => {
                    if self.stack.depth() == 0 {
                        return Err(self.malformed("character data outside the root element".into()));
                    }
                    self.characters(&data.xml10_content())?;
                }
                Ok(Event::GeneralRef(_)) if self.stack.depth() == 0 => {
                    return Err(self.malformed("a reference outside the root element".into()));
                }
                Ok(Event::GeneralRef(name)) => {
                    let c = super::tags::reference(&name).ok_or_else(|| {
                        let message = format!("`&{};` is not a reference that XML knows; a plain `&` is written `&amp;`", cut(&name));
                        self.malformed(message)
                    })?;
                    self.characters(c.encode_utf8(&mut [0; 4]))?;
                }
                Ok(Event::DocType(text)) => self.doctype(&text)?,
                Ok(Event::Decl(text)) => {
                    if self.at != (1, 1) && !(self.options.several && self.stack.depth() == 0) {
                        return Err(self.malformed("an XML declaration that is not at the very start of the file".into()));
                    }
                    if !super::prolog::is_declaration(&text) {
                        return Err(
                            self.malformed("a broken XML declaration: it is written <?xml version=\"1.0\" encoding=\"UTF-8\"?>".into())
                        );
                    }
                }
                Ok(Event::Comment(text)) => self.legal(&text)?,
                Ok(Event::PI(text)) => {
                    self.legal(&text)?;
                    if !super::prolog::is_target(text.target()) {
                        return Err(self.malformed(format!("`<?{}` begins no processing instruction", cut(text.target()))));
                    }
                }
                Ok(Event::Eof) => break,
            }
            if self.to.wants_no_more() {
                return Ok(());
            }
        }
        if let Some(open) = self.stack.name() {
            let message =
                format!("the file ends inside `<{}>`, which began on line {}: it is truncated", open.local, self.stack.position().0);
            return Err(self.malformed(message).hint(CUT_OFF));
        }
        match self.roots {
            0 => Err(self.malformed("there is no element: this is not an XML document".into())),
            _ => Ok(()),
        }
    }

    fn start(&mut self, tag: &quick_xml::events::BytesStart<'_>, closed: bool) -> Result<(), Problem> {
        if self.stack.depth() == 0 {
            self.roots += 1;
            if self.roots > 1 && !self.options.several {
                return Err(self.malformed("a second root element: the file holds more than one document".into()));
            }
        }
        self.elements += 1;
        if self.elements.is_multiple_of(LOOK) && Instant::now() > self.until {
            return Err(self.limit("reading it took too long".into()));
        }
        self.flush();
        if self.stack.depth() >= self.limits.depth {
            return Err(self.limit(format!("more than {} levels of elements", self.limits.depth)));
        }
        let key = match self.scopes.enter(tag, self.limits, &mut self.vocabulary) {
            Ok(key) => key,
            Err((code, message)) => return Err(self.refuse(code, message)),
        };
        let name = self.vocabulary.name(key);
        self.stack.enter(name, key, self.at.0, self.at.1, None);
        self.to.start(&self.scopes.start(key, &self.vocabulary), &mut self.stack);
        if closed {
            self.end();
        }
        Ok(())
    }

    fn end(&mut self) {
        self.flush();
        self.to.end(&mut self.stack);
        self.stack.leave();
        self.scopes.leave();
    }

    fn characters(&mut self, text: &str) -> Result<(), Problem> {
        self.legal(text)?;
        if self.stack.depth() == 0 {
            let blank = text.trim_matches([' ', '\t', '\r', '\n']).is_empty();
            return match (blank, self.roots) {
                (true, _) => Ok(()),
                (_, 0) => Err(self.malformed("the file does not start with an element: this is not an XML document".into())),
                _ => Err(self.malformed("text after the end of the document".into())),
            };
        }
        self.scopes.gathered += text.len();
        if self.scopes.gathered > self.limits.text {
            return Err(self.limit(format!("more than {} bytes of text in one element", self.limits.text)));
        }
        if text.len() > LARGE {
            self.flush();
            self.to.text(text, &mut self.stack);
        } else {
            self.pending.push_str(text);
            if self.pending.len() > LARGE {
                self.flush();
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.to.text(&self.pending, &mut self.stack);
            self.pending.clear();
        }
    }

    fn doctype(&mut self, text: &str) -> Result<(), Problem> {
        if self.roots > 0 && !self.options.several {
            return Err(self.malformed("a DOCTYPE behind the root element's beginning".into()));
        }
        let bare = !text.contains('[');
        if bare && self.options.doctype == Doctype::SkipBare {
            return Ok(());
        }
        let problem = Problem::new(
            Code::DocDoctype,
            match bare {
                true => "the file has a DOCTYPE, which is not accepted",
                false => "the file has a DOCTYPE with declarations of its own, which are never accepted",
            },
        );
        Err(problem.at(self.place()).hint("send the file without a document type declaration"))
    }

    /// XML 1.0, production 2: the characters a document may contain.
    fn legal(&self, text: &str) -> Result<(), Problem> {
        match super::tags::illegal(text) {
            Some(c) => Err(self.malformed(format!("the control character U+{:04X}, which XML does not allow", u32::from(c)))),
            None => Ok(()),
        }
    }

    /// Where the event that is being read began, below the open elements.
    fn place(&self) -> Place {
        let place = Place::at(self.file, self.at.0, self.at.1);
        if self.stack.depth() == 0 { place } else { place.with_path(self.stack.path()) }
    }

    fn limit(&self, message: String) -> Problem {
        self.refuse(Code::DocLimit, message)
    }

    fn malformed(&self, message: String) -> Problem {
        self.refuse(Code::DocMalformed, message)
    }

    fn refuse(&self, code: Code, message: String) -> Problem {
        Problem::new(code, message).at(self.place())
    }

    /// Why no more events come, in our words.
    fn stopped(&mut self, error: &quick_xml::Error) -> Problem {
        use quick_xml::errors::{Error, IllFormedError};
        let here = self.reader.get_ref().here();
        if self.reader.get_ref().is_too_long() {
            return self.limit(format!("more than {} bytes of text in one element, tag or comment", self.limits.text));
        }
        if let Some(trouble) = self.reader.get_mut().inner().trouble() {
            self.at = here;
            let problem = trouble.problem(self.place());
            return if matches!(trouble, crate::format::decode::ReadError::Encoding(_)) { problem } else { problem.in_file(self.file) };
        }
        let begun = self.roots > 0;
        let problem = self.malformed(match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                format!("`</{}>` closes an element that was opened as `<{}>`", cut(found), cut(expected))
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
                format!("`</{}>` closes an element that was never opened", cut(name))
            }
            Error::IllFormed(IllFormedError::UnclosedReference) => "a `&` that begins no reference; a plain `&` is written `&amp;`".into(),
            Error::Syntax(_) if begun => "the file ends in the middle of a tag, comment or declaration: it is truncated".into(),
            Error::Syntax(_) => "a tag that does not end: this is not an XML document, or it is truncated".into(),
            other => format!("not well-formed: {other}"),
        });
        if begun && matches!(error, Error::Syntax(_)) { problem.hint(CUT_OFF) } else { problem }
    }
}
