//! One thing wrong, reported to a person: code, place, sentence, hint, owner. Its code says what follows from it.

use std::{error::Error, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};

use super::{
    codes::{Code, Reaction, Who},
    foreign,
    i18n::{Sentence, Text},
};

/// The place of the problem. Every part is optional; what is known is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// File, as the partner named it or relative to the workspace.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// 1-based line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// 1-based column in characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// Name of the CSV column.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Path inside the document or configuration.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
}

impl Place {
    /// A place that is a whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::default() }
    }

    /// A line and column of a file.
    pub fn at(file: impl Into<String>, line: u32, column: u32) -> Self {
        Self { file: Some(file.into()), line: Some(line), column: Some(column), ..Self::default() }
    }

    /// The same place with a path.
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Whether nothing is known about the place.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.file.as_deref().unwrap_or("document")))?;
        match (self.line, &self.field, self.column) {
            (Some(line), Some(field), _) => write!(f, ": line {line}, column \"{}\"", shown(field))?,
            (Some(line), None, Some(column)) => write!(f, ":{line}:{column}")?,
            (Some(line), None, None) => write!(f, ":{line}")?,
            (None, ..) => {}
        }
        // A row's path is ours, not the partner's: line and column are enough.
        match (&self.path, &self.field) {
            (Some(path), None) => write!(f, "  {}", shown(path)),
            _ => Ok(()),
        }
    }
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code.
    pub code: Code,
    /// One sentence for a person.
    pub message: Text,
    /// Where.
    pub place: Place,
    /// Line of the mapping or flow that asked for it, as `file:line`.
    pub mapping: Option<String>,
    /// What to do about it.
    pub hint: Option<Text>,
    /// Who must act.
    pub who: Who,
    /// How many unreported problems it represents; 0 for all but the last problem of a file with very many.
    pub more: usize,
    /// What a library reported, for logs.
    cause: Cause,
}

/// A library's error, for logs only: it is not compared, and not stored in the journal.
#[derive(Clone, Default)]
struct Cause(Option<Arc<dyn Error + Send + Sync>>);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => write!(f, "{error}"),
            None => f.write_str("-"),
        }
    }
}

impl PartialEq for Cause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Cause {}

/// What an error said.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Said {}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.0.as_deref().map(|error| error as &(dyn Error + 'static))
    }
}

impl Problem {
    /// A problem with the owner and reaction of its code.
    pub fn new(code: Code, message: impl Into<Text>) -> Self {
        let info = code.info();
        Self {
            code,
            message: message.into(),
            place: Place::default(),
            mapping: None,
            hint: None,
            who: info.who,
            more: 0,
            cause: Cause::default(),
        }
    }

    /// Sets the place.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Names the file, if the place does not have one yet.
    pub fn in_file(mut self, file: &str) -> Self {
        self.place.file.get_or_insert_with(|| file.to_string());
        self
    }

    /// Sets what to do.
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets what to do, if known.
    pub fn maybe_hint(mut self, hint: Option<impl Into<Text>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }

    /// Names the line of the mapping that asked for the value.
    pub fn mapped_by(mut self, mapping: impl Into<String>) -> Self {
        self.mapping = Some(mapping.into());
        self
    }

    /// Keeps what a library reported, for logs. It must not hold secrets or parts of a document.
    pub fn because(mut self, error: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Cause(Some(Arc::new(error)));
        self
    }

    /// The same for a borrowed error: its text is kept.
    pub fn because_of(self, error: &(dyn Error + 'static)) -> Self {
        self.because(Said(error.to_string()))
    }

    /// The errors of the libraries below in one line, nearest first; empty if there are none.
    pub fn causes(&self) -> String {
        let (mut all, mut next) = (Vec::new(), self.source());
        while let Some(error) = next {
            all.push(error.to_string());
            next = error.source();
        }
        foreign::without_secrets(&all.join(": "))
    }

    /// Whether it may be over at the next attempt.
    pub fn is_temporary(&self) -> bool {
        matches!(self.code.reaction(), Reaction::Wait | Reaction::Stop)
    }
}

impl fmt::Display for Problem {
    /// The report: readable without colour, one problem in three to five lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code.as_str(), shown(&self.message))?;
        if !self.place.is_unknown() {
            write!(f, "\n  --> {}", self.place)?;
        }
        if let Some(mapping) = &self.mapping {
            write!(f, "\n  mapping: {mapping}")?;
        }
        write!(f, "\n  owner: {}", self.who.as_str())?;
        match (&self.hint, self.who) {
            (Some(hint), _) => write!(f, "   fix: {}", shown(hint)),
            // For a wrong document the sentence says everything; for all other problems the register says more.
            (None, Who::Partner) => Ok(()),
            (None, _) => write!(f, "   more: consign explain {}", self.code.as_str()),
        }
    }
}

