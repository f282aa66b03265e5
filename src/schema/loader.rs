//! The only way the engine reads schema documents: files inside the jail, by their canonical path.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use xsd_schema::{SchemaError, SchemaLoader, SchemaResult};

use super::complexity_limits::Bounds;
use crate::model::{Code, Place, Problem};

/// Bytes of one schema document; the largest of our corpus has 2 MB.
const MOST: u64 = 32 << 20;

/// Loader that refuses everything outside its folders, after following links.
#[derive(Debug, Clone)]
pub(super) struct Jailed {
    /// The schemas folder, and the folders of explicitly named catalogs.
    roots: Vec<PathBuf>,
    /// What was read so far, and why something in it was refused.
    read: Arc<Mutex<(Bounds, Option<Problem>)>>,
}

impl Jailed {
    pub(super) fn new(root: &Path, besides: &[PathBuf]) -> io::Result<Self> {
        let mut roots = vec![fs::canonicalize(root)?];
        roots.extend(besides.iter().filter_map(|folder| fs::canonicalize(folder).ok()));
        Ok(Self { roots, read: Arc::default() })
    }

    pub(super) fn root(&self) -> &Path {
        self.roots.first().map_or(Path::new("/"), PathBuf::as_path)
    }

    /// Why a document was refused for what it would expand to.
    pub(super) fn refused(&self) -> Option<Problem> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The canonical path of `location` if it is a file inside the jail.
    pub(super) fn inside(&self, location: &str) -> Result<PathBuf, String> {
        if location.contains("://") && !location.starts_with("file://") {
            return Err(format!("`{location}` is not in the workspace, and nothing is fetched from the network"));
        }
        let plain = location.strip_prefix("file://").unwrap_or(location);
        let path = fs::canonicalize(plain).map_err(|_| format!("there is no file {}", self.relative(Path::new(plain))))?;
        if self.roots.iter().any(|root| path.starts_with(root)) {
            Ok(path)
        } else {
            Err("the location leaves the schemas folder".to_string())
        }
    }

    /// The path as people know it, relative to the jail.
    pub(super) fn relative(&self, path: &Path) -> String {
        let below = self.roots.iter().find_map(|root| path.strip_prefix(root).ok());
        match below {
            Some(below) => below.display().to_string(),
            // The location of the jail itself is nobody's business.
            None => path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
        }
    }
}

impl SchemaLoader for Jailed {
    fn load(&self, location: &str) -> SchemaResult<String> {
        let path = self.inside(location).map_err(SchemaError::resolution)?;
        let unreadable = |why: String| SchemaError::resolution(format!("{}: {why}", self.relative(&path)));
        let length = fs::metadata(&path).map_err(|error| unreadable(crate::model::problem::reason(&error)))?.len();
        if length > MOST {
            return Err(unreadable(format!("a schema document of more than {MOST} bytes")));
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(crate::model::problem::reason(&error)))?;
        let text = xsd_schema::parser::resolver::decode_xml_bytes(bytes)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(message) = read.0.add(&text) {
            let problem = Problem::new(Code::SchemaBroken, message.clone()).at(Place::file(self.relative(&path)));
            read.1 = Some(problem.hint("parts that refer to others twice or more multiply: name each once, with `maxOccurs`"));
            return Err(SchemaError::resolution(message));
        }
        Ok(text)
    }

    fn can_load(&self, location: &str) -> bool {
        // Remote addresses come here too, so that they are refused with a sentence and never fetched.
        !location.starts_with("embedded://")
    }
}
