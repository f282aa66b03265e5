//! What the schema's types say of values, before any is compared or mapped: white space (`xs:token` and all non-text types are
//! collapsed), and which kind of value each is.

use std::{collections::HashMap, ops::Range, sync::Arc};

use crate::model::{
    ElementStack, Name, Start,
    document::NameKey,
    events::{Declared, Events},
    shape::{Shape, ShapeId, WhiteSpace},
};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Passes a document on with values in the form of their types. What a schema does not name, as below a wildcard, stays unchanged.
pub struct Typed<E> {
    shape: Arc<Shape>,
    to: E,
    /// The type of each open element.
    open: Vec<Option<ShapeId>>,
    /// The type of an element, by its parent's type and its name.
    known: HashMap<(Option<ShapeId>, NameKey), Option<ShapeId>>,
    /// Namespace declarations with the depth of their element: a name in `xsi:type` may use them.
    scopes: Vec<(usize, Vec<Declared>)>,
    /// The value of the innermost element; its white space is processed when all of it is there.
    held: String,
    values: String,
    attributes: Vec<(NameKey, Range<usize>)>,
}

impl<E> Typed<E> {
    /// Passes documents of this shape on to `to`.
    pub fn new(shape: Arc<Shape>, to: E) -> Self {
        Self {
            shape,
            to,
            open: Vec::new(),
            known: HashMap::new(),
            scopes: Vec::new(),
            held: String::new(),
            values: String::new(),
            attributes: Vec::new(),
        }
    }

    /// The type that the element itself names, otherwise its declared type. If the parent does not know the name, it is a global element:
    /// a root, a member of a substitution group, or the content of a wildcard.
    fn type_of(&mut self, element: &Start<'_>) -> Option<ShapeId> {
        if !element.attributes.is_empty()
            && let Some(named) = element.attribute(XSI, "type").and_then(|name| self.named(name))
        {
            return Some(named);
        }
        let (parent, shape) = (self.open.last().copied().flatten(), &self.shape);
        *self.known.entry((parent, element.key)).or_insert_with(|| {
            let name = element.name();
            let child = parent.and_then(|id| shape.types.get(id)).and_then(|parent| find(&parent.children, name));
            child.or_else(|| find(&shape.roots, name))
        })
    }

    fn named(&self, text: &str) -> Option<ShapeId> {
        let (prefix, local) = text.trim().split_once(':').unwrap_or(("", text.trim()));
        let declared = self.scopes.iter().rev().flat_map(|(_, declares)| declares).find(|(known, _)| **known == *prefix);
        find(&self.shape.named, &Name::new(declared.map_or("", |(_, namespace)| namespace), local))
    }

    /// Puts all attributes of the element into `attributes` and `values` if a value changes. Returns whether one does.
    fn attributes(&mut self, of: ShapeId, element: &Start<'_>) -> bool {
        let Some(of) = self.shape.types.get(of) else { return false };
        let value = |name: &Name, value: &str| {
            let declared = of.attributes.iter().find(|known| known.name == *name)?;
            declared.white_space.changes(value).then_some(declared.white_space)
        };
        if !element.attributes().any(|(_, name, text)| value(name, text).is_some()) {
            return false;
        }
        self.values.clear();
        self.attributes.clear();
        for (key, name, text) in element.attributes() {
            let from = self.values.len();
            self.values.push_str(&value(name, text).unwrap_or_default().of(text));
            self.attributes.push((key, from..self.values.len()));
        }
        true
    }

    /// How to treat white space in the innermost element's value.
    fn white_space(&self) -> WhiteSpace {
        self.open.last().copied().flatten().and_then(|id| self.shape.types.get(id)).map(|of| of.white_space).unwrap_or_default()
    }
}

fn find(among: &[(Name, ShapeId)], name: &Name) -> Option<ShapeId> {
    among.binary_search_by(|(known, _)| known.cmp(name)).ok().and_then(|at| among.get(at)).map(|(_, id)| *id)
}

