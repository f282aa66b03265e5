//! Paths into a document: a documented part of XPath 1.0 (docs/mapping.md). Steps to children by name or `*`, `@attribute`, `text()`,
//! `.`, `..`, a leading `/`, and predicates: `[2]`, `[last()]`, `[@scheme='0088']`, `[cbc:ID!='x']`, `[cbc:ID]`, `not(…)`, `and`, `or`.
//! A name without a prefix is in the mapping's `default` namespace, if it has one, otherwise in none; attributes without a prefix are
//! in none, as in XPath.

mod parse;

use std::{borrow::Cow, collections::HashSet, fmt};

use crate::model::{Document, Name, NodeId, blank::trimmed, shape::ValueKind};

/// A compiled path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    absolute: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Child { test: Test, predicates: Vec<Predicate> },
    Attribute(Name),
    Parent,
    Itself,
    Text,
}

/// Which children a step leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Any,
    Named(Name),
}

impl Test {
    pub(super) fn fits(&self, name: &Name) -> bool {
        match self {
            Self::Any => true,
            Self::Named(wanted) => wanted == name,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    Position(usize),
    Last,
    Test(Condition),
}

/// The condition of a predicate.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Exists(Vec<Step>),
    Compare { path: Vec<Step>, equal: bool, value: String },
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    /// As in XPath 1.0, 3.4: a comparison is true if it is true for any node that the path selects.
    fn holds(&self, document: &Document, node: NodeId) -> bool {
        match self {
            Self::Exists(path) => !walk(document, vec![Match::Element(node)], path).is_empty(),
            Self::Compare { path, equal, value } => {
                walk(document, vec![Match::Element(node)], path).iter().any(|found| (found.text(document) == *value) == *equal)
            }
            Self::Not(inner) => !inner.holds(document, node),
            Self::All(all) => all.iter().all(|one| one.holds(document, node)),
            Self::Any(any) => any.iter().any(|one| one.holds(document, node)),
        }
    }

    /// Every path in it.
    pub(super) fn paths(&self) -> Vec<&[Step]> {
        match self {
            Self::Exists(path) | Self::Compare { path, .. } => vec![path],
            Self::Not(inner) => inner.paths(),
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::paths).collect(),
        }
    }
}

/// What a path selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// An element.
    Element(NodeId),
    /// The own text of an element, without that of elements inside it.
    Text(NodeId),
    /// The value of an attribute with its kind, and its element.
    Attribute(NodeId, String, Option<ValueKind>),
}

impl Match {
    /// The element, or the attribute's element.
    pub fn node(&self) -> NodeId {
        match self {
            Self::Element(node) | Self::Text(node) | Self::Attribute(node, ..) => *node,
        }
    }

    /// The text, without what nobody sees around it.
    pub fn text<'d>(&'d self, document: &'d Document) -> Cow<'d, str> {
        match self {
            Self::Element(node) => match document.value(*node) {
                Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
                Cow::Owned(text) => Cow::Owned(trimmed(&text).to_string()),
            },
            Self::Text(node) => Cow::Borrowed(trimmed(&document.element(*node).text)),
            Self::Attribute(_, value, _) => Cow::Borrowed(trimmed(value)),
        }
    }

    /// The kind of value that the schema declares, if it is known.
    pub fn kind(&self, document: &Document) -> Option<ValueKind> {
        match self {
            Self::Element(node) | Self::Text(node) => document.element(*node).kind,
            Self::Attribute(.., kind) => *kind,
        }
    }
}

impl Path {
    /// Compiles a path. `namespaces` maps prefixes; `default` is for names without one.
    ///
    /// # Errors
    /// A sentence about what cannot be parsed.
    pub fn parse(text: &str, namespaces: &[(String, String)]) -> Result<Self, String> {
        let (absolute, steps) = parse::parse(text.trim(), namespaces)?;
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

    /// The only element on which the result depends: for a path that goes up (`../Location`) that ancestor, for an absolute path the
    /// root. `None` for all others, and for a path that leaves the document.
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

    /// Everything that the path selects from `context`, in document order.
    pub fn find(&self, document: &Document, context: NodeId) -> Vec<Match> {
        let Some(root) = document.root() else { return Vec::new() };
        match (self.absolute, self.steps.split_first()) {
            // The first step of an absolute path names the root itself.
            (true, Some((Step::Child { test, predicates }, rest))) if test.fits(&document.element(root).name) => {
                walk(document, chosen(document, vec![root], predicates), rest)
            }
            (true, _) => Vec::new(),
            (false, _) => walk(document, vec![Match::Element(context)], &self.steps),
        }
    }
}

fn walk(document: &Document, from: Vec<Match>, steps: &[Step]) -> Vec<Match> {
    let mut at = from;
    for step in steps {
        let mut next = Vec::new();
        for found in at {
            let Match::Element(node) = found else { continue };
            let element = document.element(node);
            match step {
                Step::Itself => next.push(Match::Element(node)),
                Step::Parent => next.extend(element.parent.map(Match::Element)),
                Step::Attribute(name) => {
                    next.extend(
                        element.attributes.iter().filter(|a| a.name == *name).map(|a| Match::Attribute(node, a.value.clone(), a.kind)),
                    );
                }
                Step::Text => next.push(Match::Text(node)),
                Step::Child { test, predicates } => {
                    let children = element.children.iter().copied().filter(|child| test.fits(&document.element(*child).name)).collect();
                    next.extend(chosen(document, children, predicates));
                }
            }
        }
        // Siblings have one parent, and the result is a set (XPath 1.0, 3.3): otherwise `../b/../b` would double with every step.
        if matches!(step, Step::Parent) {
            let mut seen = HashSet::new();
            next.retain(|found| seen.insert(found.node()));
        }
        at = next;
    }
    at
}

/// The siblings that the predicates select, one predicate after the other.
fn chosen(document: &Document, siblings: Vec<NodeId>, predicates: &[Predicate]) -> Vec<Match> {
    let mut left = siblings;
    for predicate in predicates {
        left = match predicate {
            Predicate::Position(position) => left.get(position - 1).copied().into_iter().collect(),
            Predicate::Last => left.last().copied().into_iter().collect(),
            Predicate::Test(condition) => left.into_iter().filter(|node| condition.holds(document, *node)).collect(),
        };
    }
    left.into_iter().map(Match::Element).collect()
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
        assert_eq!(texts("*/b:id"), ["x", "y"]);
        assert_eq!(texts("p[last()]/b:id/text()"), ["y"]);
        assert_eq!(texts("p[b:id!='x']/@s"), ["2"]);
        assert_eq!(texts("p[not(b:id = 'x')]/@s"), ["2"]);
        assert_eq!(texts("p[@s='1' or @s='2'][b:id]/@s"), ["1", "2"]);
        assert_eq!(texts("p[@s='1' and b:id='y']/@s"), Vec::<String>::new());
        assert_eq!(texts("/*/p[(@s='3' or b:id) and not(@s='1')]/@s"), ["2"]);
        assert_eq!(texts("/o[p]/p[1]/@s"), ["1"]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (path, sign) in [
            ("", "ends where a name"),
            ("a/", "ends where a name"),
            ("c:a", "prefix `c`"),
            ("a[", "name"),
            ("a[0]", "counted from 1"),
            ("a//b", "instead of `/`"),
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
