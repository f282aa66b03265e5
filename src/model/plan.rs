//! What a document will do to Odoo, as plain data: printable, comparable, and made without asking Odoo anything.
//!
//! **Invariant:** a plan knows where each of its values comes from, in the partner's document and in the mapping, so that whatever
//! refuses one can point there.

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

/// What is done where a reference finds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// The document is refused.
    #[default]
    Fail,
    /// The document is held until a person has made the record.
    Hold,
    /// The field stays as it is.
    Empty,
    /// The record is made, of the fields given for it.
    Create,
}

/// What is done where a reference finds several records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnAmbiguous {
    /// The document is refused.
    #[default]
    Fail,
    /// The document is held until a person has cleared it up.
    Hold,
    /// The oldest is taken.
    First,
}

/// A condition of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DomainTerm {
    /// A term of an Odoo domain.
    Fixed(Json),
    /// A term whose value is what another field of the same record refers to.
    Field {
        /// Field of the model that is searched.
        path: String,
        /// `=`, `child_of`…
        operator: String,
        /// Field of the record that refers.
        field: String,
    },
}

/// A reference to a record of Odoo's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Find {
    /// Model searched.
    pub model: String,
    /// Fields and values to look for, the surest first. The first that fits any record decides.
    pub by: Vec<(String, Json)>,
    /// Further conditions every candidate must meet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<DomainTerm>,
    /// Archived records count as well.
    #[serde(skip_serializing_if = "is_false")]
    pub archived: bool,
    /// Where there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub none: OnMissing,
    /// Where there are several.
    #[serde(skip_serializing_if = "is_default")]
    pub many: OnAmbiguous,
    /// What is made where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<Box<Record>>,
    /// Where the reference stands.
    #[serde(skip)]
    pub origin: ValueOrigin,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanValue {
    /// A plain value, as Odoo takes it.
    Literal(Json),
    /// The id of a record to be found.
    Find(Find),
    /// The records of a one2many field.
    Lines(OrderedLines),
    /// The records of a many2many field.
    Set(RecordSet),
    /// A record that an earlier step of the same plan makes or finds.
    Record(Reference),
    /// Whatever another field of the record (or of the one that it is made for) refers to.
    Field(String),
}

/// A record of an earlier step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// Index of the step.
    pub step: usize,
    /// Index of the record in it.
    pub record: usize,
    /// A field of that record, whose value is meant; none: the record itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// What becomes of lines in Odoo that the document does not have.
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
    /// Model of the lines; empty where the field itself tells.
    pub model: String,
    /// Fields that make a line the same line again; empty: lines are only ever added with their record.
    pub identity: Vec<String>,
    /// Lines that the document no longer has.
    #[serde(skip_serializing_if = "is_default")]
    pub gone: MissingLines,
    /// A line that the record in Odoo does not have is a problem, and not added.
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
    /// Members in Odoo that the document does not have stay.
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
    /// Written when the record is made and left alone afterwards.
    pub create_only: bool,
    /// Written even where a person has changed it since we last wrote.
    pub overwrite: bool,
    /// Where it comes from.
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
    /// Its name in `ir.model.data`, where the step goes by external ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// Fields in the mapping's order.
    #[serde(rename = "values")]
    pub fields: Vec<PlanField>,
    /// Line and column of the part of the document that it is made of: what is refused is written out by it.
    #[serde(skip)]
    pub part: (u32, u32),
    /// Where the record stands in the document.
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

/// What becomes of a record that Odoo has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteMode {
    /// Found by its identity it is updated where it differs, otherwise created.
    #[default]
    Upsert,
    /// Always `create`: the model merges by itself (`stock.quant` in inventory mode).
    Create,
    /// It must be there, and is updated where it differs.
    Update,
}

/// A method called on the records afterwards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PostAction {
    /// The method.
    pub method: String,
    /// What is decided beforehand of the questions that Odoo would ask: `backorder`, `sms`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Json>,
}

/// Records of one model that go out together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RecordStep {
    /// Name in the mapping; empty where it has only one kind of record.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Model written.
    pub model: String,
    /// Fields that make a record the same record again; with external ids none.
    pub identity: Vec<String>,
    /// Module of the external ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Create, update, or both.
    pub write: WriteMode,
    /// With [`WriteMode::Update`]: what is done where there is no such record.
    #[serde(skip_serializing_if = "is_default")]
    pub none: OnMissing,
    /// What a record that is found must meet besides: one that does not is not touched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Json>,
    /// Odoo context of the calls that write.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Json>,
    /// The records.
    pub records: Vec<Record>,
    /// Methods called on them afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<PostAction>,
}

/// Everything one document does, in the order in which it is done.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The steps; a later one may refer to the records of an earlier one.
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
