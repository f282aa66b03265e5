//! `[traces]` in consign.toml: where the spans of messages go, for whoever has a collector of OpenTelemetry.

use super::{SecretSource, address, secrets};
use crate::model::toml_reader::TomlReader;

/// A collector of OpenTelemetry.
#[derive(Debug, Clone)]
pub struct Traces {
    /// Where spans are posted, as OTLP over HTTP in JSON.
    pub url: String,
    /// What the collector asks for as a bearer token.
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
