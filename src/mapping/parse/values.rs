//! Values and conditions.

use serde_json::Value as Json;

use super::Parser;
use crate::{
    mapping::{
        expression,
        functions::{self, Conversion, ConversionOptions},
        rules::{From, ValueRule, When},
        tables::CodeTable,
    },
    model::{
        Code, Problem, moment,
        nearest::did_you_mean,
        shape::ValueKind,
        toml_reader::{TomlItem, TomlNode, TomlReader},
    },
};

/// Keys for the source of a value.
const SOURCES: [&str; 5] = ["from", "const", "expr", "partner", "flow"];

impl<'n> Parser<'n> {
    /// A value inside another: a single path, or a table.
    pub(super) fn nested(&self, outer: &TomlReader<'n>, name: &str, node: &'n TomlNode) -> ValueRule {
        match node.item {
            TomlItem::Table(_) => {
                let reader = outer.inner(node, name);
                let value = self.value(&reader, node);
                reader.finish();
                value
            }
            _ => self.shorthand(node),
        }
    }

    /// A text is a path; of several texts, the first path that has a value counts; anything else is a constant.
    pub(super) fn shorthand(&self, node: &TomlNode) -> ValueRule {
        let is_text = |node: &TomlNode| matches!(node.item, TomlItem::Text(_));
        let from = match &node.item {
            TomlItem::Text(text) => From::Paths(vec![self.path(text, node)]),
            TomlItem::List(nodes) if !nodes.is_empty() && nodes.iter().all(is_text) => {
                let texts = nodes.iter().filter_map(|node| if let TomlItem::Text(text) = &node.item { Some((text, node)) } else { None });
                From::Paths(texts.map(|(text, node)| self.path(text, node)).collect())
            }
            _ => From::Const(node.json()),
        };
        ValueRule::plain(from, node.line, node.column)
    }

    pub(super) fn value(&self, reader: &TomlReader<'n>, node: &'n TomlNode) -> ValueRule {
        let given: Vec<&str> = SOURCES.into_iter().filter(|key| reader.node(key).is_some()).collect();
        let from = match given.as_slice() {
            ["from"] => self.from(reader),
            ["const"] => From::Const(reader.node("const").map(TomlNode::json).unwrap_or_default()),
            ["expr"] => {
                let (text, with) = self.expression(reader);
                From::Expression { text, with }
            }
            ["partner"] => From::Partner(reader.choice("partner", &["gln", "id", "name"]).to_string()),
            ["flow"] => From::Flow(reader.need_text("flow")),
            _ => {
                let message = format!(
                    "a value needs one of `from`, `const`, `expr`, `partner`, `flow`, `find`, `each`, `record`, `field`; this one has {}",
                    given.len()
                );
                reader.bad(node, message);
                From::Const(Json::Null)
            }
        };
        let split = reader.table("split").map(|split| {
            let parts = (split.need_text("at"), split.integer("part").unwrap_or(1));
            if let (0, Some(node)) = (parts.1, split.node("part")) {
                split.bad(node, "parts are counted from 1, or from the end with -1".into());
            }
            split.finish();
            parts
        });
        ValueRule {
            line: node.line,
            column: node.column,
            from,
            join: reader.text("join"),
            split,
            table: self.code_table(reader),
            conversions: self.conversions(reader),
            default: reader.node("default").map(TomlNode::json),
        }
    }

