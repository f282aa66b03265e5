//! References, lines and sets.

use serde_json::Value as Json;

use super::Parser;
use crate::{
    mapping::rules::{FindRule, LinesRule, SetRule},
    model::{
        plan::{MissingLines, OnAmbiguous, OnMissing},
        toml_reader::{TomlItem, TomlNode, TomlReader},
    },
};

/// The fields whose values the terms of a scope take: `["parent_id", "=", { field = "partner_id" }]`.
pub(super) fn scope_fields(scope: &[Json]) -> impl Iterator<Item = &str> {
    scope.iter().filter_map(|term| term.get(2)?.get("field")?.as_str())
}

impl<'n> Parser<'n> {
    pub(super) fn find(&self, reader: &TomlReader<'n>, node: &'n TomlNode) -> FindRule {
        let mut by = Vec::new();
        match reader.table("by") {
            Some(keys) => {
                for entry in keys.free() {
                    by.push((entry.key.clone(), self.nested(&keys, &entry.key, &entry.node)));
                }
            }
            None => reader.missing("by"),
        }
        if let (true, Some(node)) = (by.is_empty(), reader.node("by")) {
            reader.bad(node, "`by` must name at least one field and the source of its value".into());
        }
        let none = match reader.choice("on_missing", &["fail", "hold", "empty", "create"]) {
            "hold" => OnMissing::Hold,
            "empty" => OnMissing::Empty,
            "create" => OnMissing::Create,
            _ => OnMissing::Fail,
        };
        let many = match reader.choice("many", &["fail", "hold", "first"]) {
            "hold" => OnAmbiguous::Hold,
            "first" => OnAmbiguous::First,
            _ => OnAmbiguous::Fail,
        };
        let create = reader.table("create").map(|table| self.fields(&table, false)).unwrap_or_default();
        match (none, create.is_empty()) {
            (OnMissing::Create, true) => reader.missing("create"),
            (OnMissing::Create, false) | (_, true) => {}
            (_, false) => {
                if let Some(node) = reader.node("create") {
                    reader.bad(node, "`create` needs on_missing = \"create\"".into());
                }
            }
        }
        FindRule {
            model: reader.need_text("find"),
            by,
            scope: reader.list("scope").unwrap_or_default(),
            archived: reader.boolean("archived").unwrap_or(false),
            on_missing: none,
            many,
            create,
            line: node.line,
            column: node.column,
        }
    }

    pub(super) fn set(&self, reader: &TomlReader<'n>, node: &'n TomlNode) -> SetRule {
        let each = self.path_of(reader, "each");
        let add = reader.choice("set", &["replace", "add"]) == "add";
        SetRule { each, add, find: self.find(reader, node) }
    }

    pub(super) fn lines(&self, reader: &TomlReader<'n>) -> LinesRule {
        let gone = match reader.choice("missing_lines", &["keep", "remove", "archive"]) {
            "remove" => MissingLines::Remove,
            "archive" => MissingLines::Archive,
            _ => MissingLines::Keep,
        };
        let identity = reader.texts("identity").unwrap_or_default();
        if let (Some(node), true) = (reader.node("missing_lines"), identity.is_empty() && gone != MissingLines::Keep) {
            reader.bad(node, "`missing_lines` needs an `identity`: without one, a missing line cannot be recognised".into());
        }
        let known_only = reader.choice("new", &["add", "fail"]) == "fail";
        let fields = reader.table("fields").map(|table| self.fields(&table, true)).unwrap_or_default();
        if let (true, None | Some(TomlNode { item: TomlItem::Table(_), .. })) = (fields.is_empty(), reader.node("fields")) {
            reader.missing("fields");
        }
        LinesRule { each: self.path_of(reader, "each"), model: reader.text("model"), identity, missing_lines: gone, known_only, fields }
    }
}
