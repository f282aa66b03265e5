//! A document goes through the engine as it is read. A good document costs little more than the engine's work. What a broken one
//! should have been is computed only at the error.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use xsd_schema::{
    TypeKey,
    ids::NameId,
    namespace::context::NamespaceContextSnapshot,
    parser::location::SourceLocation,
    validation::{ValidationError, ValidationRuntime, ValidationSink, validator::ValidationWarning},
};

use super::{
    content::{Content, Id},
    element_frame::Frame,
    keys::Seen,
    prepared::Prepared,
    report::{Report, Subject},
    types,
};
use crate::model::{ElementStack, NameKey, Problem, Start};

pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The engine's messages, until they are read.
#[derive(Clone, Default)]
pub(super) struct Inbox(Rc<(Cell<bool>, RefCell<Vec<ValidationError>>)>);

impl Inbox {
    pub(super) fn take(&self) -> Vec<ValidationError> {
        if self.0.1.borrow().is_empty() { Vec::new() } else { std::mem::take(&mut *self.0.1.borrow_mut()) }
    }
}

impl ValidationSink for Inbox {
    fn on_error(&mut self, error: ValidationError) {
        if !self.0.0.get() {
            self.0.1.borrow_mut().push(error);
        }
    }

    fn on_warning(&mut self, _: ValidationWarning) {}
}

/// Validates a document.
pub(super) struct Validator<'p> {
    pub(super) prepared: &'p Prepared<'p>,
    pub(super) runtime: Option<ValidationRuntime<'p, Inbox>>,
    pub(super) inbox: Inbox,
    /// The engine's numbers for the document's names.
    ids: Vec<Option<Id>>,
    /// Namespaces in scope, at each change: depth and bindings.
    pub(super) scopes: Vec<(usize, NamespaceContextSnapshot)>,
    #[allow(clippy::vec_box, reason = "a frame is moved by its address: every element opens and closes one")]
    pub(super) frames: Vec<Box<Frame>>,
    #[allow(clippy::vec_box, reason = "as the frames")]
    pub(super) spare: Vec<Box<Frame>>,
    /// Depth of an element that is not validated, with everything inside it.
    pub(super) skipped: Option<usize>,
    /// Wrong namespaces of the document with the right ones: each pair is reported once.
    pub(super) renamed: HashSet<(Option<NameId>, Option<NameId>)>,
    contents: HashMap<TypeKey, Option<Rc<Content>>>,
    pub(super) seen: Seen,
    pub(super) report: Report<'p>,
}

impl<'p> Validator<'p> {
    /// A validator for one file. `decimal_comma` says how the file writes decimals, for the sentences.
    pub(super) fn new(prepared: &'p Prepared<'p>, decimal_comma: bool) -> Self {
        Self {
            prepared,
            runtime: None,
            inbox: Inbox::default(),
            ids: Vec::new(),
            scopes: vec![(0, NamespaceContextSnapshot::default())],
            frames: Vec::new(),
            spare: Vec::new(),
            skipped: None,
            renamed: HashSet::new(),
            contents: HashMap::new(),
            seen: Seen::default(),
            report: Report::new(prepared.set, decimal_comma),
        }
    }

    /// Everything that is wrong.
    pub(super) fn finish(self, file: &str) -> Vec<Problem> {
        self.report.problems(file)
    }

    pub(super) fn id(&mut self, key: NameKey, element: &Start<'_>) -> Id {
        let at = key as usize;
        if let Some(Some(id)) = self.ids.get(at) {
            return *id;
        }
        let (name, table) = (element.vocabulary.name(key), &self.prepared.set.name_table);
        let id = (table.add(&name.local), (!name.namespace.is_empty()).then(|| table.add(&name.namespace)));
        if self.ids.len() <= at {
            self.ids.resize(at + 1, None);
        }
        self.ids[at] = Some(id);
        id
    }

    /// The content model of a type, computed on first use.
    pub(super) fn content(&mut self, of: Option<TypeKey>) -> Option<Rc<Content>> {
        let set = self.prepared.set;
        let groups = self.prepared.groups();
        self.contents.entry(of?).or_insert_with(|| Content::of(set, groups, of).map(Rc::new)).clone()
    }

