//! XML-RPC: `POST /xmlrpc/2/object`. Works with every Odoo; deprecated in 19. Faults are tracebacks, and one of them means success.

use serde_json::{Value as Json, json};

use super::{super::OdooLogin, Call, Fault, FaultKind, OdooSettings, RpcDialect, xmlrpc_values};
use crate::{http::Http, model::BoxFuture};

pub(super) struct XmlRpc {
    http: Http,
    base: String,
    database: String,
    password: String,
    uid: i64,
}

impl XmlRpc {
    pub(super) async fn open(http: Http, settings: &OdooSettings) -> Result<Self, Fault> {
        let OdooLogin::Password { login, password } = &settings.login else {
            return Err(Fault::new(FaultKind::Login, "XML-RPC needs login and password in [odoo]"));
        };
        let base = format!("{}/xmlrpc/2", settings.url.trim_end_matches('/'));
        let mut dialect = Self { http, base, database: settings.database.clone(), password: password.clone(), uid: 0 };
        let answer = dialect.send("common", "authenticate", &[json!(dialect.database), json!(login), json!(password), json!({})]).await?;
        dialect.uid = answer.as_i64().ok_or_else(|| Fault::new(FaultKind::Login, "login or password is not accepted"))?;
        Ok(dialect)
    }

    async fn send(&self, service: &str, method: &str, params: &[Json]) -> Result<Json, Fault> {
        let body = xmlrpc_values::call(method, params);
        let answer = self.http.post(&format!("{}/{service}", self.base), &[("Content-Type", "text/xml")], body.into()).await?;
        if answer.status != 200 {
            return Err(Fault::from_status(answer.status));
        }
        let text = answer.xml()?;
        match xmlrpc_values::answer(&text) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err((code, text))) => fault(code, &text),
            Err(_) => Err(Fault::new(FaultKind::Answer, "the answer is not XML-RPC")),
        }
    }
}

/// Fault codes of the module `rpc` in Odoo: 1 an exception with its traceback, 2 a warning, 3 access denied, 4 an access error.
fn fault(code: i64, text: &str) -> Result<Json, Fault> {
    // The method returned None, which this dialect cannot write, *after* its transaction was committed: a success.
    if text.contains("cannot marshal None") {
        return Ok(Json::Null);
    }
    Err(match code {
        2 => Fault::from_exception("odoo.exceptions.UserError", text),
        3 => Fault::new(FaultKind::Login, text),
        4 => Fault::new(FaultKind::Rights, text),
        _ => {
            // The exception is the last line that is not indented; its message may have further lines.
            let lines: Vec<&str> = text.trim_end().lines().collect();
            let last_frame = lines.iter().rposition(|line| line.starts_with(' ')).map_or(0, |at| at + 1);
            let exception = lines[last_frame.min(lines.len().saturating_sub(1))..].join("\n");
            let (name, message) = exception.split_once(": ").unwrap_or((exception.as_str(), exception.as_str()));
            Fault::from_exception(name, message)
        }
    })
}

impl RpcDialect for XmlRpc {
    fn name(&self) -> &'static str {
        "xmlrpc"
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Json, Fault>> {
        Box::pin(async move {
            let (positional, named) = call.positional();
            let params = [
                json!(self.database),
                json!(self.uid),
                json!(self.password),
                json!(call.model),
                json!(call.method),
                json!(positional),
                json!(named),
            ];
            self.send("object", "execute_kw", &params).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_becomes_its_last_sentence_and_none_is_a_success() {
        let trace =
            "Traceback (most recent call last):\n  File \"x\", line 1, in f\n    g()\nValueError: Invalid field 'nmae' in 'res.partner'\n";
        let refused = fault(1, trace).expect_err("a fault");
        assert_eq!((refused.kind, refused.message.as_str()), (FaultKind::Unknown, "Invalid field 'nmae' in 'res.partner'"));
        let none = "Traceback (most recent call last):\n  File \"x\"\nTypeError: cannot marshal None unless allow_none is enabled\n";
        assert_eq!(fault(1, none).expect("committed"), Json::Null);
    }
}
