//! Start tags: attributes, namespaces, names.

use std::{ops::Range, sync::Arc};

use quick_xml::{
    XmlVersion,
    events::{BytesStart, attributes::AttrError},
};

use crate::{
    format::Limits,
    model::{
        Code, NameKey, Start,
        events::{Declared, Vocabulary},
        i18n::{Sentence, say},
        problem::cut,
    },
};

/// Maximum bytes of a name or namespace, and bindings in scope at one place; real documents stay below a tenth of both.
const LONGEST_NAME: usize = 1000;
const MOST_BINDINGS: usize = 200;
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a tag is refused: the code and a sentence.
type Refusal = (Code, Sentence);

/// Namespaces in scope, and the current tag.
#[derive(Default)]
pub(super) struct Scopes {
    /// Bindings, innermost last: prefix and namespace.
    bindings: Vec<Declared>,
    /// For each open element: the earlier bindings, the outer scope, and the parent's text so far.
    open: Vec<(usize, u32, usize)>,
    /// Number of the scope, which is that of the innermost element with declarations.
    scope: u32,
    /// Number of scopes so far.
    scopes: u32,
    known: Known,
    attributes: Vec<(NameKey, Range<usize>)>,
    values: String,
    raw: Vec<(Range<usize>, Range<usize>)>,
    raws: String,
    /// Bytes of text of the open element.
    pub(super) gathered: usize,
}

impl Scopes {
    /// Reads a tag and opens its scope; returns the element's name.
    pub(super) fn enter(&mut self, tag: &BytesStart<'_>, limits: &Limits, vocabulary: &mut Vocabulary) -> Result<NameKey, Refusal> {
        self.open.push((self.bindings.len(), self.scope, self.gathered));
        self.gathered = 0;
        self.attributes.clear();
        self.values.clear();
        self.raw.clear();
        self.raws.clear();
        if !tag.attributes_raw().is_empty() {
            self.attributes(tag, limits)?;
        }
        if self.open.last().is_some_and(|(before, ..)| self.bindings.len() > *before) {
            self.scopes += 1;
            self.scope = self.scopes;
        }
        let key = match self.known.find(tag.name().as_ref(), true, self.scope) {
            Some(key) => key,
            None => {
                let key = learn(&self.bindings, tag.name().as_ref(), true, vocabulary)?;
                self.known.keep(tag.name().as_ref(), true, self.scope, key);
                key
            }
        };
        for at in 0..self.raw.len() {
            let (name, value) = self.raw[at].clone();
            let name = &self.raws[name];
            let key = match self.known.find(name, false, self.scope) {
                Some(key) => key,
                None => {
                    let key = learn(&self.bindings, name, false, vocabulary)?;
                    self.known.keep(name, false, self.scope, key);
                    key
                }
            };
            if self.attributes.iter().any(|(known, _)| *known == key) {
                return malformed(say!("xml-attribute-twice", attribute = cut(name)));
            }
            self.attributes.push((key, value));
        }
        if vocabulary.len() > limits.names {
            return Err((Code::DocLimit, say!("limit-names", limit = limits.names)));
        }
        Ok(key)
    }

    /// The last tag that was read.
    pub(super) fn start<'s>(&'s self, key: NameKey, vocabulary: &'s Vocabulary) -> Start<'s> {
        let own = self.open.last().map_or(0, |(before, ..)| *before);
        Start { vocabulary, key, attributes: &self.attributes, values: &self.values, declares: &self.bindings[own..], of: None }
    }

    pub(super) fn leave(&mut self) {
        if let Some((before, scope, gathered)) = self.open.pop() {
            self.bindings.truncate(before);
            self.scope = scope;
            self.gathered = gathered;
        }
    }

