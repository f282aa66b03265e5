//! What is known of an element while it is open.

use std::sync::Arc;

use xsd_schema::TypeKey;

use super::content::Id;

/// Children that were told to be missing.
pub(super) struct Missing {
    /// Number of the problem.
    pub(super) problem: usize,
    /// The element before which they are.
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
    /// The last child that fitted.
    pub(super) last: Option<Id>,
    /// The beginning of its own text.
    pub(super) text: String,
    /// It has child elements.
    pub(super) parent: bool,
    /// It was told already that its value is none.
    pub(super) value_unreadable: bool,
    /// It was told already that it holds text and may not.
    pub(super) texts: bool,
    /// Children that were told to be too many.
    pub(super) surplus: Vec<Id>,
    /// Children that were refused, by name.
    pub(super) refused: Vec<(Id, u32)>,
    /// What was told about children that are missing.
    pub(super) missing: Vec<Missing>,
    /// Values of attributes and of children without children, by name; only where the schema has keys.
    pub(super) values: Vec<(Arc<str>, String)>,
}

impl Frame {
    /// As new, but for its buffers.
    pub(super) fn clear(&mut self) {
        (self.of, self.last, self.parent, self.value_unreadable, self.texts) = (None, None, false, false, false);
        self.surplus.clear();
        self.refused.clear();
        self.text.clear();
        self.missing.clear();
        self.values.clear();
    }
}
