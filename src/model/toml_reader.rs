//! TOML with positions, read key by key. The keys that the code asks for are the known ones. Any other key is an error with its line
//! and the nearest known name. So the grammar of a file is written once, in the code that reads it.

use std::{cell::RefCell, time::Duration};

use serde_json::{Value as Json, json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Code, Place, Problem, nearest::did_you_mean, renamed_keys};

/// A value with its place.
#[derive(Debug, Clone)]
pub struct TomlNode {
    /// The value.
    pub item: TomlItem,
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
}

/// A TOML value.
#[derive(Debug, Clone)]
pub enum TomlItem {
    /// A string; dates and times keep their text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// An array.
    List(Vec<TomlNode>),
    /// A table, in the order of the file.
    Table(Vec<TomlEntry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct TomlEntry {
    /// The key.
    pub key: String,
    /// 1-based line of the key.
    pub line: u32,
    /// 1-based column of the key.
    pub column: u32,
    /// The value.
    pub node: TomlNode,
}

impl TomlNode {
    /// The value as JSON, for domains, constants and contexts.
    pub fn json(&self) -> Json {
        match &self.item {
            TomlItem::Text(text) => json!(text),
            TomlItem::Integer(number) => json!(number),
            TomlItem::Float(number) => json!(number),
            TomlItem::Boolean(flag) => json!(flag),
            TomlItem::List(nodes) => nodes.iter().map(TomlNode::json).collect(),
            TomlItem::Table(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.node.json())).collect::<serde_json::Map<_, _>>().into()
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self.item {
            TomlItem::Text(_) => "a text",
            TomlItem::Integer(_) => "a whole number",
            TomlItem::Float(_) => "a number",
            TomlItem::Boolean(_) => "true or false",
            TomlItem::List(_) => "a list",
            TomlItem::Table(_) => "a table",
        }
    }
}

/// Parses a TOML text. `file` is the name used in problems.
///
/// # Errors
/// The one place where it is not TOML.
pub fn parse(text: &str, file: &str) -> Result<TomlNode, Problem> {
    let lines = Lines::new(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(lines.table(table.get_ref(), 0)),
        Err(error) => {
            let (line, column) = lines.place(error.span().map_or(0, |span| span.start));
            let message = error.message().lines().next().unwrap_or("not TOML").to_string();
            Err(Problem::new(Code::ConfigSyntax, format!("not TOML: {message}")).at(Place::at(file, line, column)))
        }
    }
}

struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect() }
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts[line - 1];
        let column = self.text.get(start..at).map_or(1, |before| before.chars().count() + 1);
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> TomlNode {
        let at = value.span().start;
        let (line, column) = self.place(at);
        let item = match value.get_ref() {
            DeValue::String(text) => TomlItem::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| TomlItem::Text(number.as_str().into()), TomlItem::Integer),
            DeValue::Float(number) => number.as_str().parse().map_or_else(|_| TomlItem::Text(number.as_str().into()), TomlItem::Float),
            DeValue::Boolean(flag) => TomlItem::Boolean(*flag),
            DeValue::Datetime(date) => TomlItem::Text(date.to_string()),
            DeValue::Array(values) => TomlItem::List(values.iter().map(|value| self.node(value)).collect()),
            DeValue::Table(table) => return self.table(table, at),
        };
        TomlNode { item, line, column }
    }

    fn table(&self, table: &DeTable<'_>, at: usize) -> TomlNode {
        let mut entries: Vec<(usize, TomlEntry)> = table
            .iter()
            .map(|(key, value)| {
                let start = key.span().start;
                let (line, column) = self.place(start);
                (start, TomlEntry { key: key.get_ref().to_string(), line, column, node: self.node(value) })
            })
            .collect();
        entries.sort_by_key(|(start, _)| *start);
        let (line, column) = self.place(at);
        TomlNode { item: TomlItem::Table(entries.into_iter().map(|(_, entry)| entry).collect()), line, column }
    }
}

/// A table being read.
pub struct TomlReader<'n> {
    file: &'n str,
    /// Name of the table for sentences, such as `[drop]`; empty for the file itself.
    name: String,
    entries: &'n [TomlEntry],
    line: u32,
    column: u32,
    asked: RefCell<Vec<String>>,
    problems: &'n RefCell<Vec<Problem>>,
}

impl<'n> TomlReader<'n> {
    /// Reads `node`, which must be a table; problems go to `problems`.
    pub fn new(node: &'n TomlNode, file: &'n str, problems: &'n RefCell<Vec<Problem>>) -> Self {
        Self::named(node, file, String::new(), problems)
    }