    /// Elements that the engine would accept now.
    pub(super) fn expected(&self) -> Vec<Id> {
        let expected = self.runtime.iter().flat_map(ValidationRuntime::get_expected_elements);
        expected.map(|element| (element.local_name, element.namespace)).collect()
    }

    /// How a name of this namespace is written here: with or without a prefix; `None` if the namespace is not declared.
    pub(super) fn prefix(&self, namespace: Option<NameId>) -> Option<String> {
        let (_, scope) = self.scopes.last()?;
        let Some(namespace) = namespace else { return scope.default_ns.is_none().then(String::new) };
        if scope.default_ns == Some(namespace) {
            return Some(String::new());
        }
        let (prefix, _) = scope.bindings.iter().find(|(_, known)| *known == namespace)?;
        Some(format!("{}:", self.prepared.set.name_table.resolve(*prefix)))
    }

    /// Attributes the innermost element may have.
    fn attributes(&self) -> Vec<String> {
        let allowed = self.runtime.iter().flat_map(ValidationRuntime::get_expected_attributes);
        allowed.map(|attribute| self.prepared.set.name_table.resolve(attribute.local_name)).collect()
    }

    /// Offers an element to the engine; returns its type and the engine's messages.
    pub(super) fn offer(&mut self, id: Id, element: Option<&Start<'_>>) -> (Option<TypeKey>, Vec<ValidationError>) {
        let Some(runtime) = self.runtime.as_mut() else { return (None, Vec::new()) };
        let scope = self.scopes.last().map(|(_, scope)| scope);
        let nothing = NamespaceContextSnapshot::default();
        let xsi = |local: &str| element.filter(|element| !element.attributes.is_empty())?.attribute(XSI, local);
        let info = runtime.validate_element_by_id(id.0, id.1, xsi("type"), xsi("nil"), scope.unwrap_or(&nothing));
        (info.schema_type, self.inbox.take())
    }

    /// Takes back the last offered element.
    pub(super) fn withdraw(&mut self) {
        self.inbox.0.0.set(true);
        if let Some(runtime) = self.runtime.as_mut() {
            runtime.validate_end_of_attributes_novalue();
            runtime.validate_end_element_novalue();
        }
        self.inbox.0.0.set(false);
    }

    /// Makes the engine assume that a missing element was there.
    pub(super) fn pretend(&mut self, id: Id) {
        self.inbox.0.0.set(true);
        self.offer(id, None);
        self.withdraw();
    }

    /// Skips the current element and everything inside it.
    pub(super) fn skip(&mut self, stack: &ElementStack) {
        self.skipped = Some(stack.depth());
    }

    /// Depth of the skipped element, if there is one.
    pub(super) fn skipping(&self) -> Option<usize> {
        self.skipped
    }

    pub(super) fn begin(&mut self) {
        self.runtime = Some(self.prepared.inner.start_run(self.inbox.clone()));
        self.renamed.clear();
    }

    pub(super) fn scope(&mut self, element: &Start<'_>, depth: usize) {
        if element.declares.is_empty() {
            return;
        }
        let table = &self.prepared.set.name_table;
        let mut scope = self.scopes.last().map(|(_, scope)| scope.clone()).unwrap_or_default();
        for (prefix, namespace) in element.declares {
            if prefix.is_empty() {
                scope.default_ns = (!namespace.is_empty()).then(|| table.add(namespace));
                continue;
            }
            let (prefix, namespace) = (table.add(prefix), table.add(namespace));
            scope.bindings.retain(|(known, _)| *known != prefix);
            scope.bindings.push((prefix, namespace));
        }
        self.scopes.push((depth, scope));
    }

    pub(super) fn located(&mut self, stack: &ElementStack) {
        let (line, column) = stack.position();
        if let Some(runtime) = self.runtime.as_mut() {
            runtime.set_location(SourceLocation { base_uri: String::new(), line: line as usize, column: column as usize });
        }
    }

