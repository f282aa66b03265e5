//! What a document will do to Odoo, as plain data: printable, comparable, and made without asking Odoo anything.
//!
//! **Invariant:** a plan knows the source of each value, in the partner's document and in the mapping. So whoever refuses a value can
//! point there.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::Place;

/// Where a planned value comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ValueOrigin {
    /// Place in the partner's document.
    pub place: Place,
    /// Place in the mapping, `file:line`.
    pub mapping: String,
}

/// What to do if a reference finds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// The document is refused.
    #[default]
    Fail,
    /// The document is held until a person creates the record.
    Hold,
    /// The field stays unchanged.
    Empty,
    /// The record is created from the fields given for it.
    Create,
}

/// What to do if a reference finds several records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnAmbiguous {
    /// The document is refused.
    #[default]
    Fail,
    /// The document is held until a person resolves it.
    Hold,
    /// The oldest one is used.
    First,
}

/// A condition of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DomainTerm {
    /// A term of an Odoo domain.
    Fixed(Json),
    /// A term whose value is the record that another field refers to.
    Field {
        /// Field of the model that is searched.
        path: String,
        /// `=`, `child_of`…
        operator: String,
        /// Field of the record that refers.
        field: String,
    },
}

/// A reference to an Odoo record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Find {
    /// Model searched.
    pub model: String,
    /// Fields and values to search by, the surest first. The first that matches any record decides.
    pub by: Vec<(String, Json)>,
    /// Further conditions every candidate must meet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<DomainTerm>,
    /// Archived records count too.
    #[serde(skip_serializing_if = "is_false")]
    pub archived: bool,
    /// What to do if there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub on_missing: OnMissing,
    /// What to do if there are several.
    #[serde(skip_serializing_if = "is_default")]
    pub many: OnAmbiguous,
    /// The record to create if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<Box<Record>>,
    /// Place of the reference.
    #[serde(skip)]
    pub origin: ValueOrigin,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanValue {
    /// A plain value, as Odoo accepts it.
    Literal(Json),
    /// The id of a record that must be looked up.
    Find(Find),
    /// The records of a one2many field.
    Lines(OrderedLines),
    /// The records of a many2many field.
    Set(RecordSet),
    /// A record that an earlier step of the same plan creates or finds.
    Record(Reference),
    /// The record that another field of this record (or of its parent) refers to.
    Field(String),
}

/// A record of an earlier step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// Index of the step.
    pub step: usize,
    /// Index of the record in it.
    pub record: usize,
    /// A field of that record, whose value is used; `None`: the record itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// What happens to lines in Odoo that the document does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingLines {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Remove,
    /// They are archived.
    Archive,
}

/// The lines of a one2many field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderedLines {
    /// Model of the lines; empty if the field itself determines it.
    pub model: String,
    /// Identity fields of a line; empty: lines are only ever added with their record.
    pub identity: Vec<String>,
    /// What happens to lines that the document no longer has.
    #[serde(skip_serializing_if = "is_default")]
    pub missing_lines: MissingLines,
    /// A line that the record in Odoo does not have is a problem, and is not added.
    #[serde(skip_serializing_if = "is_false")]
    pub known_only: bool,
    /// The lines.
    pub records: Vec<Record>,
}

/// The records of a many2many field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordSet {
    /// The members.
    pub finds: Vec<Find>,
    /// Members in Odoo that the document does not have stay there.
    #[serde(skip_serializing_if = "is_false")]
    pub add: bool,
}

/// A field of a record with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanField {
    /// Name.
    pub name: String,
    /// Value.
    pub value: PlanValue,
    /// Written when the record is created, and not changed afterwards.
    pub create_only: bool,
    /// Written even if a person changed it after our last write.
    pub overwrite: bool,
    /// Its source.
    pub origin: ValueOrigin,
}

impl Serialize for PlanField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, &self.value).serialize(serializer)
    }
}

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// Its name in `ir.model.data`, if the step uses external ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// Fields in the mapping's order.
    #[serde(rename = "values")]
    pub fields: Vec<PlanField>,
    /// Line and column of its source element: refused records are written out by it.
    #[serde(skip)]
    pub part: (u32, u32),
    /// Place of the record in the document.
    #[serde(skip)]
    pub origin: ValueOrigin,
}

impl Record {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&PlanField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The value planned for the field of this name.
    pub fn value(&self, name: &str) -> Option<&PlanValue> {
        self.field(name).map(|field| &field.value)
    }
}

/// How a record is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteMode {
    /// Looked up by its identity: updated if it differs, created if it does not exist.
    #[default]
    Upsert,
    /// Always `create`: the model itself merges records (`stock.quant` in inventory mode).
    Create,
    /// It must exist, and is updated if it differs.
    Update,
}

/// A method called on the records after writing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PostAction {
    /// The method.
    pub method: String,
    /// Answers to the questions that Odoo would ask: `backorder`, `sms`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Json>,
}

/// Records of one model that are written together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RecordStep {
    /// Name in the mapping; empty if it has only one kind of record.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Model written.
    pub model: String,
    /// Identity fields of a record; none with external ids.
    pub identity: Vec<String>,
    /// Module of the external ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Create, update, or both.
    pub write: WriteMode,
    /// With [`WriteMode::Update`]: what to do if there is no such record.
    #[serde(skip_serializing_if = "is_default")]
    pub on_missing: OnMissing,
    /// Conditions that a found record must meet; otherwise it is not changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Json>,
    /// Odoo context of the write calls.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Json>,
    /// The records.
    pub records: Vec<Record>,
    /// Methods called on them after writing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<PostAction>,
}

/// Everything that one document does, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The steps; a later one may refer to records of an earlier one.
    pub steps: Vec<RecordStep>,
}

impl Plan {
    /// How many records it has.
    pub fn len(&self) -> usize {
        self.steps.iter().map(|step| step.records.len()).sum()
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
