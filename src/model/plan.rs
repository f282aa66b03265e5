//! What a document will do to Odoo, as plain data: printable, comparable, and made without asking Odoo anything.

use serde::Serialize;
use serde_json::Value as Json;

use super::Place;

/// Where a planned value comes from, so that a refusal points at the partner's file and at the mapping.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Origin {
    /// Place in the partner's document.
    pub place: Place,
    /// Place in the mapping, `file:line`.
    pub mapping: String,
}

/// A reference to a record that must exist already.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Find {
    /// Model searched.
    pub model: String,
    /// Fields and values to look for, the surest first. The first that fits any record decides; more than one is a problem.
    pub by: Vec<(String, Json)>,
    /// Further conditions every candidate must meet, as an Odoo domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Json>,
    /// Where the reference stands.
    #[serde(skip)]
    pub origin: Origin,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// A plain value, as Odoo takes it.
    Literal(Json),
    /// The id of a record to be found.
    Find(Find),
    /// The records of a one2many field.
    Lines(Lines),
}

/// The lines of a one2many field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lines {
    /// Model of the lines; empty where the field itself tells.
    pub model: String,
    /// Fields that make a line the same line again; empty: lines are only ever added with their record.
    pub identity: Vec<String>,
    /// The lines.
    pub records: Vec<Record>,
}

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// Fields in the mapping's order.
    pub values: Vec<(String, Value)>,
    /// Fields that are written when the record is made and left alone afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub create_only: Vec<String>,
    /// Where the record stands in the document.
    #[serde(skip)]
    pub origin: Origin,
}

impl Record {
    /// The value planned for `field`.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }
}

/// What becomes of a record that Odoo has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Write {
    /// Found by its identity it is updated where it differs, otherwise created.
    #[default]
    Upsert,
    /// Always `create`: the model merges by itself (`stock.quant` in inventory mode).
    Create,
}

/// Everything one document does.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Model written.
    pub model: String,
    /// Fields that make a record the same record again.
    pub identity: Vec<String>,
    /// Create, or create and update.
    pub write: Write,
    /// Odoo context of the calls that write.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub context: serde_json::Map<String, Json>,
    /// The records.
    pub records: Vec<Record>,
    /// Methods called on them afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<String>,
}

impl Plan {
    /// Every reference in the plan, lines included.
    pub fn finds(&self) -> Vec<&Find> {
        fn collect<'a>(records: &'a [Record], into: &mut Vec<&'a Find>) {
            for (_, value) in records.iter().flat_map(|record| &record.values) {
                match value {
                    Value::Find(find) => into.push(find),
                    Value::Lines(lines) => collect(&lines.records, into),
                    Value::Literal(_) => {}
                }
            }
        }
        let mut finds = Vec::new();
        collect(&self.records, &mut finds);
        finds
    }
}
