//! Floor 2: a partner's document becomes a plan, an Odoo record a document. Text files that a consultant writes; no Rust, no Odoo.
//!
//! **Invariant:** no I/O here, and nothing of a transport or of RPC: a mapping is a function from a document to a plan.

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
    /// A document of which no record is made is no problem.
    accepts_empty: bool,
    /// Kinds of records, in an order in which each comes after those it refers to.
    records: Vec<RecordRule>,
    /// Paths to the numbers that its documents are found by; empty: what makes its records the same again.
    numbers: Vec<numbers::Number>,
    /// Its keys that have an old name.
    pub renamed: Vec<Problem>,
}

/// What a flow gives to its mapping besides the document.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `id`, `name` and `gln` of the partner.
    pub partner: Map<String, Json>,
    /// The flow's `values`.
    pub values: Map<String, Json>,
}

impl Given {
    /// A term of a domain with what is given put in: `["ref", "=", { flow = "supplier" }]`.
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
    /// Reads a mapping from its text; `tables` has the code tables that it names.
    ///
    /// # Errors
    /// Everything that is wrong with the file by itself.
    pub fn parse(text: &str, file: &str, tables: &dyn Tables) -> Result<Self, Problems> {
        parse::parse(text, file, tables)
    }

    /// Holds the mapping's paths against the schema and its fields against a snapshot of Odoo's; an empty list means it fits.
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

    /// The elements of which a document can be mapped a few at a time, as names from the root: every record is made of one of them
    /// and of what stands outside of all of them. `None` where the document must be mapped whole.
    pub fn unit(&self) -> Option<Vec<Name>> {
        chunking::chunk_element(&self.records)
    }

    /// Names of the flow's `values` that it uses, with line and column.
    pub fn flow_values(&self) -> Vec<(String, u32, u32)> {
        self.records.iter().flat_map(RecordRule::values).filter_map(rules::ValueRule::flow_value).collect()
    }

    /// The methods it calls afterwards: model, call, and the line and column of the records.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &PostAction, u32, u32)> {
        self.records.iter().flat_map(|rule| rule.then.iter().map(|then| (rule.model.as_str(), then, rule.line, rule.column)))
    }

    /// Records that are always made anew: model, what is called afterwards, line and column.
    pub fn creates(&self) -> impl Iterator<Item = (&str, &[PostAction], u32, u32)> {
        let creates = self.records.iter().filter(|rule| rule.write == WriteMode::Create);
        creates.map(|rule| (rule.model.as_str(), rule.then.as_slice(), rule.line, rule.column))
    }

    /// Every model of Odoo's that it writes or searches.
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = self.records.iter().flat_map(|rule| rule.models()).filter(|model| *model != answer::MODEL).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// The models of Odoo's that it writes records of, in order.
    pub fn written(&self) -> Vec<&str> {
        self.records.iter().map(|rule| rule.model.as_str()).filter(|model| *model != answer::MODEL).collect()
    }

    fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.file)
    }
}
