//! Floor 1: a partner's document becomes a plan, an Odoo record a document. Text files that a consultant writes; no Rust, no Odoo.
//!
//! **Invariant:** no I/O here, and nothing of a transport or of RPC: a mapping is a function from a document to a plan.

mod apply;
mod check;
mod expression;
pub mod functions;
mod parse;
pub mod path;
pub mod template;

use serde_json::Value as Json;

pub use self::template::Template;
use self::{functions::Conversion, path::Path};
use crate::model::{Document, Plan, Problems, catalog::Catalog, plan::Write, shape::Shape};

/// An inbound mapping, read from its file.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Name of the file, as shown in problems.
    pub file: String,
    /// Schema that the documents follow, relative to `schemas/`.
    pub document: String,
    /// Model of the records.
    pub model: String,
    each: Path,
    identity: Vec<String>,
    write: Write,
    context: serde_json::Map<String, Json>,
    then: Vec<String>,
    fields: Vec<FieldRule>,
    line: u32,
}

#[derive(Debug, Clone)]
struct FieldRule {
    name: String,
    line: u32,
    column: u32,
    create_only: bool,
    required: bool,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Value(ValueRule),
    Find(FindRule),
    Lines(LinesRule),
}

/// A plain value: where it comes from and what is done to it on the way.
#[derive(Debug, Clone)]
struct ValueRule {
    line: u32,
    column: u32,
    from: From,
    table: Vec<(String, Json)>,
    conversion: Option<Conversion>,
    default: Option<Json>,
}

#[derive(Debug, Clone)]
enum From {
    Path(Path),
    Const(Json),
    Expression { text: String, with: Vec<(String, ValueRule)> },
}

#[derive(Debug, Clone)]
struct FindRule {
    model: String,
    by: Vec<(String, ValueRule)>,
    scope: Vec<Json>,
    line: u32,
}

#[derive(Debug, Clone)]
struct LinesRule {
    each: Path,
    model: Option<String>,
    identity: Vec<String>,
    fields: Vec<FieldRule>,
}

impl Mapping {
    /// Reads a mapping from its text.
    ///
    /// # Errors
    /// Everything that is wrong with the file by itself.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problems> {
        parse::parse(text, file)
    }

    /// Holds the mapping's paths against the schema and its fields against a snapshot of Odoo's; an empty list means it fits.
    pub fn check(&self, shape: &Shape, catalog: &Catalog) -> Problems {
        check::check(self, shape, catalog)
    }

    /// What the documents of a file will do to Odoo. `file` is its name in problems.
    ///
    /// # Errors
    /// Every value that is missing or cannot be converted.
    pub fn apply(&self, documents: &[Document], file: &str) -> Result<Plan, Problems> {
        apply::apply(self, documents, file)
    }

    fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.file)
    }
}
