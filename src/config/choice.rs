//! Which schema validates a document, and where it is in its envelope.

use crate::{
    format::within::ElementPath,
    model::{
        pattern::fits,
        shape::WhiteSpace,
        toml_reader::{TomlItem, TomlReader},
    },
};

/// A schema and its documents. The first that fits is used.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Schema, relative to `schemas/`.
    pub schema: String,
    /// Local name of the root element.
    pub root: Option<String>,
    /// Namespace of the root element.
    pub namespace: Option<String>,
    /// A path whose value decides.
    pub path: Option<ElementPath>,
    /// Values of the path, with `*` and `?`.
    pub is: Vec<String>,
}

impl Choice {
    /// A schema for every document.
    pub fn always(schema: String) -> Self {
        Self { schema, ..Self::default() }
    }

    /// Whether it fits every document.
    pub fn is_for_all(&self) -> bool {
        self.root.is_none() && self.namespace.is_none() && self.path.is_none()
    }

    /// Whether it fits a document with this root; `value` returns the values of paths, with white space collapsed.
    pub fn fits(&self, namespace: &str, root: &str, value: &dyn Fn(&ElementPath) -> Option<String>) -> bool {
        let fits = |is: &str, value: &str| fits(&WhiteSpace::Collapse.of(is), value);
        let path_fits =
            |path: &ElementPath| value(path).is_some_and(|value| self.is.is_empty() || self.is.iter().any(|is| fits(is, &value)));
        self.root.as_ref().is_none_or(|wanted| wanted == root)
            && self.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
            && self.path.as_ref().is_none_or(path_fits)
    }
}

/// An envelope around the documents of a flow.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Where the documents are in it.
    pub payload: ElementPath,
    /// Its own schema, relative to `schemas/`.
    pub schema: Option<String>,
}

/// Reads `[[schemas]]`.
pub(super) fn schemas(reader: &TomlReader<'_>) -> Vec<Choice> {
    let Some(node) = reader.node("schemas") else { return Vec::new() };
    let TomlItem::List(items) = &node.item else {
        reader.bad(node, "`schemas` is a list of tables: write [[schemas]] above each".into());
        return Vec::new();
    };
    let mut choices = Vec::new();
    for item in items {
        let table = reader.inner(item, "schemas");
        let is = table.texts("is").unwrap_or_default();
        let path = table.text("path").and_then(|text| steps(&table, "path", &text));
        if table.node("path").is_none() && !is.is_empty() {
            table.missing("path");
        }
        choices.push(Choice { schema: table.need_text("schema"), root: table.text("root"), namespace: table.text("namespace"), path, is });
        table.finish();
    }
    choices
}

/// Reads `[envelope]`.
pub(super) fn envelope(reader: &TomlReader<'_>) -> Option<Envelope> {
    let table = reader.table("envelope")?;
    let text = table.need_text("payload");
    let payload = steps(&table, "payload", &text);
    let schema = table.text("schema");
    table.finish();
    payload.map(|payload| Envelope { payload, schema })
}

fn steps(table: &TomlReader<'_>, key: &str, text: &str) -> Option<ElementPath> {
    match ElementPath::parse(text) {
        Ok(steps) => Some(steps),
        Err(message) => {
            if let (Some(node), false) = (table.node(key), text.is_empty()) {
                table.bad(node, message);
            }
            None
        }
    }
}
