//! Paths into a document: the part of XPath 1.0 that mappings need. Child steps, `@attribute`, `.`, `..`, a leading `/`, and the
//! predicates `[2]`, `[@scheme='0088']`, `[cbc:ID='x']`. A name without a prefix is in the mapping's `default` namespace, if it has
//! one, otherwise in none; attributes without a prefix are in none, as in XPath.

use std::{collections::HashSet, fmt};

use crate::model::{Document, Name, NodeId};

/// A compiled path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    absolute: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Child { name: Name, predicates: Vec<Predicate> },
    Attribute(Name),
    Parent,
    Itself,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    Position(usize),
    Equals { path: Vec<Step>, value: String },
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// An element.
    Element(NodeId),
    /// The value of an attribute, and the element that carries it.
    Attribute(NodeId, String),
}

impl Found {
    /// The element, or the one that carries the attribute.
    pub fn node(&self) -> NodeId {
        match self {
            Self::Element(node) | Self::Attribute(node, _) => *node,
        }
    }

    /// The text, without blanks around it.
    pub fn text<'d>(&'d self, document: &'d Document) -> &'d str {
        match self {
            Self::Element(node) => document.element(*node).text.trim(),
            Self::Attribute(_, value) => value.trim(),
        }
    }
}

impl Path {
    /// Compiles a path. `namespaces` maps prefixes; `default` stands for names without one.
    ///
    /// # Errors
    /// A sentence that says what is not understood.
    pub fn parse(text: &str, namespaces: &[(String, String)]) -> Result<Self, String> {
        let mut parser = Parser { rest: text.trim(), namespaces };
        let absolute = parser.eat("/");
        let steps = parser.steps()?;
        if !parser.rest.is_empty() {
            return Err(format!("`{}` is not understood in the path `{text}`", parser.rest));
        }
        Ok(Self { text: text.trim().to_string(), absolute, steps })
    }

    /// The path `.`.
    pub(super) fn itself() -> Self {
        Self { text: ".".into(), absolute: false, steps: vec![Step::Itself] }
    }

    /// Whether the path begins at the root of the document.
    pub fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// The element on which alone the result depends: for a path that climbs (`../Location`) the ancestor it climbs to, for an
    /// absolute one the root. `None` for all others, and where it climbs out of the document.
    pub(super) fn hinge(&self, document: &Document, context: NodeId) -> Option<NodeId> {
        if self.absolute {
            return document.root();
        }
        let climbs = self.steps.iter().take_while(|step| matches!(step, Step::Parent)).count();
        let mut at = Some(context).filter(|_| climbs > 0);
        for _ in 0..climbs {
            at = document.element(at?).parent;
        }
        at
    }

    /// Everything the path leads to from `context`, in document order.
    pub fn find(&self, document: &Document, context: NodeId) -> Vec<Found> {
        let Some(root) = document.root() else { return Vec::new() };
        match (self.absolute, self.steps.split_first()) {
            // The first step of an absolute path names the root itself.
            (true, Some((Step::Child { name, .. }, rest))) if document.element(root).name == *name => {
                walk(document, vec![Found::Element(root)], rest)
            }
            (true, _) => Vec::new(),
            (false, _) => walk(document, vec![Found::Element(context)], &self.steps),
        }
    }
}

