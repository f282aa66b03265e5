//! What was refused of a file, as a smaller file of the same form: everything around the units stays, and of the units only those
//! that are wanted. It can be corrected and dropped again.

use std::{collections::HashSet, io::Read};

use super::{Limits, Source, csv, xml};
use crate::model::{Name, Problems, Start, Trail, events::Events};

/// An XML document with those of its units that begin at these lines and columns.
///
/// # Errors
/// What keeps the document from being read.
pub fn of_xml(
    source: &Source,
    file: &str,
    limits: &Limits,
    options: xml::Options,
    unit: &[Name],
    wanted: &HashSet<(u32, u32)>,
) -> Result<String, Problems> {
    let mut writer =
        Writer { unit, wanted, skipped: 0, scopes: Vec::new(), open: false, out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into() };
    xml::stream(source, file, limits, options, &mut writer)?;
    writer.out.push('\n');
    Ok(writer.out)
}

/// A table with those of its rows that begin on these lines.
///
/// # Errors
/// What keeps the table from being read.
pub fn of_table(
    source: &Source,
    file: &str,
    limits: &Limits,
    dialect: &csv::Dialect,
    wanted: &HashSet<(u32, u32)>,
) -> Result<Vec<u8>, Problems> {
    let mut rows = Rows { starts: Vec::new() };
    csv::stream(source, file, dialect, limits, &mut rows)?;
    let mut bytes = Vec::new();
    // It was read to its end a moment ago.
    if let Ok(mut reader) = source.open() {
        let _ = reader.read_to_end(&mut bytes);
    }
    let bytes = match encoding_rs::Encoding::for_bom(&bytes) {
        // Lines can be told apart in bytes only where each sign is one of them.
        Some((encoding, _)) if encoding != encoding_rs::UTF_8 => format!("\u{feff}{}", encoding.decode(&bytes).0).into_bytes(),
        _ => bytes,
    };
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let wanted: HashSet<u32> = wanted.iter().map(|(line, _)| *line).collect();
    // The file was read to its end: its last line is the trailer.
    let trailer = lines.iter().rposition(|line| !line.trim_ascii().is_empty()).filter(|_| dialect.trailer.is_some());
    let mut out = Vec::new();
    let mut keep = true;
    let mut count = 0u64;
    for (at, line) in lines.iter().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        if rows.starts.binary_search(&number).is_ok() {
            keep = wanted.contains(&number);
            count += u64::from(keep);
        }
        keep &= trailer.is_none_or(|trailer| at < trailer);
        if keep {
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
    }
    if let Some(trailer) = &dialect.trailer {
        let mut fields = vec![trailer.starts.clone()];
        if let Some(at) = trailer.count {
            fields.resize(at.max(1), String::new());
            fields[at - 1] = count.to_string();
        }
        out.extend_from_slice(fields.join(&char::from(dialect.separator).to_string()).as_bytes());
        out.push(b'\n');
    }
    Ok(out)
}

/// The lines that rows begin on.
struct Rows {
    starts: Vec<u32>,
}

impl Events for Rows {
    fn start(&mut self, _: &Start<'_>, trail: &mut Trail) {
        if trail.depth() == 2 {
            self.starts.push(trail.position().0);
        }
    }

    fn text(&mut self, _: &str, _: &mut Trail) {}

    fn end(&mut self, _: &mut Trail) {}
}

struct Writer<'w> {
    unit: &'w [Name],
    wanted: &'w HashSet<(u32, u32)>,
    /// Depth inside a unit that is left out.
    skipped: usize,
    /// Prefixes in scope, innermost last, and how many each open element has declared.
    scopes: Vec<(Vec<(String, String)>, String)>,
    /// The last start tag is not closed yet.
    open: bool,
    out: String,
}

impl Writer<'_> {
    /// A name as it is written here; attributes cannot use the default namespace.
    fn name(&self, name: &Name, is_attribute: bool) -> String {
        if name.namespace.is_empty() {
            return name.local.to_string();
        }
        if &*name.namespace == "http://www.w3.org/XML/1998/namespace" {
            return format!("xml:{}", name.local);
        }
        let bound = self.scopes.iter().rev().flat_map(|(declared, _)| declared.iter().rev());
        let mut hidden: HashSet<&str> = HashSet::new();
        for (prefix, namespace) in bound {
            if hidden.insert(prefix) && **namespace == *name.namespace && !(is_attribute && prefix.is_empty()) {
                return if prefix.is_empty() { name.local.to_string() } else { format!("{prefix}:{}", name.local) };
            }
        }
        name.local.to_string()
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.out.push('>');
        }
    }
}

