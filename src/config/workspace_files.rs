//! Files of a workspace that flows name.

use serde_json::{Map, Value as Json};

use crate::model::Problem;

/// Reads files of the workspace that flows name; problems go to the reader of the flow.
pub trait WorkspaceFiles {
    /// The text of a file, or a problem.
    fn text(&self, path: &str) -> Result<String, Problem>;
    /// Whether the file exists.
    fn has(&self, path: &str) -> bool;
    /// Names of the Odoos in `[odoos]`.
    fn odoos(&self) -> Vec<&str>;
    /// `id`, `name` and `gln` of a partner.
    fn partner(&self, id: &str) -> Map<String, Json>;
}
