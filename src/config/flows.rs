//! Flows: one file each.

use std::{cell::RefCell, sync::Arc, time::Duration};

use serde_json::Value as Json;

use super::{
    Changed, Choice, Exists, FilesSource, FilesTarget, Flow, MadeOf, MapDocuments, Numbered, Order, RecordsSource, RenderRecords,
    SameContent, Schedule, Source, Target, Transform, Unusual, answers, choice, files::Files,
};
use crate::{
    format::{self, Limits},
    mapping::{
        Given, Mapping, Template,
        tables::{CodeTable, Tables},
    },
    model::{
        Code, Place, Problem,
        nearest::did_you_mean,
        table::{Entry, Item, Reader},
    },
    odoo::read::Tree,
};

/// The code tables of a workspace, with the partner's own; remembers what was read.
struct CodeTables<'f> {
    files: &'f dyn Files,
    partner: &'f str,
    read: RefCell<MadeOf>,
}

impl Tables for CodeTables<'_> {
    fn table(&self, name: &str) -> Result<CodeTable, Problem> {
        let both = [format!("tables/{name}.csv"), format!("tables/{}/{name}.csv", self.partner)];
        let [common, own] = &both;
        // Where there is neither, the common one is missed.
        let there = both.iter().filter(|file| self.files.has(file) || *file == common && !self.files.has(own));
        let texts = there.map(|file| Ok((file.clone(), self.files.text(file)?))).collect::<Result<Vec<_>, Problem>>()?;
        let mut read = self.read.borrow_mut();
        read.tables.insert(name.to_string(), texts);
        read.table(name)
    }
}

/// The tables of a flow that say where its messages come from and where they go. In the short form, with `direction`, both are the
/// flow's own.
struct Ends<'r> {
    is_inbound: bool,
    source: Option<Reader<'r>>,
    target: Option<Reader<'r>>,
}

impl<'r> Ends<'r> {
    fn of(reader: &Reader<'r>) -> Option<Self> {
        let (source, target) = (reader.table("source"), reader.table("target"));
        let (source, target) = match (source, target) {
            (None, None) => {
                let is_inbound = reader.choice("direction", &["in", "out"]) == "in";
                if reader.node("direction").is_none() {
                    reader.missing("direction");
                }
                return Some(Self { is_inbound, source: None, target: None });
            }
            (Some(source), Some(target)) => (source, target),
            (None, Some(_)) => {
                reader.missing("source");
                return None;
            }
            (Some(_), None) => {
                reader.missing("target");
                return None;
            }
        };
        if let Some(node) = reader.node("direction") {
            reader.bad(node, "`direction` is the short form: with [source] and [target] it is left out".into());
        }
        for table in [&source, &target] {
            if table.node("kind").is_none() {
                table.missing("kind");
            }
        }
        let (from, to) = (source.choice("kind", &["files", "odoo"]), target.choice("kind", &["odoo", "files"]));
        match (from, to) {
            ("files", "odoo") => Some(Self { is_inbound: true, source: Some(source), target: Some(target) }),
            ("odoo", "files") => Some(Self { is_inbound: false, source: Some(source), target: Some(target) }),
            _ => {
                if let Some(node) = target.node("kind") {
                    target.bad(node, format!("a flow goes from files to odoo or from odoo to files, not from {from} to {to}"));
                }
                None
            }
        }
    }

    fn finish(self) {
        self.source.into_iter().chain(self.target).for_each(Reader::finish);
    }
}

