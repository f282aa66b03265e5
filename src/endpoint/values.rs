//! Values for templates besides the records: the partner, the flow's own values, the message.

use serde_json::{Map, Value as Json, json};

use crate::{
    config::{Flow, RenderRecords, Workspace},
    model::Message,
};

/// Values for a document besides its records.
#[derive(Debug, Clone)]
pub struct RenderContext {
    /// The time, in Odoo's format.
    pub now: String,
    /// The message's short id.
    pub message: String,
    /// The file's name, if it has one already.
    pub file: String,
    /// Its number, if the flow numbers its files.
    pub sequence: Option<i64>,
    /// The version of the record, if the flow resends changed records.
    pub version: u64,
}

impl RenderContext {
    /// The values of a message. The time is the message's, not the attempt's: rendered again, the document is the same.
    pub fn of(message: &Message, version: u64) -> Self {
        Self {
            now: message.received.format("%Y-%m-%d %H:%M:%S").to_string(),
            message: message.id.short(),
            file: message.name.clone(),
            sequence: message.sequence,
            version,
        }
    }
}

impl Default for RenderContext {
    /// The values for samples, always the same.
    fn default() -> Self {
        Self { now: "2026-01-02 03:04:05".into(), message: "00000000".into(), file: String::new(), sequence: Some(1), version: 1 }
    }
}

/// What a template may use besides its records: the partner, the flow's own values, the message.
pub fn values(workspace: &Workspace, flow: &Flow, render: &RenderRecords, context: &RenderContext) -> Map<String, Json> {
    let mut values: Map<String, Json> = render.values.clone();
    let partner = workspace.partners.get(&flow.partner);
    values.insert(
        "partner".into(),
        json!({"id": flow.partner, "name": partner.map(|partner| &partner.name), "gln": partner.and_then(|partner| partner.gln.as_ref())}),
    );
    values.insert("now".into(), json!(context.now));
    values.insert("message".into(), json!(context.message));
    values.insert("file".into(), json!(context.file));
    values.insert("version".into(), json!(context.version));
    if let (Some(number), Some(_)) = (context.sequence, render.sequence) {
        values.insert("sequence".into(), json!(number));
    }
    values
}