    fn named(node: &'n TomlNode, file: &'n str, name: String, problems: &'n RefCell<Vec<Problem>>) -> Self {
        let entries: &[TomlEntry] = match &node.item {
            TomlItem::Table(entries) => entries,
            _ => {
                problems.borrow_mut().push(
                    Problem::new(Code::ConfigBadValue, format!("`{name}` must be a table, not {}", node.kind())).at(Place::at(
                        file,
                        node.line,
                        node.column,
                    )),
                );
                &[]
            }
        };
        Self { file, name, entries, line: node.line, column: node.column, asked: RefCell::default(), problems }
    }

    /// The file that it is read from.
    pub fn file(&self) -> &str {
        self.file
    }

    /// Reads a table inside this one, such as an element of a list.
    pub fn inner(&self, node: &'n TomlNode, name: &str) -> TomlReader<'n> {
        Self::named(node, self.file, name.to_string(), self.problems)
    }

    /// The value of `key`, whatever it is.
    pub fn node(&self, key: &str) -> Option<&'n TomlNode> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Key and value of `key`. One that has its old name is found as well, and reported.
    pub fn entry(&self, key: &str) -> Option<&'n TomlEntry> {
        self.asked.borrow_mut().push(key.to_string());
        let found = self.find(key)?;
        if found.key != key && !self.asked.borrow().contains(&found.key) {
            self.asked.borrow_mut().push(found.key.clone());
            self.report(renamed_keys::renamed(&found.key, key).at(Place::at(self.file, found.line, found.column)));
        }
        Some(found)
    }