impl<E: Events> Events for Typed<E> {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        if !self.held.is_empty() {
            // A value with an element inside is not a value of its type.
            self.to.text(&self.held, stack);
            self.held.clear();
        }
        if !element.declares.is_empty() {
            self.scopes.push((self.open.len(), element.declares.to_vec()));
        }
        let of = self.type_of(element);
        self.open.push(of);
        let respelt = of.is_some_and(|of| !element.attributes.is_empty() && self.attributes(of, element));
        let of = of.and_then(|of| self.shape.types.get(of));
        match respelt {
            false => self.to.start(&Start { of, ..*element }, stack),
            true => self.to.start(&Start { attributes: &self.attributes, values: &self.values, of, ..*element }, stack),
        }
    }

    fn text(&mut self, text: &str, stack: &mut ElementStack) {
        match self.white_space() {
            WhiteSpace::Preserve => self.to.text(text, stack),
            _ => self.held.push_str(text),
        }
    }

    fn value_unreadable(&mut self, stack: &mut ElementStack) {
        self.to.value_unreadable(stack);
    }

    fn end(&mut self, stack: &mut ElementStack) {
        if !self.held.is_empty() {
            let value = self.white_space().of(&self.held);
            if !value.is_empty() {
                self.to.text(&value, stack);
            }
            self.held.clear();
        }
        self.open.pop();
        if self.scopes.last().is_some_and(|(depth, _)| *depth == self.open.len()) {
            self.scopes.pop();
        }
        self.to.end(stack);
    }

    fn wants_no_more(&self) -> bool {
        self.to.wants_no_more()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        format::{ByteSource, Limits, tree::Builder, xml},
        schema::Schema,
    };

    const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:o" targetNamespace="urn:o" elementFormDefault="qualified">
  <xs:simpleType name="Line"><xs:restriction base="xs:string"><xs:whiteSpace value="replace"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:whiteSpace value="collapse"/><xs:maxLength value="9"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Short"><xs:restriction base="Code"><xs:maxLength value="5"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Codes"><xs:list itemType="xs:string"/></xs:simpleType>
  <xs:simpleType name="DayOrCode"><xs:union memberTypes="xs:date Code"/></xs:simpleType>
  <xs:simpleType name="DayOrText"><xs:union memberTypes="xs:date xs:string"/></xs:simpleType>
  <xs:complexType name="Amount"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit" type="xs:token"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Free"><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="lang" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Tidy"><xs:simpleContent><xs:restriction base="Free"><xs:whiteSpace value="collapse"/><xs:attribute name="lang" type="Code"/></xs:restriction></xs:simpleContent></xs:complexType>
  <xs:attribute name="global" type="Code"/>
  <xs:attributeGroup name="Marks"><xs:attribute name="mark" type="xs:token"/><xs:attribute ref="global"/></xs:attributeGroup>
  <xs:element name="Item" type="xs:string"/>
  <xs:element name="Special" type="xs:token" substitutionGroup="Any"/>
  <xs:element name="Any" abstract="true" type="xs:anyType"/>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="Token" type="xs:token" minOccurs="0"/>
    <xs:element name="Text" type="xs:string" minOccurs="0"/>
    <xs:element name="Line" type="Line" minOccurs="0"/>
    <xs:element name="Short" type="Short" minOccurs="0"/>
    <xs:element name="Codes" type="Codes" minOccurs="0"/>
    <xs:element name="DayOrCode" type="DayOrCode" minOccurs="0"/>
    <xs:element name="DayOrText" type="DayOrText" minOccurs="0"/>
    <xs:element name="Amount" type="Amount" minOccurs="0"/>
    <xs:element name="Free" type="Free" minOccurs="0" maxOccurs="2"/>
    <xs:element name="Item" type="xs:token" minOccurs="0"/>
    <xs:element name="Mixed" minOccurs="0"><xs:complexType mixed="true"><xs:sequence><xs:element name="B" type="xs:token"/></xs:sequence></xs:complexType></xs:element>
    <xs:element ref="Any" minOccurs="0"/>
    <xs:element name="Open" minOccurs="0"><xs:complexType><xs:sequence><xs:any processContents="lax" maxOccurs="9"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence><xs:attributeGroup ref="Marks"/><xs:attribute name="text" type="xs:string"/></xs:complexType></xs:element>
