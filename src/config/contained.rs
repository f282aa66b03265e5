//! Folders of a drop stay inside the drop.

use crate::model::{Problem, codes, table::Reader};

/// Reports a folder of a drop that leaves the drop.
pub(super) fn check(reader: &Reader<'_>, key: &str) {
    let Some(path) = reader.text(key) else { return };
    if crate::transport::contained(&path).is_err() {
        let problem = Problem::new(codes::PATH_ESCAPES, format!("`{key}` is a folder inside the drop, not `{path}`"));
        reader.report(problem.at(reader.place_of(key)).hint("write it relative to the drop, without `..`"));
    }
}
