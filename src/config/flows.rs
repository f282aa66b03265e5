//! Flows: one file each.

use std::cell::RefCell;

use super::{
    Choice, Documents, Flow, Kinds, MapDocuments, MappingSnapshot, OnUnusualFile, Reading, RenderRecords, SameContent, Schedule,
    SourceKind, TargetKind, Transform, answers, choice,
    kinds::{Gives, Takes},
    reading::{report, text, values, whole},
    workspace_files::WorkspaceFiles,
};
use crate::{
    format::{self, Limits},
    mapping::{
        Given, Mapping, Template,
        tables::{CodeTable, Tables},
    },
    model::{Code, Place, Problem, nearest::did_you_mean, toml_reader::TomlReader},
};

/// The code tables of a workspace, with the partner's own; stores what it has read.
struct CodeTables<'f> {
    files: &'f dyn WorkspaceFiles,
    partner: &'f str,
    read: RefCell<MappingSnapshot>,
}

impl Tables for CodeTables<'_> {
    fn table(&self, name: &str) -> Result<CodeTable, Problem> {
        let both = [format!("tables/{name}.csv"), format!("tables/{}/{name}.csv", self.partner)];
        let [common, own] = &both;
        // If both are missing, the common one is reported.
        let there = both.iter().filter(|file| self.files.has(file) || *file == common && !self.files.has(own));
        let texts = there.map(|file| Ok((file.clone(), self.files.text(file)?))).collect::<Result<Vec<_>, Problem>>()?;
        let mut read = self.read.borrow_mut();
        read.tables.insert(name.to_string(), texts);
        read.table(name)
    }
}

/// The tables of a flow's source and target. In the short form, with `direction`, both are the flow's own table.
struct Ends<'r> {
    from: SourceKind,
    to: TargetKind,
    source: Option<TomlReader<'r>>,
    target: Option<TomlReader<'r>>,
}

impl<'r> Ends<'r> {
    fn of(reader: &TomlReader<'r>, kinds: &Kinds) -> Option<Self> {
        let (from, to) = match (reader.table("source"), reader.table("target")) {
            (None, None) => return Self::short(reader, kinds),
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
            reader.bad(node, "`direction` is the short form: remove it, or [source] and [target]".into());
        }
        for table in [&from, &to] {
            if table.node("kind").is_none() {
                table.missing("kind");
            }
        }
        let sources: Vec<&'static str> = kinds.sources.iter().map(|kind| kind.name).collect();
        let targets: Vec<&'static str> = kinds.targets.iter().map(|kind| kind.name).collect();
        let (source, target) = (from.choice("kind", &sources), to.choice("kind", &targets));
        let source = kinds.sources.iter().find(|kind| kind.name == source).copied()?;
        let target = kinds.targets.iter().find(|kind| kind.name == target).copied()?;
        let fits = |target: &TargetKind| match (source.gives, target.takes) {
            (Gives::Documents, Takes::Documents) => target.passes_on,
            (Gives::Records, Takes::Plans) => false,
            _ => true,
        };
        if let (false, Some(node)) = (fits(&target), to.node("kind")) {
            let possible: Vec<&str> = kinds.targets.iter().filter(|kind| fits(kind)).map(|kind| kind.name).collect();
            let text = format!("a flow cannot go from {0} to {1}; from {0} it goes to {2}", source.name, target.name, possible.join(", "));
            to.bad(node, text);
            return None;
        }
        Some(Self { from: source, to: target, source: Some(from), target: Some(to) })
    }

    /// `direction`: files to Odoo, or Odoo records to files.
    fn short(reader: &TomlReader<'r>, kinds: &Kinds) -> Option<Self> {
        let (from, to) = match reader.choice("direction", &["in", "out"]) {
            "in" => ("files", "odoo"),
            _ => ("odoo", "files"),
        };
        if reader.node("direction").is_none() {
            reader.missing("direction");
        }
        let from = kinds.sources.iter().find(|kind| kind.name == from).copied()?;
        let to = kinds.targets.iter().find(|kind| kind.name == to).copied()?;
        Some(Self { from, to, source: None, target: None })
    }

    fn finish(self) {
        self.source.into_iter().chain(self.target).for_each(TomlReader::finish);
    }
}

