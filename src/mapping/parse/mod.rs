//! Parses a mapping file to a [`Mapping`], and reports every mistake at its line.

mod relations;
mod values;

use std::cell::RefCell;

use serde_json::{Map, Value as Json};

use super::{
    Mapping,
    numbers::Number,
    order,
    path::Path,
    rules::{FieldRule, FieldSource, RecordRule},
    tables::Tables,
};
use crate::model::{
    Code, Place, Problem, Problems,
    i18n::Text,
    nearest::did_you_mean,
    plan::{OnMissing, PostAction, WriteMode},
    renamed_keys,
    toml_reader::{self, TomlEntry, TomlItem, TomlNode, TomlReader},
};

/// References that every message has.
const RESERVED: [&str; 3] = ["file", "id", "record"];

pub(super) fn parse(text: &str, file: &str, tables: &dyn Tables) -> Result<Mapping, Problems> {
    let node = toml_reader::parse(text, file)?;
    let problems = RefCell::default();
    let mapping = Parser { file, problems: &problems, tables, namespaces: Vec::new() }.mapping(&node);
    let (problems, renamed) = renamed_keys::apart(problems.into_inner());
    Problems::check(problems).map(|()| Mapping { renamed, ..mapping })
}

struct Parser<'n> {
    file: &'n str,
    problems: &'n RefCell<Vec<Problem>>,
    tables: &'n dyn Tables,
    namespaces: Vec<(String, String)>,
}

impl<'n> Parser<'n> {
    fn mapping(mut self, node: &'n TomlNode) -> Mapping {
        let reader = TomlReader::new(node, self.file, self.problems);
        if let Some(table) = reader.table("namespaces") {
            for entry in table.free() {
                match &entry.node.item {
                    TomlItem::Text(namespace) => self.namespaces.push((entry.key.clone(), namespace.clone())),
                    _ => table.bad(&entry.node, format!("the namespace of `{}` must be a text", entry.key)),
                }
            }
        }
        let document = reader.need_text("document");
        let accepts_empty = reader.choice("empty", &["refuse", "accept"]) == "accept";
        let mut records = Vec::new();
        match reader.node("records") {
            None => records.push(self.record(&reader, String::new())),
            Some(TomlNode { item: TomlItem::List(nodes), .. }) if !nodes.is_empty() => {
                for node in nodes {
                    let inner = reader.inner(node, "records");
                    let name = inner.need_text("name");
                    if records.iter().any(|known: &RecordRule| known.name == name) {
                        inner.bad(node, format!("two [[records]] have the name `{name}`"));
                    }
                    records.push(self.record(&inner, name));
                    inner.finish();
                }
            }
            Some(node) => reader.bad(node, "write each kind of records as [[records]], with a name".into()),
        }
        let numbers = self.numbers(&reader, records.first());
        reader.finish();
        self.references(&records);
        let records = order::ordered(records).unwrap_or_else(|circle| {
            let message = format!("the records {} refer to one another in a circle", circle.join(", "));
            self.problems.borrow_mut().push(Problem::new(Code::ConfigBadValue, message).at(Place::file(self.file)));
            Vec::new()
        });
        Mapping { file: self.file.to_string(), document, accepts_empty, records, numbers, renamed: Vec::new() }
    }

    /// Paths to the business numbers of documents.
    fn numbers(&self, reader: &TomlReader<'n>, first: Option<&RecordRule>) -> Vec<Number> {
        let Some(table) = reader.table("numbers") else { return Vec::new() };
        let number = |entry: &TomlEntry| {
            if RESERVED.contains(&entry.key.as_str()) {
                table.bad(&entry.node, format!("messages always have a reference named `{}`: give this number another name", entry.key));
                return None;
            }
            let path = self.path_of(&table, &entry.key);
            if !path.is_absolute() {
                let each = first.map(|rule| rule.each.to_string()).unwrap_or_default();
                table.bad(&entry.node, format!("the path of a number must begin at the root, as `each` does: write `{each}/{path}`"));
                return None;
            }
            Some(Number { kind: entry.key.clone(), path, line: entry.node.line, column: entry.node.column })
        };
        table.free().iter().filter_map(number).collect()
    }

