//! The paths in a sample, and which of its elements are records and lines.

use std::collections::HashMap;

use super::{
    knowledge,
    material::{Found, Material},
};
use crate::model::{
    Document, Name, NodeId,
    shape::{Shape, ValueKind},
};

/// Further values that are examined, at most.
const FURTHER: usize = 50;

/// What was found in a sample.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Prefixes and namespaces that the paths use.
    pub(super) namespaces: Vec<(String, String)>,
    /// The element that a record is made from.
    pub(super) each: String,
    pub(super) fields: Vec<Found>,
    /// Lines: the path to their element, and their values.
    pub(super) lines: Option<(String, Vec<Found>)>,
}

/// Models whose records are whole documents, with their lines.
pub(super) const DOCUMENTS: [(&str, &str, &str); 4] = [
    ("account.move", "invoice_line_ids", "account.move.line"),
    ("purchase.order", "order_line", "purchase.order.line"),
    ("sale.order", "order_line", "sale.order.line"),
    ("stock.picking", "move_ids", "stock.move"),
];

/// Endings of element names that mean lines.
const LINES: [&str; 9] = ["article", "item", "level", "line", "ntry", "position", "product", "row", "details"];

/// Examines a sample.
pub(super) struct Reader<'m> {
    document: &'m Document,
    shape: &'m Shape,
    namespaces: Vec<(String, String)>,
}

pub(super) fn found(material: &Material<'_>) -> Sample {
    let document = material.document;
    let Some(root) = document.root() else { return Sample::default() };
    let reader = Reader::new(material);
    let record = reader.record(root, material.model);
    let lines = DOCUMENTS.iter().find(|(model, ..)| *model == material.model);
    let line = lines.and_then(|(.., of)| reader.repeated(record, of));
    let mut sample = Sample { each: format!("/{}", reader.way(record, None)), ..Sample::default() };
    reader.values(record, record, line, &mut sample.fields);
    if let Some(line) = line {
        let mut values = Vec::new();
        let (of, name) = (document.element(line).parent, &document.element(line).name);
        let siblings = of.map_or_else(Vec::new, |of| document.element(of).children.clone());
        for sibling in siblings.into_iter().filter(|sibling| document.element(*sibling).name == *name) {
            reader.values(sibling, sibling, None, &mut values);
        }
        sample.lines = Some((reader.way(line, Some(record)), values));
    }
    sample.namespaces = reader.namespaces;
    sample
}

/// Namespaces of the elements, each with a prefix: the document's own if it has one, `default` for that of the root.
fn namespaces(document: &Document) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for id in 0..document.len() {
        let element = document.element(id);
        let namespace = element.name.namespace.to_string();
        if namespace.is_empty() || all.iter().any(|(_, known)| *known == namespace) {
            continue;
        }
        let declared = (0..=id)
            .rev()
            .flat_map(|at| document.element(at).declares.iter())
            .find(|(prefix, known)| !prefix.is_empty() && *known == namespace);
        let prefix = match declared {
            _ if id == 0 => "default".to_string(),
            Some((prefix, _)) if !all.iter().any(|(known, _)| known == prefix) => prefix.clone(),
            _ => format!("n{}", all.len()),
        };
        all.push((prefix, namespace));
    }
    all
}

impl<'m> Reader<'m> {
    pub(super) fn new(material: &'m Material<'m>) -> Self {
        Self { document: material.document, shape: material.shape, namespaces: namespaces(material.document) }
    }

    fn name(&self, name: &Name) -> String {
        match self.namespaces.iter().find(|(_, namespace)| **namespace == *name.namespace) {
            Some((prefix, _)) if prefix != "default" => format!("{prefix}:{}", name.local),
            _ => name.local.to_string(),
        }
    }

