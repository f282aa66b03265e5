//! A document pushed through the engine, event by event.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use base64::Engine;
use xsd_schema::{
    SchemaSet,
    namespace::context::NamespaceContextSnapshot,
    validation::{SchemaValidator, ValidationError, ValidationFlags, ValidationRuntime, ValidationSink, validator::ValidationWarning},
};

use super::report::{self, Expected, Finding};
use crate::model::{Document, NodeId, Problems};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Problems reported for one document; what is beyond is counted.
const MOST: usize = 100;

/// A prepared validator over one schema.
pub(super) struct Validator<'s> {
    set: &'s SchemaSet,
    inner: SchemaValidator<'s>,
}

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<(NodeId, Vec<Finding>)>>);

impl ValidationSink for Sink {
    fn on_error(&mut self, error: ValidationError) {
        let mut inner = self.0.borrow_mut();
        let node = inner.0;
        inner.1.push(Finding { node, error });
    }

    fn on_warning(&mut self, _: ValidationWarning) {}
}

impl<'s> Validator<'s> {
    pub(super) fn new(set: &'s SchemaSet) -> Self {
        let mut flags = ValidationFlags::default() & !ValidationFlags::BUILD_PSVI_TYPED_VALUES;
        if set.is_xsd11() {
            flags |= ValidationFlags::PROCESS_ASSERTIONS;
        }
        Self { set, inner: SchemaValidator::new(set, flags) }
    }

    /// All problems of `document`, at most a hundred and a line that counts the rest.
    pub(super) fn validate(&self, document: &Document, file: &str) -> Problems {
        let mut findings = self.run(document, None);
        // Where a document says its schema lies is never followed, so it cannot be wrong either.
        findings.retain(|finding| !finding.error.message.starts_with("xsi:schemaLocation") && !is_spaced_base64(document, finding));
        if findings.is_empty() {
            return Vec::new();
        }
        // A second pass only for bad documents: what could have stood where something was wrong.
        let mut expected: HashMap<NodeId, Expected> = findings.iter().map(|finding| (finding.node, Expected::default())).collect();
        self.run(document, Some(&mut expected));
        report::problems(document, file, findings, &expected, MOST)
    }

    fn run(&self, document: &Document, mut expected: Option<&mut HashMap<NodeId, Expected>>) -> Vec<Finding> {
        let sink = Sink::default();
        let mut runtime = self.inner.start_run(sink.clone());
        let mut scope: Vec<(String, String)> = Vec::new();
        let mut way: Vec<(NodeId, usize)> = Vec::new();
        if let Some(root) = document.root() {
            self.open(&mut runtime, &sink, document, root, &mut scope, &mut expected);
            way.push((root, 0));
        }
        while let Some((node, next)) = way.pop() {
            let element = document.element(node);
            match element.children.get(next) {
                Some(child) if sink.0.borrow().1.len() <= MOST * 4 => {
                    way.push((node, next + 1));
                    self.open(&mut runtime, &sink, document, *child, &mut scope, &mut expected);
                    way.push((*child, 0));
                }
                _ => {
                    sink.0.borrow_mut().0 = node;
                    if let Some(expected) = expected.as_mut().and_then(|all| all.get_mut(&node)) {
                        expected.at_end = self.expected(&runtime);
                    }
                    runtime.validate_end_element_novalue();
                    scope.truncate(scope.len() - element.declares.len());
                }
            }
        }
        let end = runtime.end_validation();
        drop(runtime);
        let mut findings = std::mem::take(&mut sink.0.borrow_mut().1);
        if let (Err(error), true) = (end, findings.is_empty()) {
            findings.push(Finding { node: 0, error });
        }
        findings
    }

    fn open(
        &self,
        runtime: &mut ValidationRuntime<'_, Sink>,
        sink: &Sink,
        document: &Document,
        node: NodeId,
        scope: &mut Vec<(String, String)>,
        expected: &mut Option<&mut HashMap<NodeId, Expected>>,
    ) {
        let element = document.element(node);
        sink.0.borrow_mut().0 = node;
        scope.extend(element.declares.iter().cloned());
        let xsi = |local: &str| {
            element.attributes.iter().find(|a| &*a.name.namespace == XSI && &*a.name.local == local).map(|a| a.value.as_str())
        };
        let context = if xsi("type").is_some() || node == 0 || !element.declares.is_empty() {
            self.context(scope)
        } else {
            NamespaceContextSnapshot::default()
        };
        if let Some(expected) = expected.as_mut().and_then(|all| all.get_mut(&node)) {
            expected.here = self.expected(runtime);
        }
        runtime.validate_element_novalue(&element.name.local, &element.name.namespace, xsi("type"), xsi("nil"), &context);
        for attribute in &element.attributes {
            runtime.validate_attribute(&attribute.name.local, &attribute.name.namespace, &attribute.value);
        }
        runtime.validate_end_of_attributes_novalue();
        match element.text.trim().is_empty() {
            false => runtime.validate_text(&element.text),
            true if !element.text.is_empty() => runtime.validate_whitespace(&element.text),
            true => {}
        }
    }

    fn context(&self, scope: &[(String, String)]) -> NamespaceContextSnapshot {
        let mut snapshot = NamespaceContextSnapshot::default();
        for (prefix, namespace) in scope.iter().rev() {
            if prefix.is_empty() {
                if snapshot.default_ns.is_none() && !namespace.is_empty() {
                    snapshot.default_ns = Some(self.set.name_table.add(namespace));
                }
                continue;
            }
            let prefix = self.set.name_table.add(prefix);
            if !snapshot.bindings.iter().any(|(known, _)| *known == prefix) {
                snapshot.bindings.push((prefix, self.set.name_table.add(namespace)));
            }
        }
        snapshot
    }

    fn expected(&self, runtime: &ValidationRuntime<'_, Sink>) -> Vec<String> {
        let mut names: Vec<String> =
            runtime.get_expected_elements().into_iter().map(|element| self.set.name_table.resolve(element.local_name)).collect();
        names.dedup();
        names
    }
}

/// Whether a finding is the engine's mistake about base64: it refuses the white space between characters that the type allows (XML
/// Schema Part 2, 3.2.16), which every signature and attachment broken into lines has. Measured on xsd-schema 0.3.0.
fn is_spaced_base64(document: &Document, finding: &Finding) -> bool {
    if !finding.error.message.starts_with("Invalid base64Binary value") {
        return false;
    }
    let text: String = document.element(finding.node).text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}
