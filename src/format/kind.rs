//! What a form that documents come in must be able to do.

use std::{collections::HashSet, fmt, sync::Arc};

use super::{ByteSource, Limits};
use crate::model::{Events, Name, Problems, document::Table, toml_reader::TomlReader};

/// A form that documents come in: how its bytes become events, and where it ends.
pub trait Format: fmt::Debug + Send + Sync {
    /// The files that a flow takes where it does not say which: a pattern.
    fn usual_files(&self) -> &'static str;

    /// Reads the documents of a file and tells `to` what is in them. `file` is the name used in problems.
    ///
    /// # Errors
    /// What keeps the file from being read. What was read before it has gone to `to`.
    fn read(&self, source: &ByteSource, file: &str, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems>;

    /// Whether the bytes end before the document does: an upload that was broken off.
    fn is_truncated(&self, bytes: &[u8]) -> bool;

    /// What was refused of a file, as a smaller file of the same form: everything around the units stays, and of the units only
    /// those that begin at these lines and columns.
    ///
    /// # Errors
    /// What keeps the file from being read.
    fn rest(
        &self,
        source: &ByteSource,
        file: &str,
        limits: &Limits,
        unit: &[Name],
        wanted: &HashSet<(u32, u32)>,
    ) -> Result<Vec<u8>, Problems>;

    /// Whether a file may hold several documents, one behind the other.
    fn holds_several(&self) -> bool {
        false
    }

    /// What a document remembers of the table that it was lifted from.
    fn table(&self) -> Option<Table> {
        None
    }

    /// The elements that the format makes by itself, to be held against a schema before a file comes.
    fn layout(&self) -> Option<Layout> {
        None
    }

    /// A small file with a value everywhere, and how it is read, to be held against a schema before a file comes.
    fn specimen(&self) -> Option<(Arc<dyn Format>, ByteSource)> {
        None
    }
}

/// The elements that a format makes of a table.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The table of the flow's file that says so, for problems: `[csv]`.
    pub section: &'static str,
    /// Namespace of all of them; empty for none.
    pub namespace: String,
    /// Root element.
    pub root: String,
    /// Element of a row, below the root.
    pub row: String,
    /// Elements of the columns, below a row.
    pub columns: Vec<String>,
}

/// A kind of format, as flows name it.
pub struct FormatKind {
    /// What `format` of a flow says.
    pub name: &'static str,
    /// Reads its settings from a flow's file; problems go to the reader, and `None` when what is missing keeps it from being one.
    pub configure: fn(&TomlReader<'_>) -> Option<Arc<dyn Format>>,
}
