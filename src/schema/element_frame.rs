//! What is known about an open element.

use std::sync::Arc;

use xsd_schema::TypeKey;

use super::content::Id;

/// Children that were reported as missing.
pub(super) struct Missing {
    /// Index of the problem.
    pub(super) problem: usize,
    /// The element that they are missing before.
    pub(super) before: Id,
    pub(super) names: Vec<Id>,
    /// One of them is enough.
    pub(super) one: bool,
}

/// An open element.
#[derive(Default)]
pub(super) struct Frame {
    /// Its type, as far as the engine knows it.
    pub(super) of: Option<TypeKey>,
    /// The last child that was valid.
    pub(super) last: Option<Id>,
    /// The beginning of its own text.
    pub(super) text: String,
    /// It has child elements.
    pub(super) parent: bool,
    /// Its invalid value was reported.
    pub(super) value_unreadable: bool,
    /// It was reported that it holds text and must not.
    pub(super) texts: bool,
    /// Children that were reported as too many.
    pub(super) surplus: Vec<Id>,
    /// Children that were refused, by name.
    pub(super) refused: Vec<(Id, u32)>,
    /// What was reported about missing children.
    pub(super) missing: Vec<Missing>,
    /// Values of attributes and of leaf children, by name; only if the schema has keys.
    pub(super) values: Vec<(Arc<str>, String)>,
}

impl Frame {
    /// Resets it, but keeps its buffers.
    pub(super) fn clear(&mut self) {
        (self.of, self.last, self.parent, self.value_unreadable, self.texts) = (None, None, false, false, false);
        self.surplus.clear();
        self.refused.clear();
        self.text.clear();
        self.missing.clear();
        self.values.clear();
    }
}
