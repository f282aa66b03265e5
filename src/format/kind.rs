//! What every document format must be able to do.

use std::{collections::HashSet, fmt, sync::Arc};

use super::{ByteSource, Limits};
use crate::model::{Events, Name, Problems, document::Table, toml_reader::TomlReader};

/// A document format: how its bytes become events, and where it ends.
pub trait Format: fmt::Debug + Send + Sync {
    /// The default file pattern of a flow.
    fn usual_files(&self) -> &'static str;

    /// Reads the documents of a file and sends their content to `to`. `file` is the name used in problems.
    ///
    /// # Errors
    /// What prevents the file from being read. Everything read before it has gone to `to`.
    fn read(&self, source: &ByteSource, file: &str, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems>;

    /// Whether the bytes end before the document does: an interrupted upload.
    fn is_truncated(&self, bytes: &[u8]) -> bool;

    /// The refused part of a file, as a smaller file of the same format: everything around the units stays, and only the units that
    /// begin at these lines and columns.
    ///
    /// # Errors
    /// What prevents the file from being read.
    fn rest(
        &self,
        source: &ByteSource,
        file: &str,
        limits: &Limits,
        unit: &[Name],
        wanted: &HashSet<(u32, u32)>,
    ) -> Result<Vec<u8>, Problems>;

    /// Whether a file may hold several documents, one after the other.
    fn holds_several(&self) -> bool {
        false
    }

    /// What a document keeps about the table that it was converted from.
    fn table(&self) -> Option<Table> {
        None
    }

    /// The elements that the format itself creates, to compare with a schema before a file comes.
    fn layout(&self) -> Option<Layout> {
        None
    }

    /// A small file with a value everywhere, and how it is read, to compare with a schema before a file comes.
    fn specimen(&self) -> Option<(Arc<dyn Format>, ByteSource)> {
        None
    }
}

/// The elements that a format creates from a table.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The table of the flow's file that defines them, for problems: `[csv]`.
    pub section: &'static str,
    /// Namespace of all of them; empty for none.
    pub namespace: String,
    /// Root element.
    pub root: String,
    /// Element of a row, below the root.
    pub row: String,
    /// Elements of the columns, below a row.
    pub columns: Vec<String>,
    /// Elements whose values are passed on as they are, although numbers in this file have a decimal comma.
    pub with_comma: Vec<String>,
}

/// A kind of format, by its name in flows.
pub struct FormatKind {
    /// The value of `format` in a flow.
    pub name: &'static str,
    /// Reads its settings from a flow's file. Problems go to the reader; `None` if missing settings prevent its use.
    pub configure: fn(&TomlReader<'_>) -> Option<Arc<dyn Format>>,
}
