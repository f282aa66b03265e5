//! Flows: one file each.

use std::{cell::RefCell, sync::Arc, time::Duration};

use serde_json::{Map, Value as Json};

use super::{
    Changed, Choice, Exists, Flow, InFlow, MadeOf, Numbered, Order, OutFlow, SameContent, Schedule, Unusual, Work, answers, choice,
    files::Files,
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

/// Reads a flow. `None` when what is missing keeps it from being one; the reason was reported.
pub(super) fn read(reader: &Reader<'_>, id: &str, file: &str, files: &dyn Files) -> Option<Flow> {
    let direction = reader.choice("direction", &["in", "out"]);
    if reader.node("direction").is_none() {
        reader.missing("direction");
    }
    let schedule = schedule(reader, "schedule", &reader.need_text("schedule"));
    let expect = reader.text("expect").map(|text| self::schedule(reader, "expect", &text));
    super::contained::check(reader, "folder");
    let common = (
        reader.need_text("partner"),
        reader.need_text("folder"),
        reader.text("about").unwrap_or_default(),
        reader.boolean("enabled").unwrap_or(true),
    );
    let schema_from = reader.text("schema_from");
    let odoo = reader.text("odoo").unwrap_or_default();
    let (schema, work) = if direction == "in" {
        let (schema, flow) = inbound(reader, files, &common.0)?;
        (schema, Work::In(Box::new(flow)))
    } else {
        let schema = reader.need_text("schema");
        (schema, Work::Out(Box::new(outbound(reader, files, &common.0)?)))
    };
    let (partner, folder, about, enabled) = common;
    Some(Flow {
        id: id.to_string(),
        file: file.to_string(),
        about,
        enabled,
        partner,
        odoo,
        folder,
        schema,
        schema_from,
        schedule,
        expect,
        work,
    })
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

fn inbound(reader: &Reader<'_>, files: &dyn Files, partner: &str) -> Option<(String, InFlow)> {
    let format = format::configured(reader)?;
    let mut limits = Limits::default();
    match (reader.integer("max_bytes").map(u64::try_from), reader.node("max_bytes")) {
        (Some(Ok(bytes @ 1..)), _) => limits.bytes = bytes,
        (Some(_), Some(node)) => reader.bad(node, "`max_bytes` is a number from 1".into()),
        _ => {}
    }
    let same_content = match reader.choice("same_content", &["hold", "process", "skip"]) {
        "process" => SameContent::Process,
        "skip" => SameContent::Skip,
        _ => SameContent::Hold,
    };
    let unpack = reader.texts("unpack").unwrap_or_default();
    let files_wanted = reader.texts("files").unwrap_or_else(|| {
        let zips = if unpack.is_empty() { None } else { Some("*.zip") };
        std::iter::once(format.usual_files()).chain(zips).map(str::to_string).collect()
    });
    let settle = reader.duration("settle").unwrap_or(Duration::from_secs(5));
    let unusual = |key: &str, allowed: &[&'static str]| match reader.choice(key, allowed) {
        "reject" => Unusual::Reject,
        "accept" => Unusual::Accept,
        _ => Unusual::Hold,
    };
    let (empty, large) = (unusual("empty", &["hold", "reject", "accept"]), unusual("large", &["hold", "reject"]));
    // A flow that does not wait for a file to stand still does not wait for its end either, unless it says so.
    let cut = reader.duration("cut").unwrap_or(if settle.is_zero() { Duration::ZERO } else { Duration::from_secs(600) });
    let order = if reader.choice("order", &["time", "name"]) == "name" { Order::Name } else { Order::Time };
    let marker = marker(reader);
    let sequence = reader.text("sequence").and_then(|text| {
        let numbered = Numbered::parse(&text);
        if let (None, Some(node)) = (&numbered, reader.node("sequence")) {
            reader.bad(node, "`sequence` is a file's name with its number, as in `ORD_{number}.xml`, and * for the rest".into());
        }
        numbered
    });
    let ignore = reader.texts("ignore").unwrap_or_default();
    let schema = reader.text("schema");
    let mut schemas = choice::schemas(reader);
    if let (Some(node), false) = (reader.node("schema"), schemas.is_empty()) {
        reader.bad(node, "a flow has either `schema` or [[schemas]]".into());
    }
    let envelope = choice::envelope(reader);
    let given = Given { partner: files.partner(partner), values: values(reader) };
    let partial = reader.boolean("partial").unwrap_or(false);
    let answer = answers::returned(reader, files, values(reader)).map(Arc::new);
    let name = reader.need_text("mapping");
    let text = text(reader, files, "mapping", &name)?;
    let tables = CodeTables { files, partner, read: RefCell::default() };
    match Mapping::parse(&text, &name, &tables) {
        Ok(mapping) => {
            for (value, line, column) in mapping.flow_values().into_iter().filter(|(value, ..)| !given.values.contains_key(value)) {
                let text = format!("the mapping takes `{value}` from the flow {}, whose `values` do not have it", reader.file());
                reader.report(Problem::new(Code::ConfigUnknownName, text).at(Place::at(&name, line, column)));
            }
            if let (true, None, Some(node)) = (partial, mapping.unit(), reader.node("partial")) {
                let text =
                    "records of this mapping cannot be refused one by one: each must be made of an element of its own below the root";
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
            let files = files_wanted;
            let made_of =
                MadeOf { mapping: name, text, partner: given.partner.clone(), values: given.values.clone(), ..tables.read.into_inner() };
            let flow = InFlow {
                files,
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
                schemas,
                envelope,
                mapping,
                given,
                made_of,
                partial,
                answer,
            };
            Some((first, flow))
        }
        Err(problems) => {
            problems.into_iter().for_each(|problem| reader.report(problem));
            None
        }
    }
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

fn outbound(reader: &Reader<'_>, files: &dyn Files, partner: &str) -> Option<OutFlow> {
    let file = reader.need_text("template");
    let body = text(reader, files, "template", &file)?;
    let template = report(reader, Template::parse(&body, &file, true));
    let name_text = reader.need_text("name");
    let place = reader.place_of("name");
    let name = report(reader, Template::parse(&name_text, "name", false).map_err(|problem| problem.at(place)));
    let note = reader.text("note").and_then(|note| {
        let place = reader.place_of("note");
        report(reader, Template::parse(&note, "note", false).map_err(|problem| problem.at(place)))
    });
    let temporary = reader.text("temporary").unwrap_or_else(|| ".*.part".into());
    let leaves = crate::transport::contained(&temporary).is_err();
    let temporary = match temporary.split_once('*').filter(|_| !leaves) {
        Some((before, after)) if !(before.is_empty() && after.is_empty()) => (before.to_string(), after.to_string()),
        _ => {
            if let Some(node) = reader.node("temporary") {
                reader.bad(node, "`temporary` shows where the name stands, as in `.*.part` or `uploading/*`".into());
            }
            (".".into(), ".part".into())
        }
    };
    let exists = match reader.choice("exists", &["fail", "replace", "number"]) {
        "replace" => Exists::Replace,
        "number" => Exists::Number,
        _ => Exists::Fail,
    };
    let whole = |key: &str, least: i64| {
        let number = reader.integer(key)?;
        if number >= least {
            return Some(number);
        }
        if let Some(node) = reader.node(key) {
            reader.bad(node, format!("`{key}` is a number from {least}"));
        }
        None
    };
    let per_file = whole("per_file", 1).and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
    let sequence = whole("sequence", 0);
    let pickup = reader.duration("pickup");
    let answer = answers::awaited(reader);
    let Some(read) = reader.table("read") else {
        reader.missing("read");
        return None;
    };
    let model = read.need_text("model");
    let mut domain = read.list("domain").unwrap_or_default();
    let (given, own) = (files.partner(partner), values(reader));
    for value in domain.iter_mut().filter_map(|term| term.get_mut(2)) {
        let of = |key: &str, all: &Map<String, Json>| value.get(key).and_then(Json::as_str).and_then(|name| all.get(name)).cloned();
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
    read.finish();
    let numbers = numbers(reader, &paths);
    let values = values(reader);
    Some(OutFlow {
        model,
        domain,
        cursor,
        changed,
        fields: Tree::new(paths.iter().map(String::as_str)),
        field_places,
        numbers,
        values,
        template: template?,
        name: name?,
        temporary,
        exists,
        per_file,
        sequence,
        pickup,
        note,
        answer,
    })
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
fn values(reader: &Reader<'_>) -> Map<String, Json> {
    match reader.node("values").map(crate::model::table::Node::json) {
        Some(Json::Object(values)) => values,
        _ => Map::new(),
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
