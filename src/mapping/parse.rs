//! A mapping file to a [`Mapping`], with every mistake at its line.

use std::cell::RefCell;

use serde_json::Value as Json;

use super::{
    FieldRule, FindRule, From, LinesRule, Mapping, Rule, ValueRule, expression,
    functions::{self, Conversion, Options},
    path::Path,
};
use crate::model::{
    Problem, Problems,
    codes::{self, Code},
    nearest::did_you_mean,
    plan::Write,
    table::{self, Item, Node, Reader},
};

pub(super) fn parse(text: &str, file: &str) -> Result<Mapping, Problems> {
    let node = table::parse(text, file).map_err(|problem| vec![problem])?;
    let problems = RefCell::default();
    let mapping = Parser { file, problems: &problems, namespaces: Vec::new() }.mapping(&node);
    let problems = problems.into_inner();
    if problems.is_empty() { Ok(mapping) } else { Err(problems) }
}

struct Parser<'n> {
    file: &'n str,
    problems: &'n RefCell<Problems>,
    namespaces: Vec<(String, String)>,
}

impl<'n> Parser<'n> {
    fn mapping(mut self, node: &'n Node) -> Mapping {
        let reader = Reader::new(node, self.file, self.problems);
        if let Some(table) = reader.table("namespaces") {
            for entry in table.free() {
                match &entry.node.item {
                    Item::Text(namespace) => self.namespaces.push((entry.key.clone(), namespace.clone())),
                    _ => table.bad(&entry.node, format!("the namespace of `{}` is a text", entry.key)),
                }
            }
        }
        let each = self.path_of(&reader, "each");
        let model = reader.need_text("model");
        let write = if reader.choice("write", &["upsert", "create"]) == "create" { Write::Create } else { Write::Upsert };
        let identity = reader.texts("identity").unwrap_or_default();
        if identity.is_empty() && write == Write::Upsert {
            reader.missing("identity");
        }
        let context = match reader.node("context").map(Node::json) {
            Some(Json::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        let document = reader.need_text("document");
        let then = reader.texts("then").unwrap_or_default();
        let fields = match reader.table("fields") {
            Some(table) => self.fields(&table),
            None => {
                reader.missing("fields");
                Vec::new()
            }
        };
        let line = reader.place_of("each").line.unwrap_or(1);
        for name in &identity {
            if !fields.iter().any(|field| field.name == *name) {
                reader.report(
                    Problem::new(codes::CONFIG_UNKNOWN_NAME, format!("the identity names `{name}`, which is not among the fields"))
                        .at(reader.place_of("identity")),
                );
            }
        }
        reader.finish();
        Mapping { file: self.file.to_string(), document, model, each, identity, write, context, then, fields, line }
    }

    fn fields(&self, table: &Reader<'n>) -> Vec<FieldRule> {
        table.free().iter().map(|entry| self.field(table, &entry.key, entry.line, entry.column, &entry.node)).collect()
    }

    fn field(&self, outer: &Reader<'n>, name: &str, line: u32, column: u32, node: &'n Node) -> FieldRule {
        let mut field = FieldRule {
            name: name.to_string(),
            line,
            column,
            create_only: false,
            required: false,
            rule: Rule::Value(self.shorthand(node)),
        };
        if !matches!(node.item, Item::Table(_)) {
            return field;
        }
        let reader = outer.inner(node, name);
        field.create_only = reader.choice("on", &["write", "create"]) == "create";
        field.required = reader.boolean("required").unwrap_or(false);
        field.rule = if reader.node("find").is_some() {
            field.required = reader.boolean("required").unwrap_or(true);
            Rule::Find(self.find(&reader, node.line))
        } else if reader.node("each").is_some() {
            let lines = LinesRule {
                each: self.path_of(&reader, "each"),
                model: reader.text("model"),
                identity: reader.texts("identity").unwrap_or_default(),
                fields: reader.table("fields").map(|table| self.fields(&table)).unwrap_or_default(),
            };
            Rule::Lines(lines)
        } else {
            Rule::Value(self.value(&reader, node))
        };
        reader.finish();
        field
    }

    fn find(&self, reader: &Reader<'n>, line: u32) -> FindRule {
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
            reader.bad(node, "`by` names at least one field and where its value comes from".into());
        }
        FindRule { model: reader.need_text("find"), by, scope: reader.list("scope").unwrap_or_default(), line }
    }

    /// A value inside another: a path alone, or a table.
    fn nested(&self, outer: &Reader<'n>, name: &str, node: &'n Node) -> ValueRule {
        match node.item {
            Item::Table(_) => {
                let reader = outer.inner(node, name);
                let value = self.value(&reader, node);
                reader.finish();
                value
            }
            _ => self.shorthand(node),
        }
    }

    /// A text alone is a path; anything else alone is a constant.
    fn shorthand(&self, node: &Node) -> ValueRule {
        let from = match &node.item {
            Item::Text(text) => From::Path(self.path(text, node)),
            _ => From::Const(node.json()),
        };
        ValueRule { line: node.line, column: node.column, from, table: Vec::new(), conversion: None, default: None }
    }

    fn value(&self, reader: &Reader<'n>, node: &'n Node) -> ValueRule {
        let sources = ["from", "const", "expr"];
        let given: Vec<&str> = sources.into_iter().filter(|key| reader.node(key).is_some()).collect();
        let from = match given.as_slice() {
            ["from"] => From::Path(self.path_of(reader, "from")),
            ["const"] => From::Const(reader.node("const").map(Node::json).unwrap_or_default()),
            ["expr"] => self.expression(reader),
            _ => {
                reader
                    .bad(node, format!("a value needs one of `from`, `const`, `expr`, `find`, `each`; here {} of them stand", given.len()));
                From::Const(Json::Null)
            }
        };
        let mut conversion = None;
        if let Some(name) = reader.text("as") {
            let options = Options { format: reader.text("format"), zone: reader.text("zone") };
            if options.zone.as_deref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
                reader.report(
                    Problem::new(codes::CONFIG_BAD_VALUE, "the time zone is not known; write it as `Europe/Berlin`")
                        .at(reader.place_of("zone")),
                );
            }
            match functions::find(&name) {
                Some(function) => conversion = Some(Conversion { function, options }),
                None => reader.report(
                    Problem::new(codes::FUNCTION_UNKNOWN, format!("`{name}` is not a conversion")).at(reader.place_of("as")).hint(
                        did_you_mean(&name, functions::ALL.iter().map(|f| f.name))
                            .unwrap_or_else(|| format!("known: {}", functions::ALL.map(|f| f.name).join(", "))),
                    ),
                ),
            }
        }
        let table = reader
            .table("table")
            .map(|codes| codes.free().iter().map(|entry| (entry.key.clone(), entry.node.json())).collect())
            .unwrap_or_default();
        ValueRule { line: node.line, column: node.column, from, table, conversion, default: reader.node("default").map(Node::json) }
    }