    fn record(&self, reader: &TomlReader<'n>, name: String) -> RecordRule {
        let each = self.path_of(reader, "each");
        let place = reader.place_of("each");
        let write = match reader.choice("write", &["upsert", "create", "update"]) {
            "create" => WriteMode::Create,
            "update" => WriteMode::Update,
            _ => WriteMode::Upsert,
        };
        let external = reader.node("external").map(|node| self.nested(reader, "external", node));
        let identity = reader.texts("identity").unwrap_or_default();
        if identity.is_empty() && external.is_none() && write != WriteMode::Create {
            reader.missing("identity");
        }
        if let (Some(node), false) = (reader.node("identity"), external.is_none()) {
            reader.bad(node, "give either `identity` or `external`, not both".into());
        }
        let context = match reader.node("context").map(TomlNode::json) {
            Some(Json::Object(map)) => map,
            _ => Map::new(),
        };
        let none = match reader.choice("on_missing", &["fail", "hold"]) {
            "hold" => OnMissing::Hold,
            _ => OnMissing::Fail,
        };
        if let (Some(node), true) = (reader.node("on_missing"), write != WriteMode::Update) {
            reader.bad(node, "`on_missing` needs write = \"update\": only then can a record be missing".into());
        }
        if let (Some(node), true) = (reader.node("scope"), write != WriteMode::Update) {
            let text = "`scope` needs write = \"update\": other records would be created again after they leave the scope";
            reader.bad(node, text.into());
        }
        let then = self.then(reader);
        let model = reader.need_text("model");
        let fields = match reader.table("fields") {
            Some(table) => self.fields(&table, true),
            None => {
                reader.missing("fields");
                Vec::new()
            }
        };
        for name in identity.iter().filter(|name| !fields.iter().any(|field| field.name == **name)) {
            let text = format!("the identity names `{name}`, which is not among the fields");
            reader.report(Problem::new(Code::ConfigUnknownName, text).at(reader.place_of("identity")));
        }
        RecordRule {
            name,
            model,
            each,
            group: reader.node("group").map(|_| self.path_of(reader, "group")),
            when: self.when(reader),
            identity,
            external,
            write,
            on_missing: none,
            overwrite: reader.boolean("overwrite").unwrap_or(false),
            scope: reader.list("scope").unwrap_or_default(),
            context,
            actions: then,
            fields,
            line: place.line.unwrap_or(1),
            column: place.column.unwrap_or(1),
        }
    }

    fn then(&self, reader: &TomlReader<'n>) -> Vec<PostAction> {
        let nodes: &[TomlNode] = match reader.node("actions") {
            None => return Vec::new(),
            Some(TomlNode { item: TomlItem::List(nodes), .. }) => nodes,
            Some(node) => std::slice::from_ref(node),
        };
        let mut then = Vec::new();
        for node in nodes {
            match &node.item {
                TomlItem::Text(method) => then.push(PostAction { method: method.clone(), options: Map::new() }),
                TomlItem::Table(_) => {
                    let call = reader.inner(node, "actions");
                    let method = call.need_text("call");
                    let options = call.free().iter().filter(|entry| entry.key != "call");
                    then.push(PostAction { method, options: options.map(|entry| (entry.key.clone(), entry.node.json())).collect() });
                }
                _ => reader.bad(node, "`actions` must be a list of methods, each a text or { call = \"…\", … }".into()),
            }
        }
        then
    }

    fn fields(&self, table: &TomlReader<'n>, relations: bool) -> Vec<FieldRule> {
        table.free().iter().map(|entry| self.field(table, &entry.key, (entry.line, entry.column), &entry.node, relations)).collect()
    }