    /// The element is valid: its attributes follow.
    pub(super) fn enter(
        &mut self,
        id: Id,
        of: Option<TypeKey>,
        errors: Vec<ValidationError>,
        element: &Start<'_>,
        stack: &mut ElementStack,
    ) {
        if let Some(parent) = self.frames.last_mut() {
            parent.last = Some(id);
            parent.parent = true;
        }
        let mut frame = self.spare.pop().unwrap_or_default();
        frame.of = of;
        for error in errors {
            // Whether it has a value does not matter if it must not be nil.
            frame.value_unreadable |= error.constraint.starts_with("cvc-elt.3");
            self.report.add(error, &Subject::Element { frame: &frame }, stack);
        }
        self.frames.push(frame);
        for (key, name, value) in element.attributes() {
            let id = self.id(key, element);
            let Some(runtime) = self.runtime.as_mut() else { return };
            let of = match &*name.namespace {
                XSI => {
                    runtime.validate_attribute(&name.local, &name.namespace, value);
                    None
                }
                _ => runtime.validate_attribute_by_id(id.0, id.1, value).schema_type,
            };
            for error in self.inbox.take() {
                if types::is_spaced_base64(&error, value) {
                    continue;
                }
                let allowed = if error.message.contains("is not allowed") { self.attributes() } else { Vec::new() };
                self.report.add(error, &Subject::Attribute { name, value, of, allowed }, stack);
            }
            if let (false, Some(frame)) = (self.prepared.rules.is_empty(), self.frames.last_mut()) {
                frame.values.push((Arc::from(format!("@{}", name.local)), value.trim().to_string()));
            }
        }
        if let Some(runtime) = self.runtime.as_mut() {
            runtime.validate_end_of_attributes_novalue();
        }
        self.reported(stack);
    }

    /// What the engine reports about the innermost element.
    pub(super) fn reported(&mut self, stack: &mut ElementStack) {
        for error in self.inbox.take() {
            let Some(frame) = self.frames.last_mut() else { return };
            // Text where none is allowed is reported once, however many pieces it has.
            let text = error.constraint.starts_with("cvc-complex-type.2.");
            if !(text && std::mem::replace(&mut frame.texts, true)) {
                self.report.add(error, &Subject::Element { frame }, stack);
            }
        }
    }

    pub(super) fn leave(&mut self, stack: &mut ElementStack) {
        if let Some(runtime) = self.runtime.as_mut() {
            runtime.validate_end_element_novalue();
        }
        let errors = self.inbox.take();
        let Some(mut frame) = self.frames.pop() else { return };
        if !errors.is_empty() {
            self.ended(&frame, errors, stack);
        }
        if let (false, Some(name)) = (self.prepared.rules.is_empty(), stack.name().map(|name| Arc::clone(&name.local))) {
            self.seen.element(&self.prepared.rules, &name, &frame, stack);
            self.seen.leave(&self.prepared.rules, &name);
            // Beyond this limit a key's value is not shown; the problem is.
            if let (false, Some(parent)) = (frame.parent, self.frames.last_mut())
                && parent.values.len() < 64
            {
                parent.values.push((name, frame.text.trim().to_string()));
            }
        }
        frame.clear();
        self.spare.push(frame);
    }

    /// What the engine reports about an element that has ended.
    pub(super) fn ended(&mut self, frame: &Frame, errors: Vec<ValidationError>, stack: &mut ElementStack) {
        for error in errors {
            // What was reported is not reported again in other words.
            let of_value = !error.constraint.starts_with("cvc-complex") && !error.constraint.starts_with("cvc-identity");
            if frame.value_unreadable && (of_value || super::report::is_incomplete(&error)) {
                continue;
            }
            if super::report::is_incomplete(&error) {
                let content = self.content(frame.of);
                let key = |id: Id| self.ids.iter().position(|known| *known == Some(id)).and_then(|at| NameKey::try_from(at).ok());
                let missing = content.map(|content| content.missing_at_end(frame.last, |id| key(id).map_or(0, |key| stack.children(key))));
                self.report.incomplete(missing.unwrap_or_default(), stack);
                continue;
            }
            match error.constraint.starts_with("cvc-identity") {
                true => self.report.key(&error, &self.prepared.rules, &mut self.seen, frame, stack),
                false => self.report.add(error, &Subject::Element { frame }, stack),
            }
        }
    }
}
