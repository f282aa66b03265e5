//! Bytes to text: byte-order marks, XML declarations, and the encodings partners really send.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::model::{Place, Problem, codes};

/// Decodes an XML file by its byte-order mark or its declaration (XML 1.0, appendix F); without either it is UTF-8.
pub fn decode_xml<'b>(bytes: &'b [u8], file: &str) -> Result<Cow<'b, str>, Problem> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[mark..], file);
    }
    if matches!(bytes, [0, b'<', ..] | [b'<', 0, ..]) {
        let problem = Problem::new(codes::DOC_ENCODING, "the file is UTF-16 without a byte-order mark").at(Place::at(file, 1, 1));
        return Err(problem.hint("send it with the mark, or as UTF-8"));
    }
    let encoding = match declared(bytes) {
        None => UTF_8,
        Some(name) => Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            Problem::new(
                codes::DOC_ENCODING,
                format!("the file declares the encoding `{}`, which is not known", crate::model::problem::cut(&name)),
            )
            .at(Place::at(file, 1, 1))
            .hint("send the file as UTF-8")
        })?,
    };
    decode_as(encoding, bytes, file)
}

/// Decodes with the first of the named encodings in which every byte is valid. A byte-order mark decides before all of them.
pub fn decode_first<'b>(bytes: &'b [u8], encodings: &[&'static Encoding], file: &str) -> Result<Cow<'b, str>, Problem> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[mark..], file);
    }
    let mut last = None;
    for encoding in encodings {
        match decode_as(encoding, bytes, file) {
            Ok(text) => return Ok(text),
            Err(problem) => last = Some(problem),
        }
    }
    Err(last.unwrap_or_else(|| Problem::new(codes::DOC_ENCODING, "the flow names no encoding").at(Place::file(file))))
}

fn decode_as<'b>(encoding: &'static Encoding, bytes: &'b [u8], file: &str) -> Result<Cow<'b, str>, Problem> {
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text);
    }
    // Only UTF-8 lets the bad byte be found cheaply; other encodings name the file.
    let place = match (encoding == UTF_8, std::str::from_utf8(bytes)) {
        (true, Err(error)) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
            Place::at(file, u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
        }
        _ => Place::file(file),
    };
    Err(Problem::new(codes::DOC_ENCODING, format!("the file's bytes are not valid {}", encoding.name()))
        .at(place)
        .hint("declare the encoding the file is really written in, or send it as UTF-8"))
}

/// The encoding named in the XML declaration, if there is one.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(200)];
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?.to_string();
    let after = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start().to_string();
    let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    after[1..].split(quote).next().map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_encodings_partners_send() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xfcller</a>";
        assert!(decode_xml(latin, "x").is_ok_and(|text| text.contains("Müller")));
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain("<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(decode_xml(&utf16, "x").is_ok_and(|text| text == "<a>ü</a>"));
        assert!(decode_xml("\u{feff}<a/>".as_bytes(), "x").is_ok_and(|text| text == "<a/>"));
    }

    #[test]
    fn a_bad_byte_is_named_by_line_and_column() {
        let problem = decode_xml(b"<a>\n  b\xff</a>", "x").map(|_| ()).expect_err("0xFF is no UTF-8");
        assert_eq!((problem.place.line, problem.place.column), (Some(2), Some(4)));
    }
}
