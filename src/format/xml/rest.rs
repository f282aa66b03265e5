//! The refused part of a file, as a smaller file of the same format: everything around the units stays, and only the wanted units. It
//! can be corrected and dropped again.

use std::collections::HashSet;

use super::{XmlOptions, stream};
use crate::{
    format::{ByteSource, Limits},
    model::{ElementStack, Events, Name, Problems, Start},
};

/// An XML document with only those units that begin at these lines and columns.
///
/// # Errors
/// What prevents the document from being read.
pub(super) fn rest(
    source: &ByteSource,
    file: &str,
    limits: &Limits,
    options: XmlOptions,
    unit: &[Name],
    wanted: &HashSet<(u32, u32)>,
) -> Result<String, Problems> {
    let mut writer =
        Writer { unit, wanted, skipped: 0, scopes: Vec::new(), open: false, out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into() };
    stream(source, file, limits, options, &mut writer)?;
    writer.out.push('\n');
    Ok(writer.out)
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
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        let is_unit = stack.depth() == self.unit.len() && stack.names().zip(self.unit).all(|(name, wanted)| name == wanted);
        if self.skipped > 0 || is_unit && !self.wanted.contains(&stack.position()) {
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

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        if self.skipped == 0 && !self.scopes.is_empty() {
            self.close();
            self.out.push_str(&escaped(text));
        }
    }

    fn end(&mut self, _: &mut ElementStack) {
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
        let source = ByteSource::from(text.as_bytes());
        let left = |wanted: &[(u32, u32)]| {
            rest(&source, "f", &Limits::default(), XmlOptions::default(), &unit, &wanted.iter().copied().collect()).expect("well-formed")
        };
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<c xmlns=\"urn:a\" xmlns:b=\"urn:b\" v=\"1\">\n<id>7</id>\n";
        assert_eq!(left(&[(3, 1)]), format!("{head}<b:l><n>1 &amp; 2</n></b:l>\n\n<end/></c>\n"));
        assert_eq!(left(&[(4, 1)]), format!("{head}\n<b:l b:x=\"y\"/>\n<end/></c>\n"));
    }
}