    fn from(&self, reader: &TomlReader<'n>) -> From {
        match reader.node("from") {
            Some(TomlNode { item: TomlItem::List(nodes), .. }) if !nodes.is_empty() => {
                let path = |node: &'n TomlNode| match &node.item {
                    TomlItem::Text(text) => Some(self.path(text, node)),
                    _ => {
                        reader.bad(node, "`from` must be a path or a list of paths".into());
                        None
                    }
                };
                From::Paths(nodes.iter().filter_map(path).collect())
            }
            _ => From::Paths(vec![self.path_of(reader, "from")]),
        }
    }

    /// An inline table, or the name of one in `tables/`.
    fn code_table(&self, reader: &TomlReader<'n>) -> Option<CodeTable> {
        match reader.node("table")? {
            TomlNode { item: TomlItem::Text(name), .. } => match self.tables.table(name) {
                Ok(table) => Some(table),
                Err(problem) => {
                    let problem = if problem.place.is_unknown() { problem.at(reader.place_of("table")) } else { problem };
                    reader.report(problem);
                    None
                }
            },
            _ => {
                let rows = reader.table("table")?;
                Some(CodeTable::inline(rows.free().iter().map(|entry| (entry.key.clone(), entry.node.json())).collect()))
            }
        }
    }

    fn conversions(&self, reader: &TomlReader<'n>) -> Vec<Conversion> {
        let names = reader.texts("as").unwrap_or_default();
        let options = self.options(reader, &names);
        let mut conversions: Vec<Conversion> = Vec::new();
        for name in &names {
            match functions::find(name) {
                Some(function) => {
                    if let Some(before) = conversions.last().filter(|before| before.function.makes != ValueKind::Text) {
                        let text = format!("`{name}` needs a text, but `{}` before it does not give one", before.function.name);
                        reader.report(Problem::new(Code::ConfigBadValue, text).at(reader.place_of("as")));
                    }
                    conversions.push(Conversion { function, options: options.clone() });
                }
                None => {
                    let known = || format!("known: {}", functions::ALL.map(|function| function.name).join(", ")).into();
                    let hint = did_you_mean(name, functions::ALL.iter().map(|function| function.name)).unwrap_or_else(known);
                    let problem = Problem::new(Code::FunctionUnknown, format!("`{name}` is not a conversion"));
                    reader.report(problem.at(reader.place_of("as")).hint(hint));
                }
            }
        }
        conversions
    }

    fn options(&self, reader: &TomlReader<'n>, names: &[String]) -> ConversionOptions {
        let sign = |key: &str| {
            let text = reader.text(key)?;
            let mut signs = text.chars();
            let sign = signs.next().filter(|_| signs.next().is_none());
            if let (None, Some(node)) = (sign, reader.node(key)) {
                reader.bad(node, format!("`{key}` must be one character"));
            }
            sign
        };
        let small = |key: &str| {
            let number = reader.integer(key)?;
            let small = usize::try_from(number).ok().filter(|number| *number <= 1000);
            if let (None, Some(node)) = (small, reader.node(key)) {
                reader.bad(node, format!("`{key}` must be a number from 0 to 1000"));
            }
            small
        };
        let options = ConversionOptions {
            format: reader.texts("format").unwrap_or_default(),
            zone: reader.text("zone"),
            pivot: small("pivot").and_then(|pivot| u32::try_from(pivot).ok()),
            decimal: sign("decimal"),
            scale: small("scale").and_then(|scale| u32::try_from(scale).ok()),
            yes: reader.texts("yes").unwrap_or_default(),
            no: reader.texts("no").unwrap_or_default(),
            width: small("width"),
            fill: sign("fill"),
        };
        if options.zone.as_deref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
            let text = "unknown time zone; write it as `Europe/Berlin`";
            reader.report(Problem::new(Code::ConfigBadValue, text).at(reader.place_of("zone")));
        }
        for why in options.format.iter().filter_map(|format| moment::wrong_format(format)) {
            reader.report(Problem::new(Code::ConfigBadValue, why).at(reader.place_of("format")));
        }
        if names.iter().any(|name| name == "pad") && options.width.is_none() {
            reader.missing("width");
        }
        for key in ["format", "zone", "pivot", "decimal", "scale", "yes", "no", "width", "fill"] {
            let used = names.iter().filter_map(|name| functions::find(name)).any(|function| function.options.contains(&key));
            if let (Some(node), false) = (reader.node(key), used) {
                let of: Vec<&str> =
                    functions::ALL.iter().filter(|function| function.options.contains(&key)).map(|function| function.name).collect();
                reader.bad(node, format!("`{key}` belongs to as = \"{}\"", of.join("\" or \"")));
            }
        }
        options
    }

    /// `when`: a path, or an expression with its values.
    pub(super) fn when(&self, reader: &TomlReader<'n>) -> Option<When> {
        match reader.node("when")? {
            node @ TomlNode { item: TomlItem::Table(_), .. } => {
                let inner = reader.inner(node, "when");
                let (text, with) = self.expression(&inner);
                inner.finish();
                Some(When::Expression { text, with, line: node.line })
            }
            _ => Some(When::Path(self.path_of(reader, "when"))),
        }
    }

    fn expression(&self, reader: &TomlReader<'n>) -> (String, Vec<(String, ValueRule)>) {
        let text = reader.need_text("expr");
        let mut with = Vec::new();
        if let Some(table) = reader.table("with") {
            for entry in table.free() {
                with.push((entry.key.clone(), self.nested(&table, &entry.key, &entry.node)));
            }
        }
        match expression::check(&text) {
            Err(message) => reader.report(
                Problem::new(Code::Expression, format!("the expression `{text}` cannot be parsed: {message}")).at(reader.place_of("expr")),
            ),
            Ok(names) => {
                for name in names.iter().filter(|name| !with.iter().any(|(known, _)| known == *name)) {
                    reader.report(
                        Problem::new(Code::Expression, format!("the expression uses `{name}`, which `with` does not name"))
                            .at(reader.place_of("expr"))
                            .maybe_hint(did_you_mean(name, with.iter().map(|(known, _)| known.as_str()))),
                    );
                }
            }
        }
        (text, with)
    }
}
