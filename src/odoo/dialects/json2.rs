//! JSON-2: `POST /json/2/<model>/<method>`, bearer key, named arguments, HTTP status and a JSON fault.

use serde_json::Value as Json;

use super::{super::OdooLogin, Call, Dialect, Fault, FaultKind, OdooSettings};
use crate::model::BoxFuture;

pub(super) struct Json2 {
    http: reqwest::Client,
    base: String,
    database: String,
    key: String,
}

impl Json2 {
    pub(super) fn open(http: reqwest::Client, settings: &OdooSettings) -> Result<Self, Fault> {
        let OdooLogin::Key(key) = &settings.login else {
            return Err(Fault::new(FaultKind::Key, "JSON-2 needs an api_key in [odoo]"));
        };
        Ok(Self { http, base: settings.url.trim_end_matches('/').to_string(), database: settings.database.clone(), key: key.clone() })
    }

    async fn send(&self, call: &Call) -> Result<Json, Fault> {
        let request = self
            .http
            .post(format!("{}/json/2/{}/{}", self.base, call.model, call.method))
            .bearer_auth(&self.key)
            .header("X-Odoo-Database", &self.database)
            .json(&call.named());
        let answer = request.send().await.map_err(|error| Fault::from_http(&error))?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(|error| Fault::from_http(&error))?;
        let body: Option<Json> = serde_json::from_slice(&bytes).ok();
        match (status, body) {
            (200, Some(body)) => Ok(body),
            (401, _) => Err(Fault::from_status(401)),
            (_, Some(Json::Object(fault))) if fault.contains_key("name") => {
                let text = |key: &str| fault.get(key).and_then(Json::as_str).unwrap_or_default();
                Err(match (status, Fault::from_exception(text("name"), text("message"))) {
                    // Odoo answers 404 both for a missing record (MissingError) and for an unknown model or method.
                    (404, fault) if fault.kind == FaultKind::Server => Fault { kind: FaultKind::Unknown, ..fault },
                    (_, fault) => fault,
                })
            }
            (200, None) => Err(Fault::new(FaultKind::Answer, "the answer is not JSON")),
            (other, _) => Err(Fault::from_status(other)),
        }
    }
}

impl Dialect for Json2 {
    fn name(&self) -> &'static str {
        "json2"
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>> {
        Box::pin(self.send(call))
    }
}
