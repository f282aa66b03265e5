//! The settings of Odoo records to send.

use serde_json::Value as Json;

use super::{
    endpoints::{OnRecordChange, RecordsSource},
    kinds::SourceSettings,
    reading::{Reading, report, values, whole},
};
use crate::{
    mapping::Template,
    model::{
        Code, Problem,
        nearest::did_you_mean,
        toml_reader::{TomlEntry, TomlItem, TomlReader},
    },
    odoo::read::Tree,
};

impl SourceSettings for RecordsSource {}

/// The settings of Odoo records, in the source's table.
pub fn read_source(reading: &Reading<'_>) -> Option<Box<dyn SourceSettings>> {
    let (reader, source, is_short) = (reading.flow, reading.table, reading.is_short);
    let note = source.text("note").and_then(|note| {
        let place = source.place_of("note");
        report(source, Template::parse(&note, "note", false).map_err(|problem| problem.at(place)))
    });
    let per_file = whole(source, "per_file", 1).and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
    // In the short form the records have their own table.
    let table = if is_short { source.table("read") } else { None };
    if is_short && table.is_none() {
        source.missing("read");
        return None;
    }
    let read = table.as_ref().unwrap_or(source);
    let model = read.need_text("model");
    let mut domain = read.list("domain").unwrap_or_default();
    let (given, own) = (reading.files.partner(reading.partner), values(reader));
    for value in domain.iter_mut().filter_map(|term| term.get_mut(2)) {
        let of =
            |key: &str, all: &serde_json::Map<String, Json>| value.get(key).and_then(Json::as_str).and_then(|name| all.get(name)).cloned();
        if let Some(known) = of("partner", &given).or_else(|| of("flow", &own)) {
            *value = known;
        }
    }
    let paths = read.texts("fields").unwrap_or_default();
    if paths.is_empty() {
        read.missing("fields");
    }
    let field_places = match read.node("fields").map(|node| &node.item) {
        Some(TomlItem::List(nodes)) => nodes.iter().zip(&paths).map(|(node, path)| (path.clone(), node.line, node.column)).collect(),
        _ => Vec::new(),
    };
    let cursor = read.choice("cursor", &["none", "write_date"]) == "write_date";
    let changed = match read.choice("on_change", &["ignore", "resend", "report"]) {
        "resend" => OnRecordChange::Resend,
        "report" => OnRecordChange::Report,
        _ => OnRecordChange::Ignore,
    };
    if let Some(table) = table {
        table.finish();
    }
    let numbers = numbers(reader, &paths);
    let fields = Tree::new(paths.iter().map(String::as_str));
    Some(Box::new(RecordsSource { model, domain, cursor, changed, fields, field_places, numbers, per_file, note }))
}

/// The reference fields of an outbound flow's messages; they must be among the fields that it reads.
fn numbers(reader: &TomlReader<'_>, read: &[String]) -> Vec<(String, String)> {
    let Some(table) = reader.table("numbers") else { return Vec::new() };
    let number = |entry: &TomlEntry| match &entry.node.item {
        TomlItem::Text(path) if read.contains(path) => Some((entry.key.clone(), path.clone())),
        TomlItem::Text(path) => {
            let text = format!("`{path}` is not one of the `fields` that the flow reads");
            let hint = did_you_mean(path, read.iter().map(String::as_str));
            table.report(Problem::new(Code::ConfigUnknownName, text).at(table.place(&entry.node)).maybe_hint(hint));
            None
        }
        _ => {
            table.bad(&entry.node, format!("`{}` must be the path of a field", entry.key));
            None
        }
    };
    table.free().iter().filter_map(number).collect()
}
