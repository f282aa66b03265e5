//! Bytes to text while they are read: byte-order marks, XML declarations, and the encodings that partners really send.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::model::{
    Code, Place, Problem,
    i18n::{Sentence, say},
    problem::cut,
};

/// Bytes examined to find the encoding; an XML declaration is shorter.
const HEAD: usize = 256;
/// Bytes decoded at a time.
const CHUNK: usize = 64 << 10;

/// What to do with bytes that are not valid in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecodable {
    /// The file is refused.
    Refuse,
    /// Each becomes U+FFFD.
    Replace,
}

/// The text of a file as UTF-8. Reading fails at the first invalid byte, after everything before it.
pub struct DecodedText<R> {
    bytes: R,
    decoder: Decoder,
    policy: Undecodable,
    raw: Vec<u8>,
    /// The part of `raw` that is not decoded yet.
    left: std::ops::Range<usize>,
    text: Vec<u8>,
    /// The part of `text` that is decoded and not read yet.
    ready: std::ops::Range<usize>,
    read: u64,
    most: u64,
    ended: bool,
    flushed: bool,
    trouble: Option<ReadError>,
}

/// Why reading stopped.
#[derive(Debug)]
pub enum ReadError {
    /// A byte that the encoding does not have.
    Encoding(&'static Encoding),
    /// More bytes than the limit.
    Size(u64),
    /// The file itself cannot be read.
    Io(io::Error),
}

impl ReadError {
    /// As a problem at the place where reading stopped.
    pub fn problem(&self, place: Place) -> Problem {
        match self {
            Self::Encoding(encoding) => Problem::new(Code::DocEncoding, say!("encoding-invalid", encoding = encoding.name()))
                .at(place)
                .hint(say!("hint-declare-encoding")),
            Self::Size(most) => Problem::new(Code::DocLimit, say!("file-longer", limit = *most)).at(place),
            Self::Io(error) => {
                Problem::new(Code::DropIo, format!("the file cannot be read ({})", crate::model::problem::reason(error))).at(place)
            }
        }
    }
}

impl<R: Read> DecodedText<R> {
    /// An XML file, decoded by its byte-order mark or its declaration (XML 1.0, appendix F); by default it is UTF-8.
    ///
    /// # Errors
    /// An unknown encoding.
    pub fn xml(mut bytes: R, most: u64, file: &str) -> Result<Self, Problem> {
        let head = head(&mut bytes).map_err(|error| ReadError::Io(error).problem(Place::file(file)))?;
        let encoding = xml_encoding(&head, file)?;
        Ok(Self::new(bytes, head, encoding, Undecodable::Refuse, most))
    }

    /// A file in a known encoding; a byte-order mark takes precedence.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn plain(mut bytes: R, encoding: &'static Encoding, policy: Undecodable, most: u64) -> io::Result<Self> {
        let head = head(&mut bytes)?;
        Ok(Self::new(bytes, head, encoding, policy, most))
    }

    fn new(bytes: R, head: Vec<u8>, encoding: &'static Encoding, policy: Undecodable, most: u64) -> Self {
        let (encoding, mark) = Encoding::for_bom(&head).unwrap_or((encoding, 0));
        let mut raw = head;
        let (filled, read) = (raw.len(), raw.len() as u64);
        raw.resize(CHUNK, 0);
        Self {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
            policy,
            raw,
            left: mark..filled,
            text: vec![0; CHUNK * 3 + 3],
            ready: 0..0,
            read,
            most,
            ended: false,
            flushed: false,
            trouble: None,
        }
    }

    /// Why reading stopped before the end, if it did.
    pub fn trouble(&mut self) -> Option<ReadError> {
        self.trouble.take()
    }

    fn stop(&mut self, trouble: ReadError) -> io::Error {
        self.trouble = Some(trouble);
        io::Error::from(io::ErrorKind::InvalidData)
    }

