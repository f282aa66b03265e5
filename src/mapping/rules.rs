//! The rules of a mapping, as in its file.

use serde_json::{Map, Value as Json};

use super::{functions::Conversion, path::Path, tables::CodeTable};
use crate::model::plan::{MissingLines, OnAmbiguous, OnMissing, PostAction, WriteMode};

/// Records of one kind.
#[derive(Debug, Clone)]
pub(super) struct RecordRule {
    /// Name by which others refer to it; empty for the only one.
    pub(super) name: String,
    pub(super) model: String,
    pub(super) each: Path,
    /// Elements with equal values at this path make one record.
    pub(super) group: Option<Path>,
    pub(super) when: Option<When>,
    pub(super) identity: Vec<String>,
    /// Source of the external id; then there is no identity by fields.
    pub(super) external: Option<ValueRule>,
    pub(super) write: WriteMode,
    pub(super) on_missing: OnMissing,
    pub(super) overwrite: bool,
    /// Further conditions for the records that are found.
    pub(super) scope: Vec<Json>,
    pub(super) context: Map<String, Json>,
    pub(super) actions: Vec<PostAction>,
    pub(super) fields: Vec<FieldRule>,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct FieldRule {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) create_only: bool,
    pub(super) overwrite: bool,
    /// As the mapping says; by default the kind of the field decides.
    pub(super) required: Option<bool>,
    pub(super) when: Option<When>,
    pub(super) rule: FieldSource,
}

/// Where a field's value comes from.
#[derive(Debug, Clone)]
pub(super) enum FieldSource {
    Value(ValueRule),
    Find(FindRule),
    Lines(LinesRule),
    Set(SetRule),
    /// A record of another rule, or a field of it.
    Record {
        rule: String,
        field: Option<String>,
    },
    /// The record to which another field of the same record refers.
    Field(String),
}

/// A plain value: its source and its conversions.
#[derive(Debug, Clone)]
pub(super) struct ValueRule {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) from: From,
    /// Joins several values of the path, with this between them.
    pub(super) join: Option<String>,
    /// Splits the text at this character and selects the part of this number (from 1; negative from the end).
    pub(super) split: Option<(String, i64)>,
    pub(super) table: Option<CodeTable>,
    pub(super) conversions: Vec<Conversion>,
    pub(super) default: Option<Json>,
}

/// The source of a value.
#[derive(Debug, Clone)]
pub(super) enum From {
    /// The first path that has a value.
    Paths(Vec<Path>),
    Const(Json),
    Expression {
        text: String,
        with: Vec<(String, ValueRule)>,
    },
    /// `id`, `name` or `gln` of the partner.
    Partner(String),
    /// One of the flow's `values`.
    Flow(String),
}

/// A condition.
#[derive(Debug, Clone)]
pub(super) enum When {
    /// The path has a value that is not empty.
    Path(Path),
    Expression {
        text: String,
        with: Vec<(String, ValueRule)>,
        line: u32,
    },
}

/// A reference.
#[derive(Debug, Clone)]
pub(super) struct FindRule {
    pub(super) model: String,
    pub(super) by: Vec<(String, ValueRule)>,
    pub(super) scope: Vec<Json>,
    pub(super) archived: bool,
    pub(super) on_missing: OnMissing,
    pub(super) many: OnAmbiguous,
    pub(super) create: Vec<FieldRule>,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Lines of a one2many.
#[derive(Debug, Clone)]
pub(super) struct LinesRule {
    pub(super) each: Path,
    pub(super) model: Option<String>,
    pub(super) identity: Vec<String>,
    pub(super) missing_lines: MissingLines,
    pub(super) known_only: bool,
    pub(super) fields: Vec<FieldRule>,
}

/// Members of a many2many.
#[derive(Debug, Clone)]
pub(super) struct SetRule {
    pub(super) each: Path,
    pub(super) add: bool,
    pub(super) find: FindRule,
}

impl ValueRule {
    /// A value from this source, unchanged.
    pub(super) fn plain(from: From, line: u32, column: u32) -> Self {
        Self { line, column, from, join: None, split: None, table: None, conversions: Vec::new(), default: None }
    }

    /// This value and the values inside it.
    pub(super) fn all(&self) -> Vec<&ValueRule> {
        let mut all = vec![self];
        if let From::Expression { with, .. } = &self.from {
            all.extend(with.iter().flat_map(|(_, value)| value.all()));
        }
        all
    }