fn walk(document: &Document, from: Vec<Found>, steps: &[Step]) -> Vec<Found> {
    let mut at = from;
    for step in steps {
        let mut next = Vec::new();
        for found in at {
            let Found::Element(node) = found else { continue };
            let element = document.element(node);
            match step {
                Step::Itself => next.push(Found::Element(node)),
                Step::Parent => next.extend(element.parent.map(Found::Element)),
                Step::Attribute(name) => {
                    next.extend(element.attributes.iter().filter(|a| a.name == *name).map(|a| Found::Attribute(node, a.value.clone())));
                }
                Step::Child { name, predicates } => {
                    let mut children: Vec<NodeId> =
                        element.children.iter().copied().filter(|child| document.element(*child).name == *name).collect();
                    for predicate in predicates {
                        children = match predicate {
                            Predicate::Position(position) => children.get(position - 1).copied().into_iter().collect(),
                            Predicate::Equals { path, value } => {
                                let fits = |child: &NodeId| {
                                    walk(document, vec![Found::Element(*child)], path).iter().any(|found| found.text(document) == value)
                                };
                                children.into_iter().filter(fits).collect()
                            }
                        };
                    }
                    next.extend(children.into_iter().map(Found::Element));
                }
            }
        }
        // Siblings have one parent: what a path leads to is a set (XPath 1.0, 3.3), or `../b/../b` would double with every step.
        if matches!(step, Step::Parent) {
            let mut seen = HashSet::new();
            next.retain(|found| seen.insert(found.node()));
        }
        at = next;
    }
    at
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Parser<'t> {
    rest: &'t str,
    namespaces: &'t [(String, String)],
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = vec![self.step()?];
        while self.eat("/") {
            if matches!(steps.last(), Some(Step::Attribute(_))) {
                return Err("nothing can follow an attribute".into());
            }
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.eat("..") {
            return Ok(Step::Parent);
        }
        if self.eat("@") {
            return Ok(Step::Attribute(self.name(true)?));
        }
        if self.rest.starts_with('.') {
            self.eat(".");
            return Ok(Step::Itself);
        }
        let name = self.name(false)?;
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.predicate()?);
            if !self.eat("]") {
                return Err(format!("a `]` is missing before `{}`", self.rest));
            }
        }
        Ok(Step::Child { name, predicates })
    }

    fn predicate(&mut self) -> Result<Predicate, String> {
        let digits: String = self.rest.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            self.rest = &self.rest[digits.len()..];
            return match digits.parse() {
                Ok(position) if position > 0 => Ok(Predicate::Position(position)),
                _ => Err("positions count from 1".into()),
            };
        }
        let path = self.steps()?;
        self.rest = self.rest.trim_start();
        if !self.eat("=") {
            return Err(format!("`=` is missing before `{}`: a predicate is a position or compares with a text", self.rest));
        }
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next().filter(|c| *c == '\'' || *c == '"').ok_or("a text in quotes must follow `=`")?;
        let (value, rest) = self.rest[1..].split_once(quote).ok_or("a quote is not closed")?;
        self.rest = rest;
        Ok(Predicate::Equals { path, value: value.to_string() })
    }

    fn name(&mut self, is_attribute: bool) -> Result<Name, String> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(match self.rest.chars().next() {
                Some(found) => format!("a name should stand where `{found}` is"),
                None => "the path ends where a name should stand".into(),
            });
        }
        self.rest = rest;
        let lookup = |prefix: &str| self.namespaces.iter().find(|(known, _)| known == prefix).map(|(_, namespace)| namespace.as_str());
        match name.split_once(':') {
            Some((prefix, local)) => match lookup(prefix) {
                Some(namespace) => Ok(Name::new(namespace, local)),
                None => Err(format!("the prefix `{prefix}` is not in [namespaces]")),
            },
            None if is_attribute => Ok(Name::new("", name)),
            None => Ok(Name::new(lookup("default").unwrap_or_default(), name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Limits, xml};

    fn texts(path: &str) -> Vec<String> {
        let document = xml::read(
            b"<o xmlns='urn:a' xmlns:b='urn:b'><p s='1'><b:id>x</b:id></p><p s='2'><b:id>y</b:id></p></o>",
            "f",
            &Limits::default(),
        )
        .expect("well-formed");
        let spaces = [("default".to_string(), "urn:a".to_string()), ("b".to_string(), "urn:b".to_string())];
        Path::parse(path, &spaces).expect("a path").find(&document, 0).iter().map(|found| found.text(&document).to_string()).collect()
    }

    #[test]
    fn leads_where_xpath_would() {
        assert_eq!(texts("p/b:id"), ["x", "y"]);
        assert_eq!(texts("/o/p[2]/b:id"), ["y"]);
        assert_eq!(texts("p[@s='2']/b:id"), ["y"]);
        assert_eq!(texts("p[b:id='x']/@s"), ["1"]);
        assert_eq!(texts("p[1]/../p/@s"), ["1", "2"]);
        assert_eq!(texts("b:p"), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (path, sign) in [
            ("", "ends where a name"),
            ("a/", "ends where a name"),
            ("c:a", "prefix `c`"),
            ("a[", "name"),
            ("a[0]", "count from 1"),
            ("a//b", "where `/` is"),
            ("@a/b", "follow an attribute"),
        ] {
            let error = Path::parse(path, &[]).expect_err("not a path");
            assert!(error.contains(sign), "{path:?}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,40}") {
            let _ = Path::parse(&text, &[]);
        }

        #[test]
        fn what_parses_is_printed_as_it_was_written(text in "/?[a-c](/[a-c](\\[[1-9]\\])?){0,3}(/@[a-c])?") {
            proptest::prop_assert_eq!(Path::parse(&text, &[]).expect("a path").to_string(), text);
        }
    }
}