/// Reads a flow. `None` when what is missing keeps it from being one; the reason was reported.
pub(super) fn read(reader: &Reader<'_>, id: &str, file: &str, files: &dyn Files) -> Option<Flow> {
    let ends = Ends::of(reader)?;
    let (source, target) = (ends.source.as_ref().unwrap_or(reader), ends.target.as_ref().unwrap_or(reader));
    let schedule = schedule(reader, "schedule", &reader.need_text("schedule"));
    let expect = reader.text("expect").map(|text| self::schedule(reader, "expect", &text));
    let partner = reader.need_text("partner");
    let (about, enabled) = (reader.text("about").unwrap_or_default(), reader.boolean("enabled").unwrap_or(true));
    let schema_from = reader.text("schema_from");
    let odoo = odoo(if ends.is_inbound { target } else { source }, files);
    let (schema, source, transform, target) = if ends.is_inbound {
        let answer = answers::returned(reader, files, values(reader)).map(Arc::new);
        // Both are read before either is given up, so that all mistakes are reported at once.
        let (map, files) = (map(reader, files, &partner), files_source(source, answer));
        let ((schema, map), files) = (map?, files?);
        (schema, Source::Files(Box::new(files)), Transform::Map(Box::new(map)), Target::Odoo)
    } else {
        let schema = reader.need_text("schema");
        let to = files_target(reader, target);
        let records = outbound(reader, source, ends.source.is_none(), files, &partner);
        let ((records, render), to) = (records?, to?);
        (schema, Source::Records(Box::new(records)), Transform::Render(Box::new(render)), Target::Files(Box::new(to)))
    };
    ends.finish();
    let (id, file) = (id.to_string(), file.to_string());
    Some(Flow { id, file, about, enabled, partner, odoo, schema, schema_from, schedule, expect, source, transform, target })
}

/// The name of the Odoo that a flow works with; empty for the one of `[odoo]`.
fn odoo(table: &Reader<'_>, files: &dyn Files) -> String {
    let name = table.text("odoo").unwrap_or_default();
    let known = files.odoos();
    if !name.is_empty() && !known.contains(&name.as_str()) {
        let hint = did_you_mean(&name, known).unwrap_or_else(|| format!("consign.toml needs a table [odoos.{name}]"));
        let problem = Problem::new(Code::ConfigUnknownName, format!("there is no Odoo `{name}`"));
        table.report(problem.at(table.place_of("odoo")).hint(hint));
    }
    name
}

fn schedule(reader: &Reader<'_>, key: &str, text: &str) -> Schedule {
    let zone = reader.text("zone");
    Schedule::parse(text, zone.as_deref()).unwrap_or_else(|message| {
        if !text.is_empty() {
            reader.report(Problem::new(Code::Schedule, message).at(reader.place_of(key)));
        }
        Schedule::Manual
    })
}

/// Files of a partner, as the table says that has the keys of the source.
fn files_source(table: &Reader<'_>, answer: Option<Arc<answers::Returned>>) -> Option<FilesSource> {
    super::contained::check(table, "folder");
    let folder = table.need_text("folder");
    let format = format::configured(table)?;
    let mut limits = Limits::default();
    match (table.integer("max_bytes").map(u64::try_from), table.node("max_bytes")) {
        (Some(Ok(bytes @ 1..)), _) => limits.bytes = bytes,
        (Some(_), Some(node)) => table.bad(node, "`max_bytes` is a number from 1".into()),
        _ => {}
    }
    let same_content = match table.choice("same_content", &["hold", "process", "skip"]) {
        "process" => SameContent::Process,
        "skip" => SameContent::Skip,
        _ => SameContent::Hold,
    };
    let unpack = table.texts("unpack").unwrap_or_default();
    let patterns = table.texts("files").unwrap_or_else(|| {
        let zips = if unpack.is_empty() { None } else { Some("*.zip") };
        std::iter::once(format.usual_files()).chain(zips).map(str::to_string).collect()
    });
    let settle = table.duration("settle").unwrap_or(Duration::from_secs(5));
    let unusual = |key: &str, allowed: &[&'static str]| match table.choice(key, allowed) {
        "reject" => Unusual::Reject,
        "accept" => Unusual::Accept,
        _ => Unusual::Hold,
    };
    let (empty, large) = (unusual("empty", &["hold", "reject", "accept"]), unusual("large", &["hold", "reject"]));
    // A flow that does not wait for a file to stand still does not wait for its end either, unless it says so.
    let cut = table.duration("cut").unwrap_or(if settle.is_zero() { Duration::ZERO } else { Duration::from_secs(600) });
    let order = if table.choice("order", &["time", "name"]) == "name" { Order::Name } else { Order::Time };
    let marker = marker(table);
    let sequence = table.text("sequence").and_then(|text| {
        let numbered = Numbered::parse(&text);
        if let (None, Some(node)) = (&numbered, table.node("sequence")) {
            table.bad(node, "`sequence` is a file's name with its number, as in `ORD_{number}.xml`, and * for the rest".into());
        }
        numbered
    });
    let ignore = table.texts("ignore").unwrap_or_default();
    Some(FilesSource {
        folder,
        patterns,
        ignore,
        marker,
        unpack,
        empty,
        large,
        cut,
        order,
        sequence,
        format,
        settle,
        same_content,
        limits,
        answer,
    })
}