    /// Its own paths.
    pub(super) fn paths(&self) -> &[Path] {
        if let From::Paths(paths) = &self.from { paths } else { &[] }
    }

    pub(super) fn flow_value(&self) -> Option<(String, u32, u32)> {
        if let From::Flow(name) = &self.from { Some((name.clone(), self.line, self.column)) } else { None }
    }
}

impl When {
    pub(super) fn values(&self) -> Vec<&ValueRule> {
        match self {
            Self::Path(_) => Vec::new(),
            Self::Expression { with, .. } => with.iter().flat_map(|(_, value)| value.all()).collect(),
        }
    }
}

impl FindRule {
    fn values(&self) -> Vec<&ValueRule> {
        let by = self.by.iter().flat_map(|(_, value)| value.all());
        by.chain(self.create.iter().flat_map(FieldRule::values)).collect()
    }
}

impl FieldRule {
    /// Every value in it.
    pub(super) fn values(&self) -> Vec<&ValueRule> {
        let mut all: Vec<&ValueRule> = self.when.iter().flat_map(When::values).collect();
        match &self.rule {
            FieldSource::Value(value) => all.extend(value.all()),
            FieldSource::Find(find) => all.extend(find.values()),
            FieldSource::Set(set) => all.extend(set.find.values()),
            FieldSource::Lines(lines) => all.extend(lines.fields.iter().flat_map(FieldRule::values)),
            FieldSource::Record { .. } | FieldSource::Field(_) => {}
        }
        all
    }

    /// Whether a missing value is a problem by default: a reference without condition.
    pub(super) fn needs(&self) -> bool {
        matches!(self.rule, FieldSource::Find(_)) && self.when.is_none()
    }

    /// Every path in it.
    pub(super) fn paths(&self) -> Vec<&Path> {
        let mut all: Vec<&Path> = self.values().into_iter().flat_map(ValueRule::paths).collect();
        all.extend(self.when.iter().filter_map(|when| if let When::Path(path) = when { Some(path) } else { None }));
        match &self.rule {
            FieldSource::Lines(lines) => {
                all.push(&lines.each);
                all.extend(lines.fields.iter().flat_map(FieldRule::paths));
            }
            FieldSource::Set(set) => all.push(&set.each),
            FieldSource::Find(find) => all.extend(find.create.iter().flat_map(FieldRule::paths)),
            _ => {}
        }
        all
    }

    /// Names of the rules that it refers to.
    pub(super) fn refers(&self) -> Vec<&str> {
        match &self.rule {
            FieldSource::Record { rule, .. } => vec![rule],
            FieldSource::Lines(lines) => lines.fields.iter().flat_map(FieldRule::refers).collect(),
            FieldSource::Find(find) => find.create.iter().flat_map(FieldRule::refers).collect(),
            _ => Vec::new(),
        }
    }

    fn models(&self) -> Vec<&str> {
        match &self.rule {
            FieldSource::Find(find) => std::iter::once(find.model.as_str()).chain(find.create.iter().flat_map(FieldRule::models)).collect(),
            FieldSource::Set(set) => vec![&set.find.model],
            FieldSource::Lines(lines) => {
                lines.model.as_deref().into_iter().chain(lines.fields.iter().flat_map(FieldRule::models)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl RecordRule {
    /// Every value in it.
    pub(super) fn values(&self) -> Vec<&ValueRule> {
        let own = self.external.iter().flat_map(ValueRule::all).chain(self.when.iter().flat_map(When::values));
        own.chain(self.fields.iter().flat_map(FieldRule::values)).collect()
    }

    /// Every path in it except `each`, relative to the elements of `each`.
    pub(super) fn paths(&self) -> Vec<&Path> {
        let own = self.external.iter().flat_map(ValueRule::all).flat_map(ValueRule::paths);
        let when = self.when.iter().flat_map(When::values).flat_map(ValueRule::paths);
        let when = when.chain(self.when.iter().filter_map(|when| if let When::Path(path) = when { Some(path) } else { None }));
        own.chain(when).chain(&self.group).chain(self.fields.iter().flat_map(FieldRule::paths)).collect()
    }

    pub(super) fn models(&self) -> Vec<&str> {
        std::iter::once(self.model.as_str()).chain(self.fields.iter().flat_map(FieldRule::models)).collect()
    }
}