    fn find(&self, key: &str) -> Option<&'n TomlEntry> {
        let named = |name: &str| self.entries.iter().find(|entry| entry.key == name);
        named(key).or_else(|| named(renamed_keys::old_name(key)?))
    }

    /// All entries, for tables with free keys.
    pub fn free(&self) -> &'n [TomlEntry] {
        self.asked.borrow_mut().extend(self.entries.iter().map(|entry| entry.key.clone()));
        self.entries
    }

    fn typed<T>(&self, key: &str, wanted: &str, convert: impl Fn(&'n TomlItem) -> Option<T>) -> Option<T> {
        let node = self.node(key)?;
        let value = convert(&node.item);
        if value.is_none() {
            self.bad(node, format!("`{key}` must be {wanted}, not {}", node.kind()));
        }
        value
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.typed(key, "a text", |item| if let TomlItem::Text(text) = item { Some(text.clone()) } else { None })
    }

    /// A required text; a missing one is reported and read as empty.
    pub fn need_text(&self, key: &str) -> String {
        if self.entry(key).is_none() {
            self.missing(key);
        }
        let text = self.text(key);
        if let (Some(""), Some(node)) = (text.as_deref().map(str::trim), self.node(key)) {
            self.bad(node, format!("`{key}` must not be empty"));
        }
        text.unwrap_or_default()
    }

    /// A text that must be one of a few; the first is the default.
    pub fn choice(&self, key: &str, allowed: &[&'static str]) -> &'static str {
        let first = allowed.first().copied().unwrap_or_default();
        let Some(text) = self.text(key) else { return first };
        match allowed.iter().find(|known| **known == text) {
            Some(known) => known,
            None => {
                if let Some(node) = self.node(key) {
                    let problem = Problem::new(Code::ConfigBadValue, format!("`{key}` is one of {}, not `{text}`", allowed.join(", ")))
                        .maybe_hint(did_you_mean(&text, allowed.iter().copied()));
                    self.report(problem.at(self.place(node)));
                }
                first
            }
        }
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.typed(key, "a whole number", |item| if let TomlItem::Integer(number) = item { Some(*number) } else { None })
    }

    /// True or false.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", |item| if let TomlItem::Boolean(flag) = item { Some(*flag) } else { None })
    }

    /// A list of texts, or a single text.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        if let Some(node @ TomlNode { item: TomlItem::List(nodes), .. }) = self.node(key)
            && nodes.is_empty()
        {
            self.bad(node, format!("`{key}` must not be an empty list"));
        }
        self.typed(key, "a list of texts", |item| match item {
            TomlItem::Text(text) => Some(vec![text.clone()]),
            TomlItem::List(nodes) => {
                nodes.iter().map(|node| if let TomlItem::Text(text) = &node.item { Some(text.clone()) } else { None }).collect()
            }
            _ => None,
        })
    }

    /// A list of any values, as JSON.
    pub fn list(&self, key: &str) -> Option<Vec<Json>> {
        self.typed(
            key,
            "a list",
            |item| if let TomlItem::List(nodes) = item { Some(nodes.iter().map(TomlNode::json).collect()) } else { None },
        )
    }

    /// A duration such as `5s`, `2m`, `1h`, `1d`.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        let text = self.text(key)?;
        let parsed = text.char_indices().last().and_then(|(last, unit)| {
            let number: u64 = text[..last].trim().parse().ok()?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86400,
                _ => return None,
            };
            Some(Duration::from_secs(number.checked_mul(seconds)?))
        });
        if parsed.is_none()
            && let Some(node) = self.node(key)
        {
            self.bad(node, format!("`{key}` must be a duration such as 5s, 2m, 1h or 1d, not `{text}`"));
        }
        parsed
    }

    /// A table inside this one.
    pub fn table(&self, key: &str) -> Option<TomlReader<'n>> {
        let node = self.node(key)?;
        let name = if self.name.is_empty() { key.to_string() } else { format!("{}.{key}", self.name) };
        Some(Self::named(node, self.file, name, self.problems))
    }

    /// Place of a value.
    pub fn place(&self, node: &TomlNode) -> Place {
        Place::at(self.file, node.line, node.column)
    }

    /// Place of the value of `key`, or of the table if there is none.
    pub fn place_of(&self, key: &str) -> Place {
        match self.find(key) {
            Some(entry) => self.place(&entry.node),
            None => Place::at(self.file, self.line, self.column),
        }
    }

    /// Reports a bad value.
    pub fn bad(&self, node: &TomlNode, message: String) {
        self.report(Problem::new(Code::ConfigBadValue, message).at(self.place(node)));
    }

    /// Reports a missing key.
    pub fn missing(&self, key: &str) {
        let table = if self.name.is_empty() { "this file".to_string() } else { format!("[{}]", self.name) };
        self.report(Problem::new(Code::ConfigMissingKey, format!("{table} needs the key `{key}`")).at(Place::at(
            self.file,
            self.line,
            self.column,
        )));
    }

    /// Reports any problem.
    pub fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Ends the reading: keys that nobody asked for are unknown.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for entry in self.entries.iter().filter(|entry| !asked.contains(&entry.key)) {
            let table = if self.name.is_empty() { "this file".to_string() } else { format!("[{}]", self.name) };
            let others: Vec<&str> =
                asked.iter().map(String::as_str).filter(|known| !self.entries.iter().any(|entry| entry.key == **known)).collect();
            let hint = did_you_mean(&entry.key, others).unwrap_or_else(|| {
                let mut known: Vec<&str> = asked.iter().map(String::as_str).collect();
                known.sort_unstable();
                known.dedup();
                format!("known keys: {}", known.join(", ")).into()
            });
            self.report(
                Problem::new(Code::ConfigUnknownKey, format!("{table} has no key `{}`", entry.key))
                    .at(Place::at(self.file, entry.line, entry.column))
                    .hint(hint),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_of_a_file_are_reported_with_their_line() {
        let node = parse("name = 3\nshcedule = \"x\"\n[drop]\nport = 22\nhots = \"h\"\nwait = \"5x\"\n", "f.toml").expect("TOML");
        let problems = RefCell::default();
        let reader = TomlReader::new(&node, "f.toml", &problems);
        reader.need_text("name");
        reader.text("schedule");
        reader.need_text("folder");
        let drop = reader.table("drop").expect("is there");
        drop.integer("port");
        drop.need_text("host");
        drop.duration("wait");
        drop.finish();
        reader.finish();
        let reported: Vec<String> = problems
            .into_inner()
            .iter()
            .map(|p| format!("{} {} | {} | {}", p.code.as_str(), p.place, p.message, p.hint.as_deref().unwrap_or("-")))
            .collect();
        insta::assert_snapshot!(reported.join("\n"), @r"
        C105 f.toml:1:8 | `name` must be a text, not a whole number | -
        C104 f.toml:1:1 | this file needs the key `folder` | -
        C104 f.toml:3:1 | [drop] needs the key `host` | -
        C105 f.toml:6:8 | `wait` must be a duration such as 5s, 2m, 1h or 1d, not `5x` | -
        C103 f.toml:5:1 | [drop] has no key `hots` | did you mean `host`?
        C103 f.toml:2:1 | this file has no key `shcedule` | did you mean `schedule`?
        ");
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let problem = parse("a = 1\nb = \n", "f.toml").map(|_| ()).expect_err("no value");
        assert_eq!(problem.place.line, Some(2));
    }
}
