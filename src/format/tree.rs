//! Events collected into a [`Document`], for code that needs all of it.

use crate::model::{Code, Document, ElementStack, NodeId, Place, Problem, Start, document::Table, events::Events, i18n::say};

/// Builds documents, one for each root.
pub struct Builder {
    done: Vec<Document>,
    table: Option<Table>,
    document: Document,
    open: Vec<NodeId>,
    most: usize,
    elements: usize,
}

impl Builder {
    /// Keeps at most `most` elements.
    pub fn new(most: usize) -> Self {
        Self { done: Vec::new(), table: None, document: Document::new(), open: Vec::new(), most, elements: 0 }
    }

    /// The documents are converted from a table.
    pub fn of_table(most: usize, table: Table) -> Self {
        Self { document: Document::of_table(table.clone()), table: Some(table), ..Self::new(most) }
    }

    /// The finished documents.
    ///
    /// # Errors
    /// There were more elements than are kept.
    pub fn all(self, file: &str) -> Result<Vec<Document>, Problem> {
        match self.wants_no_more() {
            true => Err(Problem::new(Code::DocLimit, say!("limit-elements", limit = self.most)).at(Place::file(file))),
            false => Ok(self.done),
        }
    }

    /// The one finished document.
    ///
    /// # Errors
    /// There were more elements than are kept, or none.
    pub fn one(self, file: &str) -> Result<Document, Problem> {
        let nothing = || Problem::new(Code::DocEmpty, say!("file-no-document")).at(Place::file(file));
        self.all(file)?.into_iter().next().ok_or_else(nothing)
    }
}

impl Events for Builder {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        self.elements += 1;
        if self.wants_no_more() {
            return;
        }
        let id = self.document.push(element.element(self.open.last().copied(), stack.position()));
        self.open.push(id);
    }

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        if let (Some(id), false) = (self.open.last(), self.wants_no_more()) {
            self.document.add_text(*id, text);
        }
    }

    fn end(&mut self, _: &mut ElementStack) {
        if self.wants_no_more() {
            return;
        }
        self.open.pop();
        if self.open.is_empty() {
            let next = self.table.clone().map(Document::of_table).unwrap_or_default();
            self.done.push(std::mem::replace(&mut self.document, next));
        }
    }

    fn wants_no_more(&self) -> bool {
        self.elements > self.most
    }
}
