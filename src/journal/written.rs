//! What was last written to Odoo records.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};
use sqlx::{QueryBuilder, Sqlite};

use super::sql::{CHUNK, Cells, Journal, all, commit, push_numbers, stamp};
use crate::model::Problem;

impl Journal {
    /// What was last written to these records of an Odoo, as far as known: for each a map of its fields.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn written(&self, odoo: &str, model: &str, ids: &[i64]) -> Result<HashMap<i64, Map<String, Json>>, Problem> {
        let mut known = HashMap::new();
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::<Sqlite>::new("select odoo_id, fields from written where odoo = ");
            query.push_bind(odoo.to_string()).push(" and model = ").push_bind(model.to_string());
            push_numbers(&mut query, " and odoo_id", chunk);
            let rows = query.build().fetch_all(&self.pool).await?;
            known.extend(all(&rows, |row| {
                let cells = Cells::of("written", "odoo_id", row);
                Ok((cells.get("odoo_id")?, cells.json("fields")?))
            })?);
        }
        Ok(known)
    }

    /// Stores what was written to records of an Odoo; other fields stay as they were, and a null deletes a field.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn remember(&self, odoo: &str, model: &str, records: &[(i64, Map<String, Json>)], now: DateTime<Utc>) -> Result<(), Problem> {
        let mut to = self.begin().await?;
        for (id, fields) in records.iter().filter(|(_, fields)| !fields.is_empty()) {
            let insert = sqlx::query(
                "insert into written (odoo, model, odoo_id, fields, at) values (?, ?, ?, ?, ?)
                 on conflict do update set fields = json_patch(fields, excluded.fields), at = excluded.at",
            );
            let text = serde_json::to_string(fields).unwrap_or_else(|_| "{}".into());
            insert.bind(odoo).bind(model).bind(id).bind(text).bind(stamp(now)).execute(&mut *to).await?;
        }
        commit(to).await
    }
}