    fn expression(&self, reader: &Reader<'n>) -> From {
        let text = reader.need_text("expr");
        let mut with = Vec::new();
        if let Some(table) = reader.table("with") {
            for entry in table.free() {
                with.push((entry.key.clone(), self.nested(&table, &entry.key, &entry.node)));
            }
        }
        match expression::check(&text) {
            Err(message) => reader.report(
                Problem::new(codes::EXPRESSION, format!("the expression `{text}` cannot be parsed: {message}")).at(reader.place_of("expr")),
            ),
            Ok(names) => {
                for name in names.iter().filter(|name| !with.iter().any(|(known, _)| known == *name)) {
                    reader.report(
                        Problem::new(codes::EXPRESSION, format!("the expression uses `{name}`, which `with` does not name"))
                            .at(reader.place_of("expr"))
                            .maybe_hint(did_you_mean(name, with.iter().map(|(known, _)| known.as_str()))),
                    );
                }
            }
        }
        From::Expression { text, with }
    }

    fn path_of(&self, reader: &Reader<'n>, key: &str) -> Path {
        match reader.node(key) {
            Some(node @ Node { item: Item::Text(text), .. }) => self.path(text, node),
            Some(node) => {
                reader.bad(node, format!("`{key}` takes a path"));
                Path::itself()
            }
            None => {
                reader.missing(key);
                Path::itself()
            }
        }
    }

    fn path(&self, text: &str, node: &Node) -> Path {
        Path::parse(text, &self.namespaces).unwrap_or_else(|message| {
            self.report(codes::EXPRESSION, format!("the path `{text}` cannot be parsed: {message}"), node);
            Path::itself()
        })
    }

    fn report(&self, code: Code, message: String, node: &Node) {
        let place = crate::model::Place::at(self.file, node.line, node.column);
        self.problems.borrow_mut().push(Problem::new(code, message).at(place));
    }
}