impl Events for Writer<'_> {
    fn start(&mut self, element: &Start<'_>, trail: &mut Trail) {
        let is_unit = trail.depth() == self.unit.len() && trail.names().zip(self.unit).all(|(name, wanted)| name == wanted);
        if self.skipped > 0 || is_unit && !self.wanted.contains(&trail.position()) {
            self.skipped += 1;
            return;
        }
        self.close();
        let declared = element.declares.iter().map(|(prefix, namespace)| (prefix.to_string(), namespace.to_string())).collect();
        self.scopes.push((declared, String::new()));
        let name = self.name(element.name(), false);
        self.out.push('<');
        self.out.push_str(&name);
        for (prefix, namespace) in element.declares {
            let colon = if prefix.is_empty() { "" } else { ":" };
            self.out.push_str(&format!(" xmlns{colon}{prefix}=\"{}\"", escaped(namespace)));
        }
        for (_, attribute, value) in element.attributes() {
            let attribute = self.name(attribute, true);
            self.out.push_str(&format!(" {attribute}=\"{}\"", escaped(value)));
        }
        if let Some((_, written)) = self.scopes.last_mut() {
            *written = name;
        }
        self.open = true;
    }

    fn text(&mut self, text: &str, _: &mut Trail) {
        if self.skipped == 0 && !self.scopes.is_empty() {
            self.close();
            self.out.push_str(&escaped(text));
        }
    }

    fn end(&mut self, _: &mut Trail) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some((_, name)) = self.scopes.pop() else { return };
        if std::mem::take(&mut self.open) {
            self.out.push_str("/>");
        } else {
            self.out.push_str(&format!("</{name}>"));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_stays_with_all_that_is_around_it() {
        let text = "<c xmlns='urn:a' xmlns:b='urn:b' v=\"1\">\n<id>7</id>\n<b:l><n>1 &amp; 2</n></b:l>\n<b:l b:x='y'/>\n<end/></c>";
        let unit = [Name::new("urn:a", "c"), Name::new("urn:b", "l")];
        let source = Source::from(text.as_bytes());
        let rest = |wanted: &[(u32, u32)]| {
            of_xml(&source, "f", &Limits::default(), xml::Options::default(), &unit, &wanted.iter().copied().collect())
                .expect("well-formed")
        };
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<c xmlns=\"urn:a\" xmlns:b=\"urn:b\" v=\"1\">\n<id>7</id>\n";
        assert_eq!(rest(&[(3, 1)]), format!("{head}<b:l><n>1 &amp; 2</n></b:l>\n\n<end/></c>\n"));
        assert_eq!(rest(&[(4, 1)]), format!("{head}\n<b:l b:x=\"y\"/>\n<end/></c>\n"));
    }

    #[test]
    fn a_trailer_is_the_last_line_and_not_what_looks_like_one() {
        let dialect = csv::Dialect {
            separator: b';',
            quote: Some(b'"'),
            undecodable: crate::format::decode::Undecodable::Refuse,
            skip: 0,
            header: true,
            ragged: csv::Ragged::Refuse,
            trailer: Some(csv::Trailer { starts: "END".into(), count: Some(2) }),
            dates: std::collections::HashMap::new(),
            encodings: vec![encoding_rs::UTF_8],
            decimal_comma: false,
            decimals: HashSet::new(),
            root: "Rows".into(),
            row: "Row".into(),
            namespace: String::new(),
            columns: vec![("Code".into(), "Code".into()), ("Text".into(), "Text".into())],
        };
        let text = "Code;Text\n1;a\n2;\"b\nENDLESS talk\nEND\"\n3;c\n\"END\";3\n";
        let rest = of_table(&Source::from(text.as_bytes()), "f", &Limits::default(), &dialect, &HashSet::from([(3, 1)])).expect("readable");
        assert_eq!(String::from_utf8(rest).expect("text"), "Code;Text\n2;\"b\nENDLESS talk\nEND\"\nEND;1\n");
    }
}
