//! Whether a file on a drop is still the one that was read.

use chrono::{DateTime, Utc};

use crate::transport::DirEntry;

/// Whether an entry still has this size and time, as far as a listing shows. Over SFTP times are whole seconds.
pub(super) fn same(size: u64, modified: Option<DateTime<Utc>>, entry: &DirEntry) -> bool {
    size == entry.size && modified.map(|at| at.timestamp_millis()) == entry.modified.map(|at| at.timestamp_millis())
}
