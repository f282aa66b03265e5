//! The only way the engine reads schema documents: files inside the jail, by their canonical path.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use xsd_schema::{SchemaError, SchemaLoader, SchemaResult};

/// Loader that refuses whatever lies outside one folder, links followed.
#[derive(Debug)]
pub(super) struct Jailed {
    root: PathBuf,
}

impl Jailed {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(root)? })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The canonical path of `location` if it is a file inside the jail.
    pub(super) fn inside(&self, location: &str) -> Result<PathBuf, String> {
        let path = fs::canonicalize(location).map_err(|_| format!("there is no file {}", self.relative(Path::new(location))))?;
        if path.starts_with(&self.root) { Ok(path) } else { Err("the location leaves the schemas folder".to_string()) }
    }

    /// The path as people know it, below the jail.
    pub(super) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

impl SchemaLoader for Jailed {
    fn load(&self, location: &str) -> SchemaResult<String> {
        let path = self.inside(location).map_err(SchemaError::resolution)?;
        let bytes = fs::read(&path)
            .map_err(|error| SchemaError::resolution(format!("{}: {}", self.relative(&path), crate::model::problem::reason(&error))))?;
        xsd_schema::parser::resolver::decode_xml_bytes(bytes)
    }

    fn can_load(&self, location: &str) -> bool {
        // Remote addresses come here too, so that they are refused with a sentence and never fetched.
        !location.starts_with("embedded://")
    }
}
