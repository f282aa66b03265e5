//! A document as a stream: every format is read into these events, and whoever judges or keeps a document receives them. Nobody
//! needs the whole of it in memory.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{Name, Trail, document::Key};

/// Receives a document. Elements come properly nested; text comes in pieces that belong together until the next start or end.
pub trait Events {
    /// An element begins; it is the last one of the trail.
    fn start(&mut self, element: &Start<'_>, trail: &mut Trail);

    /// Character data of the last element of the trail.
    fn text(&mut self, text: &str, trail: &mut Trail);

    /// The last element of the trail has a value that cannot be read, which the reader has told.
    fn void(&mut self, _: &mut Trail) {}

    /// The last element of the trail ends; it leaves the trail after this.
    fn end(&mut self, trail: &mut Trail);

    /// Whether nothing more is wanted: the reader stops at the next element.
    fn is_full(&self) -> bool {
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
    pub key: Key,
    /// Attributes in document order, namespace declarations left out: name and where the value stands in `values`.
    pub attributes: &'e [(Key, Range<usize>)],
    /// Attribute values, one behind the other.
    pub values: &'e str,
    /// Namespace declarations made here.
    pub declares: &'e [Declared],
}

impl<'e> Start<'e> {
    /// The element's name.
    pub fn name(&self) -> &'e Name {
        self.vocabulary.name(self.key)
    }

    /// Attributes with their values after normalisation.
    pub fn attributes(&self) -> impl Iterator<Item = (Key, &'e Name, &'e str)> + '_ {
        let (vocabulary, values) = (self.vocabulary, self.values);
        self.attributes.iter().map(move |(key, at)| (*key, vocabulary.name(*key), values.get(at.clone()).unwrap_or_default()))
    }

    /// The value of an attribute.
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&'e str> {
        self.attributes().find(|(_, name, _)| &*name.local == local && &*name.namespace == namespace).map(|(.., value)| value)
    }
}

/// The names of one document, each with its number.
#[derive(Debug, Default)]
pub struct Vocabulary {
    names: Vec<Name>,
    namespaces: HashMap<Arc<str>, u32>,
    locals: HashMap<Arc<str>, u32>,
    keys: HashMap<(u32, u32), Key>,
}

impl Vocabulary {
    /// The name with this number.
    ///
    /// # Panics
    /// For a number of another document's vocabulary.
    pub fn name(&self, key: Key) -> &Name {
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

    /// The number of a name that is known.
    pub fn find(&self, namespace: &str, local: &str) -> Option<Key> {
        let (namespace, local) = (self.namespaces.get(namespace)?, self.locals.get(local)?);
        self.keys.get(&(*namespace, *local)).copied()
    }

    /// The number of a name, which is learnt if it is new.
    pub fn learn(&mut self, namespace: &str, local: &str) -> Key {
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
    fn start(&mut self, element: &Start<'_>, trail: &mut Trail) {
        self.0.start(element, trail);
        self.1.start(element, trail);
    }

    fn text(&mut self, text: &str, trail: &mut Trail) {
        self.0.text(text, trail);
        self.1.text(text, trail);
    }

    fn void(&mut self, trail: &mut Trail) {
        self.0.void(trail);
        self.1.void(trail);
    }

    fn end(&mut self, trail: &mut Trail) {
        self.0.end(trail);
        self.1.end(trail);
    }

    fn is_full(&self) -> bool {
        self.0.is_full() || self.1.is_full()
    }
}

impl<E: Events + ?Sized> Events for &mut E {
    fn start(&mut self, element: &Start<'_>, trail: &mut Trail) {
        (**self).start(element, trail);
    }

    fn text(&mut self, text: &str, trail: &mut Trail) {
        (**self).text(text, trail);
    }

    fn void(&mut self, trail: &mut Trail) {
        (**self).void(trail);
    }

    fn end(&mut self, trail: &mut Trail) {
        (**self).end(trail);
    }

    fn is_full(&self) -> bool {
        (**self).is_full()
    }
}
