//! Secrets come from the environment or from a file, never from the configuration itself.

use std::path::{Path, PathBuf};

use crate::model::{
    Code, Problem, foreign,
    toml_reader::{TomlItem, TomlReader},
};

/// Where a secret is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file, relative to the workspace unless absolute; line ends at its end are dropped.
    File(PathBuf),
}

impl SecretSource {
    /// Reads it.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be read; the problem names the place, never the value.
    pub fn open(&self, root: &Path) -> Result<String, Problem> {
        let secret = self.read(root)?;
        foreign::know(&secret);
        Ok(secret)
    }

    fn read(&self, root: &Path) -> Result<String, Problem> {
        match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                Problem::new(Code::ConfigSecret, format!("the environment variable {name} is not set"))
                    .hint(format!("set {name} for the user that runs consign"))
            }),
            Self::File(path) => match std::fs::read_to_string(root.join(path)) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_string()),
                Err(error) => Err(Problem::new(
                    Code::ConfigSecret,
                    format!("the secret file {} cannot be read ({})", path.display(), crate::model::problem::reason(&error)),
                )),
            },
        }
    }
}

/// Reads `key = { env = "…" }` or `{ file = "…" }`.
pub(super) fn read(reader: &TomlReader<'_>, key: &str) -> Option<SecretSource> {
    let node = reader.node(key)?;
    if !matches!(node.item, TomlItem::Table(_)) {
        // The value itself is not repeated: it may be the secret.
        reader.report(
            Problem::new(Code::ConfigBadValue, format!("`{key}` is a secret and must not be in the configuration"))
                .at(reader.place(node))
                .hint(format!("write {key} = {{ env = \"NAME\" }} or {key} = {{ file = \"path\" }}")),
        );
        return None;
    }
    let inner = reader.inner(node, key);
    let source = match (inner.text("env"), inner.text("file")) {
        (Some(name), None) => Some(SecretSource::Env(name)),
        (None, Some(path)) => Some(SecretSource::File(path.into())),
        _ => {
            inner.bad(node, format!("`{key}` needs either `env` or `file`"));
            None
        }
    };
    inner.finish();
    source
}