/// A partner's text, made safe for a terminal: control characters become visible, so that a file name can neither move the cursor
/// nor fake a line of a report. Bytes that are not UTF-8 are shown as `\xe9`.
pub fn shown(text: &str) -> String {
    let shown = |c: char| match super::names::byte(c) {
        Some(byte) => format!("\\x{byte:02x}"),
        None if c.is_control() || super::names::is_invisible(c) => c.escape_default().to_string(),
        None => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// Why the system refuses a file, in a few words.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    // ENFILE and EMFILE have no ErrorKind; POSIX has these numbers on every system that consign runs on.
    if let Some(23 | 24) = error.raw_os_error() {
        return "too many files are open at once; raise the limit (LimitNOFILE of the service, or `ulimit -n`)".into();
    }
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".into(),
        ErrorKind::NotSeekable => "it is a pipe or a device, which cannot be read twice: save it to a file first".into(),
        ErrorKind::PermissionDenied => "no permission".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::NotADirectory => "a part of its path is not a folder".into(),
        ErrorKind::InvalidData => "it is not UTF-8".into(),
        ErrorKind::AlreadyExists => "it already exists".into(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "no space left".into(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        ErrorKind::ConnectionRefused => "connection refused".into(),
        ErrorKind::TimedOut => "no answer in time".into(),
        kind => kind.to_string(),
    }
}

/// Several problems in one line: the first, and the number of others.
pub fn one_line(problems: &[Problem]) -> Option<String> {
    let first = problems.first()?;
    let more = problems.len() - 1;
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Some(format!("{}: {}{rest}", first.code.as_str(), first.message))
}

/// Cuts a quoted value to at most 60 characters.
pub fn cut(value: &str) -> String {
    let mut chars = value.chars();
    let head: String = chars.by_ref().take(60).collect();
    if chars.next().is_some() { format!("{head}…") } else { head }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Problem", 10)?;
        out.serialize_field("code", self.code.as_str())?;
        out.serialize_field("message", &*self.message)?;
        match self.message.sentence() {
            Some(sentence) => out.serialize_field("sentence", sentence)?,
            None => out.skip_field("sentence")?,
        }
        out.serialize_field("place", &self.place)?;
        out.serialize_field("mapping", &self.mapping)?;
        out.serialize_field("hint", &self.hint.as_deref())?;
        match self.hint.as_ref().and_then(Text::sentence) {
            Some(sentence) => out.serialize_field("hint_sentence", sentence)?,
            None => out.skip_field("hint_sentence")?,
        }
        out.serialize_field("owner", &self.who)?;
        out.serialize_field("reaction", &self.code.reaction())?;
        match self.more {
            0 => out.skip_field("more")?,
            more => out.serialize_field("more", &more)?,
        }
        out.end()
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            code: String,
            message: String,
            sentence: Option<Box<Sentence>>,
            place: Place,
            mapping: Option<String>,
            hint: Option<String>,
            hint_sentence: Option<Box<Sentence>>,
            /// Problems of older journals say `who`.
            #[serde(alias = "who")]
            owner: Who,
            #[serde(default)]
            more: usize,
        }
        let raw = Raw::deserialize(deserializer)?;
        let code = Code::find(&raw.code).ok_or_else(|| serde::de::Error::custom(format!("unknown problem code {}", raw.code)))?;
        Ok(Self {
            code,
            message: Text::kept(raw.message, raw.sentence),
            place: raw.place,
            mapping: raw.mapping,
            hint: raw.hint.map(|hint| Text::kept(hint, raw.hint_sentence)),
            who: raw.owner,
            more: raw.more,
            cause: Cause::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    #[test]
    fn a_report_reads_as_designed_and_survives_the_journal() {
        let problem = Problem::new(Code::LookupNone, "no product with barcode `5701234000015`")
            .at(Place::at("order-778.xml", 31, 14).with_path("/Order/OrderLine[2]"))
            .mapped_by("mappings/order.toml:18")
            .hint("create the product in Odoo");
        insta::assert_snapshot!(problem, @r"
        error[C412]: no product with barcode `5701234000015`
          --> order-778.xml:31:14  /Order/OrderLine[2]
          mapping: mappings/order.toml:18
          owner: ops   fix: create the product in Odoo
        ");
        let text = serde_json::to_string(&problem).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Problem>(&text).ok(), Some(problem));
    }

    #[test]
    fn a_file_name_cannot_write_to_the_terminal() {
        let place = Place::file("a\u{1b}[2Jb\nc");
        assert_eq!(place.to_string(), "a\\u{1b}[2Jb\\nc");
        assert_eq!(shown("a\u{2028}b\u{200b}c\u{202e}d ü 漢"), "a\\u{2028}b\\u{200b}c\\u{202e}d ü 漢");
    }
}
