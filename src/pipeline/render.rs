//! The result of a flow for a file or a record, without Odoo, drop or journal: for `consign plan` and `consign test`.

use serde_json::{Value as Json, json};

use super::validate::{Schemas, validate_and_parse};
pub use crate::endpoint::values::RenderContext;
use crate::{
    config::{Flow, Inbound, Outbound, Workspace},
    endpoint::values::values,
    format::{ByteSource, Limits, xml},
    model::{Code, Events, Plan, Problem, Problems, codes::Who},
    schema::{Schema, ValidatedFile},
    storage::safe_name,
};

/// The plan of an inbound flow for a file.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn plan(source: &ByteSource, name: &str, inbound: Inbound<'_>, schemas: &Schemas) -> Result<Plan, Problems> {
    let documents = validate_and_parse(source, name, inbound, schemas)?;
    inbound.map.mapping.apply(&documents, name, &inbound.map.given)
}

/// A rendered document.
#[derive(Debug)]
pub struct RenderedDocument {
    /// File name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The document that an outbound flow renders from records as read from Odoo.
///
/// # Errors
/// The template cannot be filled in.
pub fn document(
    workspace: &Workspace,
    flow: &Flow,
    outbound: Outbound<'_>,
    records: Vec<Json>,
    context: &RenderContext,
) -> Result<RenderedDocument, Problem> {
    let mut values = values(workspace, flow, outbound.render, context);
    if outbound.records.per_file > 1 {
        values.insert("records".into(), Json::Array(records));
    } else {
        values.insert("record".into(), records.into_iter().next().unwrap_or_default());
    }
    let name = safe_name(outbound.render.name.render(&Json::Object(values.clone()))?.trim());
    values.insert("file".into(), json!(name));
    let text = outbound.render.template.render(&Json::Object(values))?;
    Ok(RenderedDocument { name, text })
}

/// Validates a document that we made.
///
/// # Errors
/// Its problems: we must fix them, not the partner.
pub fn check(schema: &Schema, name: &str, bytes: Vec<u8>) -> Result<(), Problems> {
    let (source, own) = (ByteSource::Bytes(bytes.into()), name.to_string());
    let read = move |judge: &mut dyn Events| {
        xml::stream(&source, &own, &Limits::default(), xml::XmlOptions::default(), judge).map_err(Problems::from)
    };
    let (_, found) = schema.judge(&ValidatedFile::named(name), read);
    if found.is_empty() {
        return Ok(());
    }
    let first = Problem::new(Code::OutInvalid, "the rendered document does not match its schema; it was not sent")
        .hint("correct the template or the data in Odoo, then reprocess");
    let ours = found.into_iter().map(|mut problem| {
        problem.who = Who::Consultant;
        problem
    });
    Err(Problems::from(first.in_file(name)).and(ours))
}
