//! JSON-RPC: `POST /jsonrpc`, `execute_kw` with database, uid and password; faults come with HTTP status 200.

use serde_json::{Value as Json, json};

use super::{super::OdooLogin, Call, Fault, FaultKind, OdooSettings, RpcDialect, post_json};
use crate::{http::Http, model::BoxFuture};

pub(super) struct JsonRpc {
    http: Http,
    url: String,
    database: String,
    password: String,
    uid: i64,
}

impl JsonRpc {
    pub(super) async fn open(http: Http, settings: &OdooSettings) -> Result<Self, Fault> {
        let OdooLogin::Password { login, password } = &settings.login else {
            return Err(Fault::new(FaultKind::Login, "JSON-RPC needs login and password in [odoo]"));
        };
        let url = format!("{}/jsonrpc", settings.url.trim_end_matches('/'));
        let mut dialect = Self { http, url, database: settings.database.clone(), password: password.clone(), uid: 0 };
        let answer = dialect.send("common", "authenticate", json!([dialect.database, login, password, {}])).await?;
        dialect.uid = answer.as_i64().ok_or_else(|| Fault::new(FaultKind::Login, "login or password is not accepted"))?;
        Ok(dialect)
    }

    async fn send(&self, service: &str, method: &str, args: Json) -> Result<Json, Fault> {
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": service, "method": method, "args": args}});
        let answer = post_json(&self.http, &self.url, &[], &body).await?;
        if answer.status != 200 {
            return Err(Fault::from_status(answer.status));
        }
        let mut body = answer.json()?;
        if let Some(error) = body.get("error") {
            let text = |path: &str| error.pointer(path).and_then(Json::as_str).unwrap_or_default();
            let message = if text("/data/message").is_empty() { text("/message") } else { text("/data/message") };
            return Err(Fault::from_exception(text("/data/name"), message));
        }
        Ok(body.get_mut("result").map(Json::take).unwrap_or(Json::Null))
    }
}

impl RpcDialect for JsonRpc {
    fn name(&self) -> &'static str {
        "jsonrpc"
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>> {
        Box::pin(async move {
            let (positional, named) = call.positional();
            self.send("object", "execute_kw", json!([self.database, self.uid, self.password, call.model, call.method, positional, named]))
                .await
        })
    }
}
