//! JSON-2: `POST /json/2/<model>/<method>`, bearer key, named arguments, HTTP status and a JSON fault.

use serde_json::Value as Json;

use super::{super::OdooLogin, Call, Fault, FaultKind, OdooSettings, RpcDialect, post_json};
use crate::{
    http::{Http, HttpFailure},
    model::BoxFuture,
};

pub(super) struct Json2 {
    http: Http,
    base: String,
    database: String,
    key: String,
}

impl Json2 {
    pub(super) fn open(http: Http, settings: &OdooSettings) -> Result<Self, Fault> {
        let OdooLogin::Key(key) = &settings.login else {
            return Err(Fault::new(FaultKind::Key, "JSON-2 needs an api_key in [odoo]"));
        };
        Ok(Self { http, base: settings.url.trim_end_matches('/').to_string(), database: settings.database.clone(), key: key.clone() })
    }

    async fn send(&self, call: &Call) -> Result<Json, Fault> {
        let url = format!("{}/json/2/{}/{}", self.base, call.model, call.method);
        let headers = [("Authorization", format!("Bearer {}", self.key)), ("X-Odoo-Database", self.database.clone())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = post_json(&self.http, &url, &headers, &Json::Object(call.named())).await?;
        let status = answer.status;
        let body = match answer.json() {
            Ok(body) => Some(body),
            Err(HttpFailure::NotJson) => None,
            Err(failure) => return Err(failure.into()),
        };
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

impl RpcDialect for Json2 {
    fn name(&self) -> &'static str {
        "json2"
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>> {
        Box::pin(self.send(call))
    }
}
