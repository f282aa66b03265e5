//! What was written to Odoo's records last, and calls that are about to be made.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{
    Journal, Message, problem,
    write::{commit, stamp},
};
use crate::model::Problem;

/// Records asked for in one query.
const CHUNK: usize = 1000;

impl Journal {
    /// What was last written to these records, as far as it is known: for each a map of its fields.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn written(&self, model: &str, ids: &[i64]) -> Result<HashMap<i64, Map<String, Json>>, Problem> {
        let mut all = HashMap::new();
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::<Sqlite>::new("select odoo_id, fields from written where model = ");
            query.push_bind(model.to_string()).push(" and odoo_id in (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(*id);
            }
            query.push(")");
            for row in query.build().fetch_all(&self.pool).await.map_err(|error| problem(&error))? {
                let fields: String = row.try_get("fields").unwrap_or_default();
                if let (Ok(id), Ok(fields)) = (row.try_get("odoo_id"), serde_json::from_str(&fields)) {
                    all.insert(id, fields);
                }
            }
        }
        Ok(all)
    }

    /// Writes down what was written to records; fields that are not named stay as they were, and a null forgets one.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn wrote(&self, model: &str, records: &[(i64, Map<String, Json>)], now: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        for (id, fields) in records.iter().filter(|(_, fields)| !fields.is_empty()) {
            let insert = sqlx::query(
                "insert into written (model, odoo_id, fields, at) values (?, ?, ?, ?)
                 on conflict do update set fields = json_patch(fields, excluded.fields), at = excluded.at",
            );
            let text = serde_json::to_string(fields).unwrap_or_else(|_| "{}".into());
            insert.bind(model).bind(id).bind(text).bind(stamp(now)).execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }

    /// Writes down that a message is about to make calls, all or, where one of them is not new in this run, none. Gives for each
    /// whether it is new (`None`), and otherwise whether its end is known.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn intend(&self, message: &Message, calls: &[String], now: DateTime<Utc>) -> Result<Vec<Option<bool>>, Problem> {
        let mut transaction = self.begin().await?;
        let mut all = Vec::with_capacity(calls.len());
        for call in calls {
            let known = sqlx::query("select ended from intent where message = ? and run = ? and call = ?");
            let known = known.bind(message.id.to_string()).bind(message.run).bind(call).fetch_optional(&mut *transaction).await;
            let known = known.map_err(|error| problem(&error))?;
            all.push(known.map(|row| row.try_get::<Option<String>, _>("ended").ok().flatten().is_some()));
        }
        if all.iter().any(Option::is_some) {
            return Ok(all);
        }
        for call in calls {
            let insert = sqlx::query("insert into intent (message, run, call, at) values (?, ?, ?, ?)");
            let insert = insert.bind(message.id.to_string()).bind(message.run).bind(call).bind(stamp(now));
            insert.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await?;
        Ok(all)
    }

    /// Writes down that calls were made; or forgets them, where they were not.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn ended(&self, message: &Message, calls: &[String], made: bool, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut transaction = self.begin().await?;
        for call in calls {
            let query = match made {
                true => sqlx::query("update intent set ended = ? where message = ? and run = ? and call = ?").bind(stamp(now)),
                false => sqlx::query("delete from intent where message = ? and run = ? and call = ?"),
            };
            let query = query.bind(message.id.to_string()).bind(message.run).bind(call);
            query.execute(&mut *transaction).await.map_err(|error| problem(&error))?;
        }
        commit(transaction).await
    }
}