</xs:schema>"#;

    fn shape() -> Arc<Shape> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("o.xsd"), SCHEMA).expect("written");
        Arc::clone(Schema::compile(folder.path(), "o.xsd").expect("compiles").shape())
    }

    /// The values of a document, one after the other; nothing for elements without their own text.
    fn values(shape: &Arc<Shape>, inner: &str) -> String {
        let order =
            format!("<Order xmlns='urn:o' xmlns:o='urn:o' xmlns:xsi='{XSI}' xmlns:xs='http://www.w3.org/2001/XMLSchema'{inner}</Order>");
        let mut tree = Builder::new(100);
        let source = ByteSource::Bytes(order.into_bytes().into());
        xml::stream(&source, "o.xml", &Limits::default(), xml::XmlOptions::default(), &mut Typed::new(Arc::clone(shape), &mut tree))
            .expect("read");
        let document = tree.one("o.xml").expect("one");
        let element = |id| {
            let element = document.element(id);
            let attributes =
                element.attributes.iter().filter(|attribute| attribute.name.namespace.is_empty() || &*attribute.name.namespace == "urn:o");
            attributes.map(|attribute| format!("[{}]", attribute.value)).chain([element.text.clone()]).collect::<String>()
        };
        (0..document.len()).map(element).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn white_space_is_what_the_type_of_a_value_makes_of_it() {
        let shape = shape();
        for (inner, right) in [
            ("><Token> KA\n  7\t</Token>", "|KA 7"),
            ("><Text> KA\n  7\t</Text>", "| KA\n  7\t"),
            ("><Line> KA\n  7\t</Line>", "| KA   7 "),
            ("><Short> KA\n  7\t</Short>", "|KA 7"),
            ("><Codes> A\n  B </Codes>", "|A B"),
            ("><DayOrCode> KA  7 </DayOrCode>", "|KA 7"),
            // It depends on the value: unchanged.
            ("><DayOrText> KA  7 </DayOrText>", "| KA  7 "),
            ("><Amount unit=' K  G '> 1.5\n</Amount>", "|[K G]1.5"),
            ("><Free lang=' d  e '> a  b </Free>", "|[ d  e ] a  b "),
            // The type that the document names, with every way to write its name.
            ("><Free xsi:type='Tidy' lang=' d  e '> a  b </Free>", "|[d e]a b"),
            ("><Free xsi:type=' o:Tidy '> a  b </Free><Free> a  b </Free>", "|a b| a  b "),
            ("><Text xsi:type='xs:token'> a  b </Text>", "|a b"),
            ("><Free xmlns:p='urn:o' xsi:type='p:Tidy'> a  b </Free><Free xsi:type='p:Tidy'> a  b </Free>", "|a b| a  b "),
            // In pieces, and with characters that are white space only by reference.
            ("><Token> K<![CDATA[ A ]]> &#10;<!-- - --> 7&#32;</Token>", "|K A 7"),
            ("><Token>\u{a0}K\u{a0} </Token>", "|\u{a0}K\u{a0}"),
            ("><Token>  </Token><Text>  </Text>", "||  "),
            // A name means another type elsewhere.
            ("><Item> a  b </Item>", "|a b"),
            ("><Mixed> a  <B> b  c </B>  d</Mixed>", "| a    d|b c"),
            ("><Special> a  b </Special>", "|a b"),
            ("><Open><Special> a  b </Special><Item> a  b </Item><Unknown> a  b </Unknown></Open>", "||a b| a  b | a  b "),
            (" mark=' a  b ' o:global=' a  b ' text=' a  b '>", "[a b][a b][ a  b ]"),
        ] {
            assert_eq!(values(&shape, inner), right, "{inner}");
        }
    }
}
