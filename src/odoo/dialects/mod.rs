//! The three RPC dialects of Odoo, behind one trait. A new dialect is a file here and two lines below.

mod json2;
mod jsonrpc;
mod xmlrpc;
pub(super) mod xmlrpc_values;

use serde_json::{Value as Json, json};

use super::{Call, DialectChoice, Fault, FaultKind, OdooSettings};
use crate::{
    http::{Http, HttpResponse},
    model::BoxFuture,
};

/// A dialect for calls.
pub trait RpcDialect: Send + Sync {
    /// Its name in configuration and logs.
    fn name(&self) -> &'static str;

    /// Makes one call: one transaction on Odoo's side.
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>>;
}

/// The server's version: over JSON-RPC, which every server today has, or otherwise from JSON-2's own address.
pub(super) async fn version(http: &Http, url: &str) -> Result<String, Fault> {
    let url = url.trim_end_matches('/');
    let ask = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "version", "args": []}});
    let answer = post_json(http, &format!("{url}/jsonrpc"), &[], &ask).await?;
    if (200..300).contains(&answer.status) {
        let body = answer.json().map_err(|_| not_odoo())?;
        if let Some(version) = body.pointer("/result/server_version").and_then(Json::as_str) {
            return Ok(version.to_string());
        }
        return Err(not_odoo());
    }
    let answer = http.get(&format!("{url}/json/version")).await?;
    match answer.status {
        200 => {
            let body = answer.json().map_err(|_| not_odoo())?;
            body.get("version").and_then(Json::as_str).map(str::to_string).ok_or_else(not_odoo)
        }
        404 => Err(not_odoo()),
        other => Err(Fault::from_status(other)),
    }
}

/// Sends JSON.
async fn post_json(http: &Http, url: &str, headers: &[(&str, &str)], body: &Json) -> Result<HttpResponse, Fault> {
    let headers = [headers, &[("Content-Type", "application/json")]].concat();
    Ok(http.post(url, &headers, body.to_string().into_bytes()).await?)
}

/// Opens the dialect; those with a login step sign in here.
pub(super) async fn open(choice: DialectChoice, http: Http, settings: &OdooSettings) -> Result<Box<dyn RpcDialect>, Fault> {
    Ok(match choice {
        DialectChoice::Json2 => Box::new(json2::Json2::open(http, settings)?),
        DialectChoice::XmlRpc => Box::new(xmlrpc::XmlRpc::open(http, settings).await?),
        DialectChoice::JsonRpc | DialectChoice::Auto => Box::new(jsonrpc::JsonRpc::open(http, settings).await?),
    })
}

fn not_odoo() -> Fault {
    Fault::new(FaultKind::Answer, "no Odoo answers at this address")
}