/// Reads a flow. `None` if it is incomplete; the reason was reported.
pub(super) fn read(reader: &TomlReader<'_>, id: &str, file: &str, files: &dyn WorkspaceFiles, kinds: &Kinds) -> Option<Flow> {
    let ends = Ends::of(reader, kinds)?;
    let (from, to) = (ends.source.as_ref().unwrap_or(reader), ends.target.as_ref().unwrap_or(reader));
    let schedule = schedule(reader, "schedule", &reader.need_text("schedule"));
    let expect = reader.text("expected_by").map(|text| self::schedule(reader, "expected_by", &text));
    let partner = reader.need_text("partner");
    let (about, enabled) = (reader.text("about").unwrap_or_default(), reader.boolean("enabled").unwrap_or(true));
    let schema_from = reader.text("schema_from");
    let odoo = match (ends.from.gives, ends.to.takes) {
        (_, Takes::Plans) => odoo(to, files),
        (Gives::Records, _) => odoo(from, files),
        (Gives::Documents, Takes::Documents) => String::new(),
    };
    // All are read before one is rejected, so that all mistakes are reported at once.
    let documents = (ends.from.gives == Gives::Documents).then(|| documents(from));
    let answer = match ends.from.gives {
        Gives::Documents => answers::returned(reader, files, values(reader)),
        Gives::Records => None,
    };
    let known = documents.as_ref().and_then(Option::as_ref);
    let reading = |table| Reading { flow: reader, table, is_short: ends.source.is_none(), files, partner: &partner, documents: known };
    let (source, target) = ((ends.from.read)(&reading(from)), (ends.to.read)(&reading(to)));
    let transform = match (ends.from.gives, ends.to.takes) {
        (Gives::Documents, Takes::Plans) => map(reader, files, &partner).map(|(schema, map)| (schema, Transform::Map(Box::new(map)))),
        (Gives::Documents, Takes::Documents) => Some((String::new(), Transform::Relay)),
        (Gives::Records, _) => {
            let schema = reader.need_text("schema");
            render(reader, to, files).map(|render| (schema, Transform::Render(Box::new(render))))
        }
    };
    let (source_kind, target_kind) = (ends.from.name, ends.to.name);
    ends.finish();
    let ((schema, transform), source, target) = (transform?, source?, target?);
    let documents = match documents {
        Some(documents) => Some(documents?),
        None => None,
    };
    let (id, file) = (id.to_string(), file.to_string());
    Some(Flow {
        id,
        file,
        about,
        enabled,
        partner,
        odoo,
        schema,
        schema_from,
        schedule,
        expect,
        source_kind,
        source,
        documents,
        transform,
        target_kind,
        target,
        answer,
    })
}

/// The name of the flow's Odoo; empty for `[odoo]`.
fn odoo(table: &TomlReader<'_>, files: &dyn WorkspaceFiles) -> String {
    let name = table.text("odoo").unwrap_or_default();
    let known = files.odoos();
    if !name.is_empty() && !known.contains(&name.as_str()) {
        let hint = did_you_mean(&name, known).unwrap_or_else(|| format!("consign.toml needs a table [odoos.{name}]").into());
        let problem = Problem::new(Code::ConfigUnknownName, format!("there is no Odoo `{name}`"));
        table.report(problem.at(table.place_of("odoo")).hint(hint));
    }
    name
}

fn schedule(reader: &TomlReader<'_>, key: &str, text: &str) -> Schedule {
    let zone = reader.text("zone");
    Schedule::parse(text, zone.as_deref()).unwrap_or_else(|message| {
        if !text.is_empty() {
            reader.report(Problem::new(Code::Schedule, message).at(reader.place_of(key)));
        }
        Schedule::Manual
    })
}

/// Reads how to read the documents of a source, from its table.
fn documents(table: &TomlReader<'_>) -> Option<Documents> {
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
    let empty = match table.choice("empty", &["hold", "reject", "accept"]) {
        "reject" => OnUnusualFile::Reject,
        "accept" => OnUnusualFile::Accept,
        _ => OnUnusualFile::Hold,
    };
    Some(Documents { format, limits, unpack: table.texts("unzip").unwrap_or_default(), same_content, empty })
}

/// Reads how records become documents. Their names are with the keys of the target.
fn render(reader: &TomlReader<'_>, target: &TomlReader<'_>, files: &dyn WorkspaceFiles) -> Option<RenderRecords> {
    let file = reader.need_text("template");
    let body = text(reader, files, "template", &file)?;
    let template = report(reader, Template::parse(&body, &file, true));
    let place = target.place_of("name");
    let name = report(target, Template::parse(&target.need_text("name"), "name", false).map_err(|problem| problem.at(place)));
    let sequence = whole(target, "sequence", 0);
    Some(RenderRecords { values: values(reader), template: template?, name: name?, sequence })
}

/// Reads the first of a flow's schemas, and how its documents become a plan.
fn map(reader: &TomlReader<'_>, files: &dyn WorkspaceFiles, partner: &str) -> Option<(String, MapDocuments)> {
    let schema = reader.text("schema");
    let mut schemas = choice::schemas(reader);
    if let (Some(node), false) = (reader.node("schema"), schemas.is_empty()) {
        reader.bad(node, "a flow has either `schema` or [[schemas]]".into());
    }
    let envelope = choice::envelope(reader);
    let given = Given { partner: files.partner(partner), values: values(reader) };
    let partial = reader.boolean("allow_partial").unwrap_or(false);
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
        let text = format!("the mapping reads `{value}` from the `values` of the flow {}, which lack it", reader.file());
        reader.report(Problem::new(Code::ConfigUnknownName, text).at(Place::at(&name, line, column)));
    }
    if let (true, None, Some(node)) = (partial, mapping.unit(), reader.node("allow_partial")) {
        let text = "records of this mapping cannot be refused one by one: each must come from its own element below the root";
        reader.bad(node, text.into());
    }
    if let (true, Some(_), Some(node)) = (partial, &envelope, reader.node("allow_partial")) {
        let text = "records of documents in an envelope cannot be refused one by one: the rest would not be a valid file";
        reader.bad(node, text.into());
    }
    if schemas.is_empty() {
        schemas.push(Choice::always(schema.unwrap_or_else(|| mapping.document.clone())));
    }
    let first = schemas.first().map(|choice| choice.schema.clone()).unwrap_or_default();
    let snapshot =
        MappingSnapshot { mapping: name, text, partner: given.partner.clone(), values: given.values.clone(), ..tables.read.into_inner() };
    Some((first, MapDocuments { schemas, envelope, mapping, given, snapshot, partial }))
}