    /// Puts namespace declarations into the bindings and everything else into `raw`: its name is unknown before all of them are read.
    fn attributes(&mut self, tag: &BytesStart<'_>, limits: &Limits) -> Result<(), Refusal> {
        if !spaced(tag.attributes_raw()) {
            return malformed(say!("xml-no-blank"));
        }
        let before = self.open.last().map_or(0, |(before, ..)| *before);
        let mut attributes = tag.attributes();
        attributes.with_checks(false);
        for (count, attribute) in attributes.enumerate() {
            let attribute = attribute.map_err(|error| {
                (
                    Code::DocMalformed,
                    match error {
                        AttrError::Duplicated(..) => say!("xml-attribute-repeated"),
                        _ => say!("xml-tag-broken"),
                    },
                )
            })?;
            if count >= limits.attributes {
                return Err((Code::DocLimit, say!("limit-attributes", limit = limits.attributes)));
            }
            let unknown = |_| (Code::DocMalformed, say!("xml-attribute-reference"));
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(unknown)?;
            if let Some(c) = illegal(&value) {
                return malformed(say!("xml-control", character = format!("U+{:04X}", u32::from(c))));
            }
            if attribute.value.contains('<') {
                return malformed(say!("xml-attribute-less-than"));
            }
            let key = attribute.key.as_ref();
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => {
                    let at = (self.raws.len(), self.values.len());
                    self.raws.push_str(key);
                    self.values.push_str(&value);
                    self.raw.push((at.0..self.raws.len(), at.1..self.values.len()));
                    continue;
                }
            };
            if value.len() > LONGEST_NAME || prefix.len() > LONGEST_NAME {
                return Err((Code::DocLimit, say!("limit-namespace", limit = LONGEST_NAME)));
            }
            if value.is_empty() && !prefix.is_empty() {
                return malformed(say!("xml-prefix-empty", prefix = cut(prefix)));
            }
            if self.bindings[before..].iter().any(|(known, _)| &**known == prefix) {
                return malformed(say!("xml-attribute-repeated"));
            }
            if self.bindings.len() >= MOST_BINDINGS {
                return Err((Code::DocLimit, say!("limit-namespaces", limit = MOST_BINDINGS)));
            }
            self.bindings.push((Arc::from(prefix), Arc::from(&*value)));
        }
        Ok(())
    }
}

/// Recent names, as written, so that one comparison finds the usual one.
struct Known(Vec<Option<(String, bool, u32, NameKey)>>);

impl Default for Known {
    fn default() -> Self {
        Self(vec![None; 256])
    }
}

impl Known {
    fn at(qualified: &str, is_element: bool) -> usize {
        let hash = qualified.bytes().fold(u32::from(is_element), |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        ((hash >> 8) ^ hash) as usize & 255
    }

    fn find(&self, qualified: &str, is_element: bool, scope: u32) -> Option<NameKey> {
        match &self.0[Self::at(qualified, is_element)] {
            Some((name, element, within, key)) if *within == scope && *element == is_element && name == qualified => Some(*key),
            _ => None,
        }
    }

    fn keep(&mut self, qualified: &str, is_element: bool, scope: u32, key: NameKey) {
        self.0[Self::at(qualified, is_element)] = Some((qualified.to_string(), is_element, scope, key));
    }
}

/// The number of a name as written, with its prefix resolved.
fn learn(bindings: &[Declared], qualified: &str, is_element: bool, vocabulary: &mut Vocabulary) -> Result<NameKey, Refusal> {
    if qualified.len() > LONGEST_NAME {
        return Err((Code::DocLimit, say!("limit-name", limit = LONGEST_NAME)));
    }
    let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
    let namespace = match prefix {
        "xml" => XML_NAMESPACE,
        "" if !is_element => "",
        _ => match bindings.iter().rev().find(|(known, _)| &**known == prefix) {
            Some((_, namespace)) => namespace,
            None if prefix.is_empty() => "",
            None => return malformed(say!("xml-prefix-unknown", name = cut(qualified))),
        },
    };
    if let Some(known) = vocabulary.find(namespace, local) {
        return Ok(known);
    }
    match is_name(local) {
        true => Ok(vocabulary.learn(namespace, local)),
        false => malformed(say!("xml-name", name = cut(qualified))),
    }
}

fn malformed<T>(message: Sentence) -> Result<T, Refusal> {
    Err((Code::DocMalformed, message))
}

/// Namespaces in XML 1.0, production 4: a name without a colon.
pub(super) fn is_name(text: &str) -> bool {
    let start = |c: char| {
        matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
    };
    let more = |c: char| start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}');
    let mut all = text.chars();
    all.next().is_some_and(start) && all.all(more)
}

/// The first character that XML 1.0 does not allow in a document (production 2).
pub(super) fn illegal(text: &str) -> Option<char> {
    let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Usual text has neither; two passes over bytes show that faster than one over characters.
    let suspect = text.bytes().fold(false, |found, byte| found | control(byte)) || text.contains("\u{fffe}") || text.contains("\u{ffff}");
    suspect
        .then(|| text.chars().find(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')))
        .flatten()
}

/// The character for a reference.
pub(super) fn reference(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
                None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok()?,
                _ => return None,
            };
            char::from_u32(code)?
        }
    })
}

/// Whether there is a blank between any two attributes (XML 1.0, production 40).
fn spaced(raw: &str) -> bool {
    let mut rest = raw.as_bytes();
    while let Some(open) = memchr::memchr2(b'"', b'\'', rest) {
        let quote = rest[open];
        let Some(close) = memchr::memchr(quote, &rest[open + 1..]) else { return true };
        rest = &rest[open + close + 2..];
        if rest.first().is_some_and(|next| !next.is_ascii_whitespace() && *next != b'/') {
            return false;
        }
    }
    true
}
