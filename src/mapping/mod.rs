//! Floor 2: turns a partner's document into a plan, and an Odoo record into a document. Mappings are text files that a consultant
//! writes, without Rust.
//!
//! **Invariant:** no I/O, no transport and no RPC here: a mapping is a function from a document to a plan.

mod apply;
mod check;
mod chunking;
pub mod coverage;
mod expression;
pub mod functions;
pub mod numbers;
mod order;
mod parse;
pub mod path;
mod rules;
pub mod skeleton;
pub mod tables;
pub mod template;

use serde_json::{Map, Value as Json};

pub use self::{apply::Applying, template::Template};
use self::{rules::RecordRule, tables::Tables};
use crate::model::{
    Document, Name, Plan, Problem, Problems, answer,
    catalog::Catalog,
    plan::{PostAction, WriteMode},
    shape::Shape,
};

/// An inbound mapping, read from its file.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Name of the file, as shown in problems.
    pub file: String,
    /// Schema that the documents follow, relative to `schemas/`.
    pub document: String,
    /// A document that gives no record is not a problem.
    accepts_empty: bool,
    /// Kinds of records, each after those it refers to.
    records: Vec<RecordRule>,
    /// Paths to the business numbers of its documents; empty: the identity of its records.
    numbers: Vec<numbers::Number>,
    /// Its keys that have an old name.
    pub renamed: Vec<Problem>,
}

/// What a flow gives to its mapping in addition to the document.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `id`, `name` and `gln` of the partner.
    pub partner: Map<String, Json>,
    /// The flow's `values`.
    pub values: Map<String, Json>,
}

impl Given {
    /// A term of a domain with the given values filled in: `["ref", "=", { flow = "supplier" }]`.
    fn put(&self, term: &Json) -> Json {
        let given = |value: &Json| {
            let of = |key: &str| value.get(key).and_then(Json::as_str);
            match (of("flow"), of("partner")) {
                (Some(name), _) => self.values.get(name).cloned(),
                (_, Some(name)) => self.partner.get(name).cloned(),
                _ => None,
            }
        };
        match term.get(2).and_then(given) {
            Some(value) => Json::Array(vec![term[0].clone(), term[1].clone(), value]),
            None => term.clone(),
        }
    }
}

impl Mapping {
    /// Reads a mapping from its text; `tables` has the code tables that it uses.
    ///
    /// # Errors
    /// Everything that is wrong in the file itself.
    pub fn parse(text: &str, file: &str, tables: &dyn Tables) -> Result<Self, Problems> {
        parse::parse(text, file, tables)
    }

    /// Checks the mapping's paths against the schema and its fields against a snapshot of Odoo; an empty list means that it fits.
    pub fn check(&self, shape: &Shape, catalog: &Catalog) -> Vec<Problem> {
        check::check(self, shape, catalog)
    }

    /// What the documents of a file will do to Odoo. `file` is its name in problems.
    ///
    /// # Errors
    /// Every value that is missing or cannot be converted.
    pub fn apply(&self, documents: &[Document], file: &str, given: &Given) -> Result<Plan, Problems> {
        let mut applying = Applying::new(self, file, given);
        let plan = applying.plan(documents);
        Problems::check(applying.problems()).map(|()| plan)
    }

    /// The elements that can be mapped a few at a time, as names from the root: every record is made from one of them and from content
    /// outside all of them. `None` if the document must be mapped whole.
    pub fn unit(&self) -> Option<Vec<Name>> {
        chunking::chunk_element(&self.records)
    }

    /// Names of the flow's `values` that it uses, with line and column.
    pub fn flow_values(&self) -> Vec<(String, u32, u32)> {
        self.records.iter().flat_map(RecordRule::values).filter_map(rules::ValueRule::flow_value).collect()
    }

    /// The methods that it calls afterwards: model, call, and the line and column of the records.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &PostAction, u32, u32)> {
        self.records.iter().flat_map(|rule| rule.actions.iter().map(|then| (rule.model.as_str(), then, rule.line, rule.column)))
    }

    /// Records that are always created: model, methods called afterwards, line and column.
    pub fn creates(&self) -> impl Iterator<Item = (&str, &[PostAction], u32, u32)> {
        let creates = self.records.iter().filter(|rule| rule.write == WriteMode::Create);
        creates.map(|rule| (rule.model.as_str(), rule.actions.as_slice(), rule.line, rule.column))
    }

    /// Every Odoo model that it writes or searches.
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = self.records.iter().flat_map(|rule| rule.models()).filter(|model| *model != answer::MODEL).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// The Odoo models whose records it writes, in order.
    pub fn written(&self) -> Vec<&str> {
        self.records.iter().map(|rule| rule.model.as_str()).filter(|model| *model != answer::MODEL).collect()
    }

    fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.file)
    }
}
