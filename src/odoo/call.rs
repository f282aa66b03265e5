//! One call to Odoo, as data that every dialect can serialise.

use serde_json::{Map, Value as Json};

/// A method call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Model.
    pub model: String,
    /// Method.
    pub method: String,
    /// Records on which it is called; `None` for methods of the model.
    pub ids: Option<Vec<i64>>,
    /// Arguments by name, in the method's own order.
    pub args: Vec<(&'static str, Json)>,
    /// Odoo context.
    pub context: Map<String, Json>,
    /// Whether it changes nothing, though its method could.
    pub looks: bool,
}

/// Methods that change nothing.
const READS: [&str; 9] =
    ["context_get", "default_get", "fields_get", "name_search", "read", "read_group", "search", "search_count", "search_read"];

impl Call {
    /// A call on the model.
    pub fn model(model: &str, method: &str) -> Self {
        Self {
            model: model.into(),
            method: method.into(),
            ids: None,
            args: Vec::new(),
            context: Map::new(),
            looks: READS.contains(&method),
        }
    }

    /// A call on records.
    pub fn records(model: &str, method: &str, ids: &[i64]) -> Self {
        Self { ids: Some(ids.to_vec()), ..Self::model(model, method) }
    }

    /// The same call with another argument.
    pub fn arg(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// The same call as one that changes nothing: Odoo rolls it back.
    pub fn that_looks(mut self) -> Self {
        self.looks = true;
        self
    }

    /// The same call with a context.
    pub fn context(mut self, context: &Map<String, Json>) -> Self {
        self.context.extend(context.clone());
        self
    }

    /// Arguments for the dialects with positional arguments: ids, then those that Odoo accepts only by position, or whose name has changed
    /// (`default_get`).
    pub(super) fn positional(&self) -> (Vec<Json>, Map<String, Json>) {
        let mut positional: Vec<Json> = self.ids.iter().map(|ids| Json::from(ids.clone())).collect();
        let mut named = Map::new();
        for (name, value) in &self.args {
            if matches!((self.method.as_str(), *name), ("create", "vals_list") | ("write", "vals") | ("default_get", "fields")) {
                positional.push(value.clone());
            } else {
                named.insert((*name).to_string(), value.clone());
            }
        }
        if !self.context.is_empty() {
            named.insert("context".into(), Json::Object(self.context.clone()));
        }
        (positional, named)
    }

    /// All arguments by name, as JSON-2 requires.
    pub(super) fn named(&self) -> Map<String, Json> {
        let mut named: Map<String, Json> = self.args.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect();
        if let Some(ids) = &self.ids {
            named.insert("ids".into(), Json::from(ids.clone()));
        }
        if !self.context.is_empty() {
            named.insert("context".into(), Json::Object(self.context.clone()));
        }
        named
    }
}