/// The first of a flow's schemas, and how its documents become a plan.
fn map(reader: &Reader<'_>, files: &dyn Files, partner: &str) -> Option<(String, MapDocuments)> {
    let schema = reader.text("schema");
    let mut schemas = choice::schemas(reader);
    if let (Some(node), false) = (reader.node("schema"), schemas.is_empty()) {
        reader.bad(node, "a flow has either `schema` or [[schemas]]".into());
    }
    let envelope = choice::envelope(reader);
    let given = Given { partner: files.partner(partner), values: values(reader) };
    let partial = reader.boolean("partial").unwrap_or(false);
    let name = reader.need_text("mapping");
    let text = text(reader, files, "mapping", &name)?;
    let tables = CodeTables { files, partner, read: RefCell::default() };
    let mapping = match Mapping::parse(&text, &name, &tables) {
        Ok(mapping) => mapping,
        Err(problems) => {
            problems.into_iter().for_each(|problem| reader.report(problem));
            return None;
        }
    };
    for (value, line, column) in mapping.flow_values().into_iter().filter(|(value, ..)| !given.values.contains_key(value)) {
        let text = format!("the mapping takes `{value}` from the flow {}, whose `values` do not have it", reader.file());
        reader.report(Problem::new(Code::ConfigUnknownName, text).at(Place::at(&name, line, column)));
    }
    if let (true, None, Some(node)) = (partial, mapping.unit(), reader.node("partial")) {
        let text = "records of this mapping cannot be refused one by one: each must be made of an element of its own below the root";
        reader.bad(node, text.into());
    }
    if let (true, Some(_), Some(node)) = (partial, &envelope, reader.node("partial")) {
        let text = "records of documents in an envelope cannot be refused one by one: what is left would not be such a file";
        reader.bad(node, text.into());
    }
    if schemas.is_empty() {
        schemas.push(Choice::always(schema.unwrap_or_else(|| mapping.document.clone())));
    }
    let first = schemas.first().map(|choice| choice.schema.clone()).unwrap_or_default();
    let made_of = MadeOf { mapping: name, text, partner: given.partner.clone(), values: given.values.clone(), ..tables.read.into_inner() };
    Some((first, MapDocuments { schemas, envelope, mapping, given, made_of, partial }))
}

fn marker(reader: &Reader<'_>) -> Option<String> {
    let marker = reader.text("marker")?;
    let names_file = marker.contains("{name}") || marker.contains("{stem}");
    let Some(node) = reader.node("marker").filter(|_| !names_file || marker.contains('/') || marker == "{name}") else {
        return Some(marker);
    };
    reader.bad(node, "`marker` is the name of a file beside each, as in `{name}.done` or `{stem}.ok`".into());
    None
}

/// Files for a partner, as the table says that has the keys of the target.
fn files_target(reader: &Reader<'_>, table: &Reader<'_>) -> Option<FilesTarget> {
    super::contained::check(table, "folder");
    let folder = table.need_text("folder");
    let text = table.need_text("name");
    let place = table.place_of("name");
    let name = report(table, Template::parse(&text, "name", false).map_err(|problem| problem.at(place)));
    let temporary = table.text("temporary").unwrap_or_else(|| ".*.part".into());
    let leaves = crate::transport::contained(&temporary).is_err();
    let temporary = match temporary.split_once('*').filter(|_| !leaves) {
        Some((before, after)) if !(before.is_empty() && after.is_empty()) => (before.to_string(), after.to_string()),
        _ => {
            if let Some(node) = table.node("temporary") {
                table.bad(node, "`temporary` shows where the name stands, as in `.*.part` or `uploading/*`".into());
            }
            (".".into(), ".part".into())
        }
    };
    let exists = match table.choice("exists", &["fail", "replace", "number"]) {
        "replace" => Exists::Replace,
        "number" => Exists::Number,
        _ => Exists::Fail,
    };
    let (sequence, pickup, answer) = (whole(table, "sequence", 0), table.duration("pickup"), answers::awaited(reader));
    Some(FilesTarget { folder, name: name?, temporary, exists, sequence, pickup, answer })
}

