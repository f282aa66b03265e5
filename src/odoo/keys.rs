//! API keys that expire soon: in Odoo a key is valid for at most three months, and then nothing can be written any more.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use super::Odoo;
use crate::model::{Code, Problem};

/// How long before its expiry a key is reported.
pub const WARNED: TimeDelta = TimeDelta::days(14);

/// The user's own keys that expire within [`WARNED`], each as a problem; none if the server does not report them.
pub async fn ending(odoo: &Odoo, now: DateTime<Utc>) -> Vec<Problem> {
    let until = (now + WARNED).format("%Y-%m-%d %H:%M:%S").to_string();
    let domain = json!([["user_id", "=", odoo.user()], ["expiration_date", "!=", false], ["expiration_date", "<=", until]]);
    // Odoo before 18 has no such date, and a user may lack the right to see it: then it is unknown.
    let keys = odoo.search_read("res.users.apikeys", domain, &["name", "expiration_date"], false).await.unwrap_or_default();
    let text = |key: &serde_json::Map<String, Json>, name: &str| key.get(name).and_then(Json::as_str).unwrap_or_default().to_string();
    let reported = |key: &serde_json::Map<String, Json>| {
        let end = NaiveDateTime::parse_from_str(&text(key, "expiration_date"), "%Y-%m-%d %H:%M:%S").ok()?.and_utc();
        let days = (end - now).num_days().max(0);
        let what = format!("the API key `{}` of consign's user ends on {} (in {days} days)", text(key, "name"), end.format("%Y-%m-%d"));
        Some(Problem::new(Code::OdooKeyEnds, what))
    };
    keys.iter().filter_map(reported).collect()
}
