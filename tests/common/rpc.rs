//! Odoo read back without our client: a few lines of JSON-RPC.

use serde_json::{Value as Json, json};

/// An Odoo to ask.
#[derive(Clone, Debug)]
pub struct Target {
    pub url: String,
    pub database: String,
    pub login: String,
    pub password: String,
    pub key: String,
}

impl Target {
    /// Calls a method and panics on a fault, with what it says.
    pub async fn call(&self, model: &str, method: &str, args: Json, named: Json) -> Json {
        let params =
            json!({"service": "object", "method": "execute_kw", "args": [self.database, 2, self.password, model, method, args, named]});
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params});
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answer: Json = reqwest::Client::new()
            .post(format!("{}/jsonrpc", self.url))
            .json(&body)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        assert!(answer.get("error").is_none(), "{model}.{method}: {}", answer["error"]["data"]["message"]);
        answer["result"].clone()
    }

    pub async fn search_read(&self, model: &str, domain: Json, fields: &[&str]) -> Vec<Json> {
        self.call(model, "search_read", json!([domain]), json!({"fields": fields, "order": "id"}))
            .await
            .as_array()
            .cloned()
            .expect("records")
    }

    pub async fn count(&self, model: &str, domain: Json) -> i64 {
        self.call(model, "search_count", json!([domain]), json!({})).await.as_i64().expect("a number")
    }

    pub async fn create(&self, model: &str, values: Json) -> i64 {
        self.call(model, "create", json!([[values]]), json!({})).await[0].as_i64().expect("an id")
    }
}