    /// A field; `relations` says whether it may have lines and sets.
    fn field(&self, outer: &TomlReader<'n>, name: &str, (line, column): (u32, u32), node: &'n TomlNode, relations: bool) -> FieldRule {
        let mut field = FieldRule {
            name: name.to_string(),
            line,
            column,
            create_only: false,
            overwrite: false,
            required: None,
            when: None,
            rule: FieldSource::Field(String::new()),
        };
        if !matches!(node.item, TomlItem::Table(_)) {
            field.rule = FieldSource::Value(self.shorthand(node));
            return field;
        }
        let reader = outer.inner(node, name);
        field.create_only = reader.choice("on", &["write", "create"]) == "create";
        field.overwrite = reader.boolean("overwrite").unwrap_or(false);
        field.when = self.when(&reader);
        let (finds, repeats) = (reader.node("find").is_some(), reader.node("each").is_some());
        field.required = reader.boolean("required");
        field.rule = if let Some(rule) = reader.text("record") {
            FieldSource::Record { rule, field: reader.text("field") }
        } else if let Some(other) = reader.text("field") {
            FieldSource::Field(other)
        } else if repeats && !relations {
            reader.bad(node, format!("`{name}` cannot have lines here"));
            FieldSource::Field(String::new())
        } else if finds && repeats {
            FieldSource::Set(self.set(&reader, node))
        } else if finds {
            FieldSource::Find(self.find(&reader, node))
        } else if repeats {
            FieldSource::Lines(self.lines(&reader))
        } else {
            FieldSource::Value(self.value(&reader, node))
        };
        reader.finish();
        field
    }

    /// Names of other rules and fields that the fields refer to.
    fn references(&self, records: &[RecordRule]) {
        for rule in records {
            self.fields_refer(&rule.fields, &[], records);
        }
    }

    fn fields_refer(&self, fields: &[FieldRule], outer: &[FieldRule], records: &[RecordRule]) {
        let known = |name: &str| fields.iter().chain(outer).any(|field| field.name == name);
        let unknown = |what: String, line: u32, column: u32, hint: Option<Text>| {
            let problem = Problem::new(Code::ConfigUnknownName, what).at(Place::at(self.file, line, column));
            self.problems.borrow_mut().push(problem.maybe_hint(hint));
        };
        for field in fields {
            match &field.rule {
                FieldSource::Record { rule, .. } if !records.iter().any(|known| known.name == *rule) => {
                    let hint = did_you_mean(rule, records.iter().map(|known| known.name.as_str()));
                    unknown(format!("there are no [[records]] named `{rule}`"), field.line, field.column, hint);
                }
                FieldSource::Field(other) if !known(other) && !other.is_empty() => {
                    let hint = did_you_mean(other, fields.iter().map(|field| field.name.as_str()));
                    unknown(
                        format!("`{}` takes the value of `{other}`, which is not among the fields", field.name),
                        field.line,
                        field.column,
                        hint,
                    );
                }
                FieldSource::Lines(lines) => {
                    for name in lines.identity.iter().filter(|name| !lines.fields.iter().any(|field| field.name == **name)) {
                        unknown(
                            format!("the identity of the lines names `{name}`, which is not among their fields"),
                            field.line,
                            field.column,
                            None,
                        );
                    }
                    self.fields_refer(&lines.fields, fields, records);
                }
                FieldSource::Find(find) => {
                    for other in relations::scope_fields(&find.scope).filter(|other| !known(other)) {
                        unknown(
                            format!("the scope takes the value of `{other}`, which is not among the fields"),
                            find.line,
                            find.column,
                            None,
                        );
                    }
                    self.fields_refer(&find.create, fields, records);
                }
                _ => {}
            }
        }
    }

    fn path_of(&self, reader: &TomlReader<'n>, key: &str) -> Path {
        match reader.node(key) {
            Some(node @ TomlNode { item: TomlItem::Text(text), .. }) => self.path(text, node),
            Some(node) => {
                reader.bad(node, format!("`{key}` must be a path"));
                Path::itself()
            }
            None => {
                reader.missing(key);
                Path::itself()
            }
        }
    }

    fn path(&self, text: &str, node: &TomlNode) -> Path {
        Path::parse(text, &self.namespaces).unwrap_or_else(|message| {
            self.report(Code::Expression, format!("the path `{text}` cannot be parsed: {message}"), node);
            Path::itself()
        })
    }

    fn report(&self, code: Code, message: String, node: &TomlNode) {
        let place = Place::at(self.file, node.line, node.column);
        self.problems.borrow_mut().push(Problem::new(code, message).at(place));
    }
}
