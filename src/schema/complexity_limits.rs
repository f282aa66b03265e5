//! Schemas whose parts multiply: a group holds another twice, which holds another twice. They are reported at reading, before the
//! engine expands them. (Measured on xsd-schema 0.3.0: 25 doublings take minutes and gigabytes, and 20,000 elements in one
//! content model take a minute.)

use std::collections::HashMap;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// Maximum number of parts that a schema component may expand to. The largest content model of UBL has 250 elements; the 1,800
/// values of the largest code list do not count.
const MOST: u64 = 10_000;
/// Maximum depth of references that are followed.
const DEEP: usize = 200;

/// Components by kind and local name. Of those with one name in several namespaces, the largest counts.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    parts: HashMap<Named, Vec<Part>>,
}

type Named = (Kind, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Group,
    Attributes,
    Type,
    Element,
}

#[derive(Debug, Clone)]
enum Part {
    One,
    Other(Named),
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Attributes => "attribute group",
            Self::Type => "type",
            Self::Element => "element",
        }
    }
}

impl Bounds {
    /// Adds a schema document; returns a sentence if something in it expands beyond the limit. The engine reports what is not
    /// well-formed.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        let mut depth = 0usize;
        let mut current: Option<(Named, Vec<Part>)> = None;
        let mut new = Vec::new();
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(tag) => {
                    depth += 1;
                    self.tag(&tag, depth, &mut current);
                }
                Event::Empty(tag) => {
                    self.tag(&tag, depth + 1, &mut current);
                    if depth == 1 {
                        new.extend(current.take());
                    }
                }
                Event::End(_) => {
                    if depth == 2 {
                        new.extend(current.take());
                    }
                    depth = depth.saturating_sub(1);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        for (name, parts) in new {
            let known = self.parts.entry(name).or_default();
            if parts.len() > known.len() {
                *known = parts;
            }
        }
        self.measure()
    }

    fn tag(&self, tag: &BytesStart<'_>, depth: usize, current: &mut Option<(Named, Vec<Part>)>) {
        let name = tag.name();
        let local = name.as_ref().rsplit(':').next().unwrap_or_default();
        let attribute = |wanted: &str| {
            let found = tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == wanted)?;
            Some(found.value.into_owned())
        };
        let plain = |name: &str| name.rsplit(':').next().unwrap_or_default().to_string();
        if depth == 2 {
            let kind = match local {
                "group" => Kind::Group,
                "attributeGroup" => Kind::Attributes,
                "complexType" | "simpleType" => Kind::Type,
                "element" => Kind::Element,
                _ => return,
            };
            *current = attribute("name").map(|name| ((kind, name), Vec::new()));
            return;
        }
        let Some((_, parts)) = current else { return };
        let mut refer = |kind: Kind, names: Option<String>| {
            parts.extend(names.iter().flat_map(|names| names.split_ascii_whitespace()).map(|name| Part::Other((kind, plain(name)))));
        };
        match local {
            "element" | "any" | "attribute" => parts.push(Part::One),
            "group" => refer(Kind::Group, attribute("ref")),
            "attributeGroup" => refer(Kind::Attributes, attribute("ref")),
            "extension" | "restriction" => refer(Kind::Type, attribute("base")),
            "union" => refer(Kind::Type, attribute("memberTypes")),
            _ => {}
        }
    }

    fn measure(&self) -> Result<(), String> {
        let mut known = HashMap::new();
        for name in self.parts.keys() {
            let size = self.size(name, 0, &mut known);
            if size > MOST {
                let size = if size > 1_000_000 { "millions of".to_string() } else { size.to_string() };
                return Err(format!("the {} `{}` expands to {size} parts; at most {MOST} are allowed", name.0.word(), name.1));
            }
        }
        Ok(())
    }

    fn size<'b>(&'b self, name: &'b Named, depth: usize, known: &mut HashMap<&'b Named, u64>) -> u64 {
        if let Some(size) = known.get(name) {
            return *size;
        }
        // The engine reports circles.
        known.insert(name, 1);
        let Some(parts) = self.parts.get(name).filter(|_| depth < DEEP) else { return 1 };
        let size = parts.iter().fold(0u64, |sum, part| {
            sum.saturating_add(match part {
                Part::One => 1,
                Part::Other(other) => self.size(other, depth + 1, known),
            })
        });
        known.insert(name, size.max(1));
        size.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(body: &str) -> String {
        format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>")
    }

    #[test]
    fn what_doubles_is_told_in_every_kind() {
        let doubled = |definition: fn(usize) -> String| (1..26).map(definition).collect::<String>();
        for body in [
            doubled(|n| {
                format!("<xs:group name='g{n}'><xs:sequence><xs:group ref='g{0}'/><xs:group ref='g{0}'/></xs:sequence></xs:group>", n - 1)
            }),
            doubled(|n| {
                format!(
                    "<xs:attributeGroup name='g{n}'><xs:attributeGroup ref='g{0}'/><xs:attributeGroup ref='p:g{0}'/></xs:attributeGroup>",
                    n - 1
                )
            }),
            doubled(|n| format!("<xs:simpleType name='g{n}'><xs:union memberTypes='g{0} g{0}'/></xs:simpleType>", n - 1)),
        ] {
            assert!(Bounds::default().add(&schema(&body)).is_err_and(|message| message.contains("expands to")), "{body}");
        }
    }

    #[test]
    fn circles_and_the_usual_are_let_pass() {
        let circle = "<xs:group name='a'><xs:sequence><xs:group ref='a'/><xs:element name='x'/></xs:sequence></xs:group>";
        assert_eq!(Bounds::default().add(&schema(circle)), Ok(()));
        assert_eq!(Bounds::default().add("<not closed"), Ok(()));
    }
}