/// A whole number, not below `least`.
fn whole(table: &Reader<'_>, key: &str, least: i64) -> Option<i64> {
    let number = table.integer(key)?;
    if number >= least {
        return Some(number);
    }
    if let Some(node) = table.node(key) {
        table.bad(node, format!("`{key}` is a number from {least}"));
    }
    None
}

fn outbound(
    reader: &Reader<'_>,
    source: &Reader<'_>,
    is_short: bool,
    files: &dyn Files,
    partner: &str,
) -> Option<(RecordsSource, RenderRecords)> {
    let file = reader.need_text("template");
    let body = text(reader, files, "template", &file)?;
    let template = report(reader, Template::parse(&body, &file, true));
    let note = source.text("note").and_then(|note| {
        let place = source.place_of("note");
        report(source, Template::parse(&note, "note", false).map_err(|problem| problem.at(place)))
    });
    let per_file = whole(source, "per_file", 1).and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
    // In the short form the records stand in a table of their own.
    let table = if is_short { source.table("read") } else { None };
    if is_short && table.is_none() {
        source.missing("read");
        return None;
    }
    let read = table.as_ref().unwrap_or(source);
    let model = read.need_text("model");
    let mut domain = read.list("domain").unwrap_or_default();
    let (given, own) = (files.partner(partner), values(reader));
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
        Some(Item::List(nodes)) => nodes.iter().zip(&paths).map(|(node, path)| (path.clone(), node.line, node.column)).collect(),
        _ => Vec::new(),
    };
    let cursor = read.choice("cursor", &["none", "write_date"]) == "write_date";
    let changed = match read.choice("changed", &["ignore", "resend", "report"]) {
        "resend" => Changed::Resend,
        "report" => Changed::Report,
        _ => Changed::Ignore,
    };
    if let Some(table) = table {
        table.finish();
    }
    let numbers = numbers(reader, &paths);
    let fields = Tree::new(paths.iter().map(String::as_str));
    let records = RecordsSource { model, domain, cursor, changed, fields, field_places, numbers, per_file, note };
    Some((records, RenderRecords { values: values(reader), template: template? }))
}

/// Fields that the messages of an outbound flow are found by; they must be among those that are read.
fn numbers(reader: &Reader<'_>, read: &[String]) -> Vec<(String, String)> {
    let Some(table) = reader.table("numbers") else { return Vec::new() };
    let number = |entry: &Entry| match &entry.node.item {
        Item::Text(path) if read.contains(path) => Some((entry.key.clone(), path.clone())),
        Item::Text(path) => {
            let text = format!("`{path}` is not among the `fields` that are read");
            let hint = did_you_mean(path, read.iter().map(String::as_str));
            table.report(Problem::new(Code::ConfigUnknownName, text).at(table.place(&entry.node)).maybe_hint(hint));
            None
        }
        _ => {
            table.bad(&entry.node, format!("`{}` takes the path of a field", entry.key));
            None
        }
    };
    table.free().iter().filter_map(number).collect()
}

/// Fixed values for mappings and templates.
fn values(reader: &Reader<'_>) -> serde_json::Map<String, Json> {
    match reader.node("values").map(crate::model::table::Node::json) {
        Some(Json::Object(values)) => values,
        _ => serde_json::Map::new(),
    }
}

fn text(reader: &Reader<'_>, files: &dyn Files, key: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    match files.text(path) {
        Ok(text) => Some(text),
        Err(problem) => {
            reader.report(problem.at(reader.place_of(key)));
            None
        }
    }
}

fn report<T>(reader: &Reader<'_>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|problem| reader.report(problem)).ok()
}
