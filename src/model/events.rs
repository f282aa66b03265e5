//! A document as a stream: every format is read into these events, and validators and builders receive them. Nobody needs the
//! whole document in memory.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{
    ElementStack, Name, NodeId,
    document::{Attribute, Element, NameKey},
    shape::ShapeType,
};

/// Receives a document. Elements come properly nested. Text comes in pieces, which belong together until the next start or end.
pub trait Events {
    /// An element begins; it is the last one of the stack.
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack);

    /// Character data of the last element of the stack.
    fn text(&mut self, text: &str, stack: &mut ElementStack);

    /// The last element of the stack has a value that cannot be read. The reader has reported it.
    fn value_unreadable(&mut self, _: &mut ElementStack) {}

    /// The last element of the stack ends; it leaves the stack after this.
    fn end(&mut self, stack: &mut ElementStack);

    /// Whether the receiver wants no more: the reader stops at the next element.
    fn wants_no_more(&self) -> bool {
        false
    }
}

/// A namespace declaration: prefix (empty for the default) and namespace.
pub type Declared = (Arc<str>, Arc<str>);

/// The beginning of an element.
pub struct Start<'e> {
    /// Names of the document so far.
    pub vocabulary: &'e Vocabulary,
    /// The element's name.
    pub key: NameKey,
    /// Attributes in document order, without namespace declarations: name, and position of the value in `values`.
    pub attributes: &'e [(NameKey, Range<usize>)],
    /// Attribute values, one after the other.
    pub values: &'e str,
    /// Namespace declarations made here.
    pub declares: &'e [Declared],
    /// Its type, if a schema is known and names it.
    pub of: Option<&'e ShapeType>,
}

impl<'e> Start<'e> {
    /// The element's name.
    pub fn name(&self) -> &'e Name {
        self.vocabulary.name(self.key)
    }

    /// Attributes with their values after normalisation.
    pub fn attributes(&self) -> impl Iterator<Item = (NameKey, &'e Name, &'e str)> + '_ {
        let (vocabulary, values) = (self.vocabulary, self.values);
        self.attributes.iter().map(move |(key, at)| (*key, vocabulary.name(*key), values.get(at.clone()).unwrap_or_default()))
    }

    /// The element as a document holds it; text and children come later.
    pub fn element(&self, parent: Option<NodeId>, (line, column): (u32, u32)) -> Element {
        let kind = |name: &Name| self.of?.attributes.iter().find(|known| known.name == *name).map(|known| known.kind);
        let attribute =
            |(_, name, value): (NameKey, &Name, &str)| Attribute { name: name.clone(), value: value.to_string(), kind: kind(name) };
        Element {
            name: self.name().clone(),
            attributes: self.attributes().map(attribute).collect(),
            declares: self.declares.iter().map(|(prefix, namespace)| (prefix.to_string(), namespace.to_string())).collect(),
            text: String::new(),
            kind: self.of.map(|of| of.kind),
            is_mixed: self.of.is_some_and(|of| of.is_mixed),
            before: Vec::new(),
            children: Vec::new(),
            parent,
            line,
            column,
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&'e str> {
        self.attributes().find(|(_, name, _)| &*name.local == local && &*name.namespace == namespace).map(|(.., value)| value)
    }
}

/// The names of one document, each with a number.
#[derive(Debug, Default)]
pub struct Vocabulary {
    names: Vec<Name>,
    namespaces: HashMap<Arc<str>, u32>,
    locals: HashMap<Arc<str>, u32>,
    keys: HashMap<(u32, u32), NameKey>,
}

impl Vocabulary {
    /// The name with this number.
    ///
    /// # Panics
    /// For a number from another document's vocabulary.
    pub fn name(&self, key: NameKey) -> &Name {
        &self.names[key as usize]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of a known name.
    pub fn find(&self, namespace: &str, local: &str) -> Option<NameKey> {
        let (namespace, local) = (self.namespaces.get(namespace)?, self.locals.get(local)?);
        self.keys.get(&(*namespace, *local)).copied()
    }

    /// The number of a name; a new name gets a new number.
    pub fn learn(&mut self, namespace: &str, local: &str) -> NameKey {
        let (of_namespace, namespace) = intern(&mut self.namespaces, namespace);
        let (of_local, local) = intern(&mut self.locals, local);
        let names = &mut self.names;
        *self.keys.entry((of_namespace, of_local)).or_insert_with(|| {
            names.push(Name { namespace, local });
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

fn intern(table: &mut HashMap<Arc<str>, u32>, text: &str) -> (u32, Arc<str>) {
    if let Some((known, number)) = table.get_key_value(text) {
        return (*number, Arc::clone(known));
    }
    let (new, number) = (Arc::<str>::from(text), u32::try_from(table.len()).unwrap_or(u32::MAX));
    table.insert(Arc::clone(&new), number);
    (number, new)
}

/// Hands every event to two receivers.
pub struct Both<A, B>(pub A, pub B);

impl<A: Events, B: Events> Events for Both<A, B> {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        self.0.start(element, stack);
        self.1.start(element, stack);
    }

    fn text(&mut self, text: &str, stack: &mut ElementStack) {
        self.0.text(text, stack);
        self.1.text(text, stack);
    }

    fn value_unreadable(&mut self, stack: &mut ElementStack) {
        self.0.value_unreadable(stack);
        self.1.value_unreadable(stack);
    }

    fn end(&mut self, stack: &mut ElementStack) {
        self.0.end(stack);
        self.1.end(stack);
    }

    fn wants_no_more(&self) -> bool {
        self.0.wants_no_more() || self.1.wants_no_more()
    }
}

impl<E: Events + ?Sized> Events for &mut E {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        (**self).start(element, stack);
    }

    fn text(&mut self, text: &str, stack: &mut ElementStack) {
        (**self).text(text, stack);
    }

    fn value_unreadable(&mut self, stack: &mut ElementStack) {
        (**self).value_unreadable(stack);
    }

    fn end(&mut self, stack: &mut ElementStack) {
        (**self).end(stack);
    }

    fn wants_no_more(&self) -> bool {
        (**self).wants_no_more()
    }
}
