//! The event loop: well-formedness, limits, positions.

use std::{io::Read, time::Instant};

use quick_xml::{Reader, events::Event};

use super::{Doctype, XmlOptions, position::Counted, tags::Scopes};
use crate::{
    format::{Limits, decode::DecodedText},
    model::{
        Code, ElementStack, Place, Problem,
        events::{Events, Vocabulary},
        i18n::{Text, say},
        problem::cut,
    },
};

/// Text above this many bytes is passed on at once and not collected.
const LARGE: usize = 64 << 10;
/// Elements between two checks of the time.
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
                        return Err(self.malformed(say!("xml-cdata-end")));
                    }
                    self.characters(&text)?;
                }
                Ok(Event::CData(data)) => {
                    if self.stack.depth() == 0 {
                        return Err(self.malformed(say!("xml-text-outside")));
                    }
                    self.characters(&data.xml10_content())?;
                }
                Ok(Event::GeneralRef(_)) if self.stack.depth() == 0 => {
                    return Err(self.malformed(say!("xml-reference-outside")));
                }
                Ok(Event::GeneralRef(name)) => {
                    let c =
                        super::tags::reference(&name).ok_or_else(|| self.malformed(say!("xml-reference-unknown", name = cut(&name))))?;
                    self.characters(c.encode_utf8(&mut [0; 4]))?;
                }
                Ok(Event::DocType(text)) => self.doctype(&text)?,
                Ok(Event::Decl(text)) => {
                    if self.at != (1, 1) && !(self.options.several && self.stack.depth() == 0) {
                        return Err(self.malformed(say!("xml-declaration-late")));
                    }
                    if !super::prolog::is_declaration(&text) {
                        return Err(self.malformed(say!("xml-declaration-broken")));
                    }
                }
                Ok(Event::Comment(text)) => self.legal(&text)?,
                Ok(Event::PI(text)) => {
                    self.legal(&text)?;
                    if !super::prolog::is_target(text.target()) {
                        return Err(self.malformed(say!("xml-instruction", target = cut(text.target()))));
                    }
                }
                Ok(Event::Eof) => break,
            }
            if self.to.wants_no_more() {
                return Ok(());
            }
        }
        if let Some(open) = self.stack.name() {
            let message = say!("xml-ends-inside", element = &*open.local, line = self.stack.position().0);
            return Err(self.malformed(message).hint(say!("hint-cut-off")));
        }
        match self.roots {
            0 => Err(self.malformed(say!("xml-no-element"))),
            _ => Ok(()),
        }
    }

    fn start(&mut self, tag: &quick_xml::events::BytesStart<'_>, closed: bool) -> Result<(), Problem> {
        if self.stack.depth() == 0 {
            self.roots += 1;
            if self.roots > 1 && !self.options.several {
                return Err(self.malformed(say!("xml-second-root")));
            }
        }
        self.elements += 1;
        if self.elements.is_multiple_of(LOOK) && Instant::now() > self.until {
            return Err(self.limit(say!("limit-time")));
        }
        self.flush();
        if self.stack.depth() >= self.limits.depth {
            return Err(self.limit(say!("limit-depth", limit = self.limits.depth)));
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
                (_, 0) => Err(self.malformed(say!("xml-text-first"))),
                _ => Err(self.malformed(say!("xml-text-after"))),
            };
        }
        self.scopes.gathered += text.len();
        if self.scopes.gathered > self.limits.text {
            return Err(self.limit(say!("limit-text", limit = self.limits.text)));
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
            return Err(self.malformed(say!("xml-doctype-inside")));
        }
        let bare = !text.contains('[');
        if bare && self.options.doctype == Doctype::SkipBare {
            return Ok(());
        }
        let problem = Problem::new(
            Code::DocDoctype,
            match bare {
                true => say!("xml-doctype"),
                false => say!("xml-doctype-declares"),
            },
        );
        Err(problem.at(self.place()).hint(say!("hint-no-doctype")))
    }

    /// XML 1.0, production 2: the characters a document may contain.
    fn legal(&self, text: &str) -> Result<(), Problem> {
        match super::tags::illegal(text) {
            Some(c) => Err(self.malformed(say!("xml-control", character = format!("U+{:04X}", u32::from(c))))),
            None => Ok(()),
        }
    }

    /// Where the current event began, below the open elements.
    fn place(&self) -> Place {
        let place = Place::at(self.file, self.at.0, self.at.1);
        if self.stack.depth() == 0 { place } else { place.with_path(self.stack.path()) }
    }

    fn limit(&self, message: impl Into<Text>) -> Problem {
        self.refuse(Code::DocLimit, message)
    }

    fn malformed(&self, message: impl Into<Text>) -> Problem {
        self.refuse(Code::DocMalformed, message)
    }

    fn refuse(&self, code: Code, message: impl Into<Text>) -> Problem {
        Problem::new(code, message).at(self.place())
    }

    /// Why there are no more events, in our words.
    fn stopped(&mut self, error: &quick_xml::Error) -> Problem {
        use quick_xml::errors::{Error, IllFormedError};
        let here = self.reader.get_ref().here();
        if self.reader.get_ref().is_too_long() {
            return self.limit(say!("limit-text", limit = self.limits.text));
        }
        if let Some(trouble) = self.reader.get_mut().inner().trouble() {
            self.at = here;
            let problem = trouble.problem(self.place());
            return if matches!(trouble, crate::format::decode::ReadError::Encoding(_)) { problem } else { problem.in_file(self.file) };
        }
        let begun = self.roots > 0;
        let problem = self.malformed(match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                say!("xml-closes-other", found = cut(found), expected = cut(expected)).into()
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => say!("xml-closes-nothing", element = cut(name)).into(),
            Error::IllFormed(IllFormedError::UnclosedReference) => say!("xml-bare-ampersand").into(),
            Error::Syntax(_) if begun => say!("xml-ends-in-tag").into(),
            Error::Syntax(_) => say!("xml-tag-open").into(),
            other => Text::from(format!("not well-formed: {other}")),
        });
        if begun && matches!(error, Error::Syntax(_)) { problem.hint(say!("hint-cut-off")) } else { problem }
    }
}
