//! A document as a tree of elements with positions. Every format is converted to it, and every schema and mapping works on it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use super::value_kind::ValueKind;

/// A name's number within one document: names are compared and counted by number.
pub type NameKey = u32;

/// Index of an element in its [`Document`].
pub type NodeId = usize;

/// An expanded name: namespace (empty for none) and local name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// Namespace name; empty when the name is in no namespace.
    pub namespace: Arc<str>,
    /// Local part.
    pub local: Arc<str>,
}

impl Name {
    /// A name in a namespace; an empty `namespace` means none.
    pub fn new(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.into(), local: local.into() }
    }
}

/// An attribute with its value after normalisation.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Expanded name.
    pub name: Name,
    /// Value.
    pub value: String,
    /// The kind of value that the schema declares, if it is known.
    pub kind: Option<ValueKind>,
}

/// An element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Expanded name.
    pub name: Name,
    /// Attributes in document order, namespace declarations left out.
    pub attributes: Vec<Attribute>,
    /// Namespace declarations made on this element: prefix (empty for the default) and namespace.
    pub declares: Vec<(String, String)>,
    /// The element's own character data, concatenated.
    pub text: String,
    /// The kind of value that the schema declares for it, if it is known.
    pub kind: Option<ValueKind>,
    /// The schema lets it hold text among child elements.
    pub is_mixed: bool,
    /// In mixed content: how much of the text is before each child.
    pub before: Vec<u32>,
    /// Child elements in document order.
    pub children: Vec<NodeId>,
    /// The element that holds this one; `None` for the root.
    pub parent: Option<NodeId>,
    /// 1-based line of the start tag, or of the record in a CSV file.
    pub line: u32,
    /// 1-based column of the start tag in characters; for CSV, the 1-based number of the field.
    pub column: u32,
}

/// What a document that was converted from rows and columns keeps about them.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The partner's header for each element name.
    pub headers: HashMap<String, String>,
    /// The file writes decimals with a comma.
    pub decimal_comma: bool,
    /// Elements whose values have a point all the same: the reader has converted them.
    pub with_point: HashSet<String>,
}

/// A whole document. Element 0 is the root.
#[derive(Debug, Clone, Default)]
pub struct Document {
    elements: Vec<Element>,
    table: Option<Table>,
    /// For each name, the number of children that come in the file before those that are here.
    earlier: HashMap<(NodeId, Name), u32>,
    /// For each element its position among siblings of its name, if there are several; computed on first use.
    positions: OnceLock<Vec<Option<u32>>>,
}

impl Document {
    /// An empty document; elements are added with push.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty document converted from rows and columns: problems name the column instead of a character position.
    pub fn of_table(table: Table) -> Self {
        Self { table: Some(table), ..Self::default() }
    }

    /// Adds an element to its parent. The first one pushed is the root.
    pub fn push(&mut self, element: Element) -> NodeId {
        self.positions.take();
        let id = self.elements.len();
        if let Some(parent) = element.parent {
            self.elements[parent].children.push(id);
        }
        self.elements.push(element);
        id
    }

    /// The root element's id, or `None` in a document without elements.
    pub fn root(&self) -> Option<NodeId> {
        (!self.elements.is_empty()).then_some(0)
    }

    /// The element with this id.
    pub fn element(&self, id: NodeId) -> &Element {
        &self.elements[id]
    }

    /// Adds character data to an element.
    pub fn add_text(&mut self, id: NodeId, text: &str) {
        let element = &mut self.elements[id];
        // Blanks between elements are layout.
        let is_content = |text: &str| !text.trim().is_empty();
        if element.before.len() < element.children.len() && (element.is_mixed || is_content(text) || is_content(&element.text)) {
            let before = u32::try_from(element.text.len()).unwrap_or(u32::MAX);
            element.before.resize(element.children.len(), before);
        }
        element.text.push_str(text);
    }

    /// The value of an element: its text with that of all elements inside it, in document order (XPath 1.0, 5.2). An element that holds
    /// nothing but elements has no value of its own.
    pub fn value(&self, id: NodeId) -> Cow<'_, str> {
        let element = &self.elements[id];
        let holds_only_elements = !element.is_mixed && element.text.trim().is_empty();
        if element.children.is_empty() || holds_only_elements {
            return Cow::Borrowed(&element.text);
        }
        let mut value = String::new();
        self.collect(id, &mut value);
        Cow::Owned(value)
    }

    fn collect(&self, id: NodeId, into: &mut String) {
        let element = &self.elements[id];
        let mut from = 0;
        for (at, child) in element.children.iter().enumerate() {
            let to = element.before.get(at).map_or(element.text.len(), |before| *before as usize).max(from);
            into.push_str(element.text.get(from..to).unwrap_or_default());
            self.collect(*child, into);
            from = to;
        }
        into.push_str(element.text.get(from..).unwrap_or_default());
    }

    /// How many elements the document has.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Says how many children of a name an element has before those that are here.
    pub fn begin_after(&mut self, parent: NodeId, name: &Name, count: u32) {
        self.positions.take();
        self.earlier.insert((parent, name.clone()), count);
    }

    /// The table that the document was converted from, if any.
    pub fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    /// The decimal separator of a value, if the file says so.
    pub fn decimal_separator(&self, id: NodeId) -> Option<char> {
        let table = self.table.as_ref().filter(|table| table.decimal_comma)?;
        (!table.with_point.contains(&*self.elements[id].name.local)).then_some(',')
    }

    /// The partner's name of the column that an element was converted from.
    pub fn column(&self, id: NodeId) -> Option<&str> {
        self.table.as_ref()?.headers.get(&*self.elements[id].name.local).map(String::as_str)
    }

    /// A readable path from the root, with positions where a name occurs more than once: `/Order/OrderLine[2]/Item`.
    pub fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(node) = at {
            let element = &self.elements[node];
            at = element.parent;
            let step = match self.positions()[node] {
                Some(position) => format!("{}[{position}]", element.name.local),
                None => element.name.local.to_string(),
            };
            steps.push(step);
        }
        steps.reverse();
        format!("/{}", steps.join("/"))
    }

    /// One pass over the document, so that paths for a hundred thousand siblings cost one pass, not one each.
    fn positions(&self) -> &[Option<u32>] {
        self.positions.get_or_init(|| {
            let mut positions = vec![None; self.elements.len()];
            for (id, element) in self.elements.iter().enumerate() {
                let mut counts: HashMap<&Name, (NodeId, u32)> = HashMap::new();
                for child in &element.children {
                    let name = &self.elements[*child].name;
                    let before = || if self.earlier.is_empty() { 0 } else { self.earlier.get(&(id, name.clone())).copied().unwrap_or(0) };
                    let (first, count) = counts.entry(name).or_insert_with(|| (*child, before()));
                    *count += 1;
                    if *count > 1 {
                        positions[*child] = Some(*count);
                        if *first != *child {
                            positions[*first].get_or_insert(1);
                        }
                    }
                }
            }
            positions
        })
    }
}