    /// The path to an element, from the root or from one above it.
    fn way(&self, id: NodeId, from: Option<NodeId>) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(here) = at.filter(|here| Some(*here) != from) {
            let element = self.document.element(here);
            steps.push(self.name(&element.name));
            at = element.parent;
        }
        steps.reverse();
        steps.join("/")
    }

    /// The element that records are made from: the document if the records are documents, otherwise the repeated element.
    pub(super) fn record(&self, root: NodeId, model: &str) -> NodeId {
        if !DOCUMENTS.iter().any(|(known, ..)| *known == model) {
            return self.repeated(root, model).unwrap_or_else(|| self.only_child(root));
        }
        // A list of documents contains nothing else.
        let children = &self.document.element(root).children;
        let same = children.windows(2).all(|pair| self.document.element(pair[0]).name == self.document.element(pair[1]).name);
        match children.first() {
            Some(first) if same && children.len() > 1 && !self.document.element(*first).children.is_empty() => *first,
            _ => root,
        }
    }

    /// Goes down through elements with only one child.
    fn only_child(&self, root: NodeId) -> NodeId {
        let mut at = root;
        while let [only] = self.document.element(at).children.as_slice()
            && !self.document.element(*only).children.is_empty()
        {
            at = *only;
        }
        at
    }

    /// The elements below `from` that records of a model are made from: of those that repeat or are named like a line, the ones in
    /// which most fields of the model are known.
    pub(super) fn repeated(&self, from: NodeId, model: &str) -> Option<NodeId> {
        let mut best: Option<((usize, usize, usize), NodeId)> = None;
        let mut todo = vec![(from, 0usize)];
        while let Some((at, depth)) = todo.pop() {
            let mut counts: HashMap<&Name, (usize, NodeId)> = HashMap::new();
            for child in &self.document.element(at).children {
                counts.entry(&self.document.element(*child).name).or_insert((0, *child)).0 += 1;
                todo.push((*child, depth + 1));
            }
            for (name, (count, first)) in counts {
                let local = name.local.to_lowercase();
                // An element named like a line is one, even if the sample has it only once.
                let called = LINES.iter().any(|word| local.ends_with(word));
                if self.document.element(first).children.is_empty() || count == 1 && !called {
                    continue;
                }
                let mut values = Vec::new();
                self.values(first, first, None, &mut values);
                let mut fields: Vec<String> =
                    values.iter().filter_map(|found| knowledge::known(model, &found.names)).map(|guess| guess.field()).collect();
                fields.sort();
                fields.dedup();
                // The element around the lines has their fields below it too.
                let weight = (fields.len(), depth, count);
                if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                    best = Some((weight, first));
                }
            }
        }
        best.map(|(_, id)| id)
    }

    /// Values at and below an element, each path once, without those of lines.
    fn values(&self, at: NodeId, from: NodeId, without: Option<NodeId>, into: &mut Vec<Found>) {
        let element = self.document.element(at);
        if without
            .is_some_and(|line| self.document.element(line).name == element.name && self.document.element(line).parent == element.parent)
        {
            return;
        }
        let names = || self.local_names(at);
        let kind = self.kind(at);
        let own = self.way(at, Some(from));
        let push = |path: String, names: Vec<String>, kind: ValueKind, value: &str, into: &mut Vec<Found>| match into
            .iter_mut()
            .find(|known| known.path == path)
        {
            _ if value.is_empty() => {}
            Some(known) if known.further.len() < FURTHER => known.further.push(value.to_string()),
            Some(_) => {}
            None => into.push(Found { names, path, kind, value: value.to_string(), further: Vec::new() }),
        };
        push(if own.is_empty() { ".".into() } else { own.clone() }, names(), kind, element.text.trim(), into);
        for attribute in element.attributes.iter().filter(|attribute| attribute.name.namespace.is_empty()) {
            let slash = if own.is_empty() { "" } else { "/" };
            let names = names().into_iter().chain([format!("@{}", attribute.name.local)]).collect();
            push(format!("{own}{slash}@{}", attribute.name.local), names, ValueKind::Text, attribute.value.trim(), into);
        }
        for child in &element.children {
            self.values(*child, from, without, into);
        }
    }

    fn local_names(&self, id: NodeId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut at = Some(id);
        while let Some(here) = at {
            names.push(self.document.element(here).name.local.to_string());
            at = self.document.element(here).parent;
        }
        names.reverse();
        names
    }

    /// The type of an element's value in the schema.
    fn kind(&self, id: NodeId) -> ValueKind {
        let mut way = vec![id];
        while let Some(parent) = way.last().and_then(|at| self.document.element(*at).parent) {
            way.push(parent);
        }
        let mut children = &self.shape.roots;
        let mut kind = ValueKind::Text;
        for at in way.into_iter().rev() {
            let name = &self.document.element(at).name;
            let Some(of) = children.iter().find(|(known, _)| known == name).and_then(|(_, id)| self.shape.types.get(*id)) else {
                return ValueKind::Text;
            };
            (children, kind) = (&of.children, of.kind);
        }
        kind
    }
}
