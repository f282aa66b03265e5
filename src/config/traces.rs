//! `[traces]` in consign.toml: where to send the spans of messages, for an OpenTelemetry collector.

use super::{SecretSource, address, secrets};
use crate::model::toml_reader::TomlReader;

/// An OpenTelemetry collector.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The URL for spans, as OTLP over HTTP in JSON.
    pub url: String,
    /// The collector's bearer token.
    pub token: Option<SecretSource>,
}

pub(super) fn read(reader: &TomlReader<'_>) -> Option<Traces> {
    let table = reader.table("traces")?;
    if table.node("url").is_none() {
        table.missing("url");
    }
    let url = address::read(&table, "url", "http://127.0.0.1:4318/v1/traces").unwrap_or_default();
    let token = secrets::read(&table, "token");
    table.finish();
    Some(Traces { url, token })
}
