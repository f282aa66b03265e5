//! Reads a document's envelope and its kind before validation: the payloads inside an envelope, and what a document is.

use std::sync::Arc;

use crate::model::{
    ElementStack, Start,
    events::{Declared, Events},
};

/// A path of local names from the root, such as `/Envelope/Body/*`. Prefixes are ignored; `*` is any element of another namespace than
/// its parent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementPath {
    text: String,
    names: Vec<String>,
}

impl ElementPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` does not begin at the root, as in `/Order/Header/Type`"));
        };
        let names: Vec<String> = rest.split('/').map(|step| step.rsplit(':').next().unwrap_or(step).to_string()).collect();
        let is_name = |name: &String| name == "*" || (!name.is_empty() && !name.contains(['[', ']', '@', '(', ' ', '.']));
        match names.iter().all(is_name) {
            true => Ok(Self { text: text.to_string(), names }),
            false => Err(format!("`{text}` is more than names from the root, as in `/Order/Header/Type`")),
        }
    }

    /// The names, root first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the path leads to the last element of the stack.
    fn fits(&self, stack: &ElementStack, below: usize) -> bool {
        if stack.depth() != self.names.len() + below {
            return false;
        }
        let mut namespace = None;
        for (at, name) in stack.names().enumerate() {
            if let Some(step) = at.checked_sub(below).and_then(|at| self.names.get(at)) {
                let fits = match step.as_str() {
                    "*" => namespace.is_none_or(|above| above != &name.namespace),
                    step => *name.local == *step,
                };
                if !fits {
                    return false;
                }
            }
            namespace = Some(&name.namespace);
        }
        true
    }
}

impl std::fmt::Display for ElementPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Passes on only what is inside the elements of a path, each as a separate document.
pub struct Payloads<E> {
    path: ElementPath,
    to: E,
    /// Depth of the current payload.
    inside: Option<usize>,
    /// Namespace declarations of the surrounding elements: a payload may use their prefixes.
    around: Vec<(usize, Vec<Declared>)>,
    found: usize,
}

impl<E> Payloads<E> {
    /// Passes on to `to`.
    pub fn new(path: ElementPath, to: E) -> Self {
        Self { path, to, inside: None, around: Vec::new(), found: 0 }
    }

    /// The number of payloads.
    pub fn found(&self) -> usize {
        self.found
    }
}

impl<E: Events> Events for Payloads<E> {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        if self.inside.is_some() {
            return self.to.start(element, stack);
        }
        if !self.path.fits(stack, 0) {
            if !element.declares.is_empty() {
                self.around.push((stack.depth(), element.declares.to_vec()));
            }
            return;
        }
        self.inside = Some(stack.depth());
        self.found += 1;
        let mut declares: Vec<Declared> = element.declares.to_vec();
        for (prefix, namespace) in self.around.iter().rev().flat_map(|(_, declares)| declares) {
            if !declares.iter().any(|(known, _)| known == prefix) {
                declares.push((Arc::clone(prefix), Arc::clone(namespace)));
            }
        }
        self.to.start(&Start { declares: &declares, ..*element }, stack);
    }

    fn text(&mut self, text: &str, stack: &mut ElementStack) {
        if self.inside.is_some() {
            self.to.text(text, stack);
        }
    }

    fn value_unreadable(&mut self, stack: &mut ElementStack) {
        if self.inside.is_some() {
            self.to.value_unreadable(stack);
        }
    }

    fn end(&mut self, stack: &mut ElementStack) {
        let depth = stack.depth();
        match self.inside {
            Some(at) => {
                self.to.end(stack);
                if at == depth {
                    self.inside = None;
                }
            }
            None if self.around.last().is_some_and(|(at, _)| *at == depth) => {
                self.around.pop();
            }
            None => {}
        }
    }

    fn wants_no_more(&self) -> bool {
        self.to.wants_no_more()
    }
}

/// What a document is: its root, and the first value of each of some paths. Reading stops as soon as all of it is known.
#[derive(Default)]
pub struct DocumentHead {
    paths: Vec<ElementPath>,
    /// Elements around the document.
    envelope: Option<ElementPath>,
    below: Option<usize>,
    /// Namespace and local name of the root.
    pub root: Option<(String, String)>,
    /// The value of each path, in the given order.
    pub values: Vec<Option<String>>,
    /// Paths whose value is being read.
    open: Vec<usize>,
    done: bool,
}

/// Maximum length of a value in bytes.
const LONGEST: usize = 1000;

impl DocumentHead {
    /// Reads the root and the values of `paths`, which begin at the document's root. In an envelope, it reads the first payload.
    pub fn of(paths: Vec<ElementPath>, envelope: Option<ElementPath>) -> Self {
        Self { values: vec![None; paths.len()], paths, envelope, ..Self::default() }
    }
}

impl Events for DocumentHead {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        if self.root.is_none() {
            let is_root = self.envelope.as_ref().map_or(stack.depth() == 1, |path| path.fits(stack, 0));
            if is_root {
                let name = element.name();
                self.root = Some((name.namespace.to_string(), name.local.to_string()));
                self.below = Some(stack.depth() - 1);
                self.done = self.paths.is_empty();
            }
        }
        let Some(below) = self.below else { return };
        if self.open.is_empty() {
            self.open = (0..self.paths.len()).filter(|at| self.values[*at].is_none() && self.paths[*at].fits(stack, below)).collect();
            for at in &self.open {
                self.values[*at] = Some(String::new());
            }
        }
    }

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        for at in &self.open {
            if let Some(value) = self.values[*at].as_mut().filter(|value| value.len() < LONGEST) {
                value.push_str(text);
            }
        }
    }

    fn end(&mut self, stack: &mut ElementStack) {
        self.open.clear();
        self.done |= self.values.iter().all(Option::is_some) || self.below.is_some_and(|below| stack.depth() == below + 1);
    }

    fn wants_no_more(&self) -> bool {
        self.done
    }
}
