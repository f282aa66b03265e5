//! The three ways to speak to Odoo, behind one trait. Adding one is a file here and two lines below.

mod json2;
mod jsonrpc;
mod xmlrpc;
pub(super) mod xmlrpc_values;

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Call, DialectChoice, Fault, FaultKind, OdooSettings};
use crate::model::BoxFuture;

/// A way to make calls.
pub trait Dialect: Send + Sync {
    /// Its name in configuration and logs.
    fn name(&self) -> &'static str;

    /// Makes one call: one transaction on Odoo's side.
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>>;
}

/// The HTTP client of all dialects.
pub(super) fn http(timeout: Duration) -> Result<reqwest::Client, Fault> {
    // A second call finds the provider set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(20)))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("consign/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Fault::new(FaultKind::Unreachable, "no HTTP client (are the system's CA certificates readable?)"))
}

/// The server's version: over JSON-RPC, which every server today has, or where that is gone from JSON-2's own address.
pub(super) async fn version(http: &reqwest::Client, url: &str) -> Result<String, Fault> {
    let url = url.trim_end_matches('/');
    let ask = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "version", "args": []}});
    let answer = http.post(format!("{url}/jsonrpc")).json(&ask).send().await.map_err(|error| Fault::from_http(&error))?;
    if answer.status().is_success() {
        let body: Json = answer.json().await.map_err(|_| not_odoo())?;
        if let Some(version) = body.pointer("/result/server_version").and_then(Json::as_str) {
            return Ok(version.to_string());
        }
        return Err(not_odoo());
    }
    let answer = http.get(format!("{url}/json/version")).send().await.map_err(|error| Fault::from_http(&error))?;
    match answer.status().as_u16() {
        200 => answer
            .json::<Json>()
            .await
            .ok()
            .and_then(|body| body.get("version").and_then(Json::as_str).map(str::to_string))
            .ok_or_else(not_odoo),
        404 => Err(not_odoo()),
        other => Err(Fault::from_status(other)),
    }
}

/// Opens the dialect; those with a login step take it here.
pub(super) async fn open(choice: DialectChoice, http: reqwest::Client, settings: &OdooSettings) -> Result<Box<dyn Dialect>, Fault> {
    Ok(match choice {
        DialectChoice::Json2 => Box::new(json2::Json2::open(http, settings)?),
        DialectChoice::XmlRpc => Box::new(xmlrpc::XmlRpc::open(http, settings).await?),
        DialectChoice::JsonRpc | DialectChoice::Auto => Box::new(jsonrpc::JsonRpc::open(http, settings).await?),
    })
}

fn not_odoo() -> Fault {
    Fault::new(FaultKind::Answer, "no Odoo answers at this address")
}