    /// Decodes until there is text or the file has ended.
    fn fill(&mut self) -> io::Result<()> {
        self.ready = 0..0;
        while self.ready.is_empty() && !self.flushed {
            if self.left.is_empty() && !self.ended {
                let found = match self.bytes.read(&mut self.raw) {
                    Ok(found) => found,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(self.stop(ReadError::Io(error))),
                };
                self.left = 0..found;
                self.ended = found == 0;
                self.read += found as u64;
            }
            if self.read > self.most {
                return Err(self.stop(ReadError::Size(self.most)));
            }
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(&self.raw[self.left.clone()], &mut self.text[..CHUNK * 3], self.ended);
            self.ready = 0..written;
            self.left.start += read;
            match result {
                DecoderResult::InputEmpty => self.flushed = self.ended,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) if self.policy == Undecodable::Replace => {
                    self.text[written..written + 3].copy_from_slice("\u{fffd}".as_bytes());
                    self.ready = 0..written + 3;
                }
                DecoderResult::Malformed(..) => {
                    let encoding = self.decoder.encoding();
                    self.trouble = Some(ReadError::Encoding(encoding));
                    // The text before it is returned first, so that the place is the exact byte.
                    return if self.ready.is_empty() { Err(io::Error::from(io::ErrorKind::InvalidData)) } else { Ok(()) };
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for DecodedText<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for DecodedText<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ready.is_empty() {
            if self.trouble.is_some() {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            self.fill()?;
        }
        Ok(&self.text[self.ready.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.ready.start += amount;
    }
}

/// The first bytes of a file.
fn head(bytes: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    bytes.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The encoding of an XML file by its first bytes.
pub(super) fn xml_encoding(head: &[u8], file: &str) -> Result<&'static Encoding, Problem> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    match head {
        [0, b'<', 0, _, ..] => return Ok(UTF_16BE),
        [b'<', 0, _, 0, ..] => return Ok(UTF_16LE),
        _ => {}
    }
    let refuse = |message: Sentence| Problem::new(Code::DocEncoding, message).at(Place::at(file, 1, 1)).hint(say!("hint-utf8"));
    let Some(name) = declared(head) else { return Ok(UTF_8) };
    let encoding = Encoding::for_label(name.as_bytes()).ok_or_else(|| refuse(say!("encoding-unknown", encoding = cut(&name))))?;
    // The declaration could be read byte by byte, so its encoding is wrong.
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return Err(refuse(say!("encoding-other", encoding = cut(&name))));
    }
    Ok(encoding)
}

/// The encoding named in the XML declaration, if there is one.
fn declared(head: &[u8]) -> Option<String> {
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?.to_string();
    let after = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start().to_string();
    let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    after[1..].split(quote).next().map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, Problem> {
        let mut text = DecodedText::xml(bytes, 1000, "x")?;
        let mut out = String::new();
        match text.read_to_string(&mut out) {
            Ok(_) => Ok(out),
            Err(_) => Err(text.trouble().expect("a reason").problem(Place::default())),
        }
    }

    #[test]
    fn reads_the_encodings_partners_send() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xfcller</a>";
        assert!(text(latin).is_ok_and(|text| text.contains("Müller")));
        assert!(text(b"<?xml version='1.0' encoding='ISO-8859-15'?><a>\xa4</a>").is_ok_and(|text| text.contains('€')));
        assert!(text(b"<?xml version='1.0' encoding=\"windows-1252\"?><a>\x80</a>").is_ok_and(|text| text.contains('€')));
        for marked in [true, false] {
            let mark = if marked { "\u{feff}" } else { "" };
            let little: Vec<u8> = format!("{mark}<a>ü</a>").encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(text(&little).is_ok_and(|text| text == "<a>ü</a>"));
            let big: Vec<u8> = format!("{mark}<a>ü</a>").encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(text(&big).is_ok_and(|text| text == "<a>ü</a>"));
        }
        assert!(text("\u{feff}<a/>".as_bytes()).is_ok_and(|text| text == "<a/>"));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for bytes in [
            &b"<a>\xff</a>"[..],
            b"<?xml version='1.0' encoding='klingon'?><a/>",
            b"<?xml version='1.0' encoding='UTF-16'?><a/>",
            b"<a>\xc3",
        ] {
            assert!(text(bytes).is_err_and(|problem| problem.code == Code::DocEncoding), "{bytes:?}");
        }
        assert!(text(&[b'a'; 1001]).is_err_and(|problem| problem.code == Code::DocLimit));
    }
}
