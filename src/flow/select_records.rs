//! Which records of Odoo's are to be sent: those that fit the flow's domain and were not sent yet, and those that were and have changed
//! since, where the flow wants that.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value as Json, json};

use super::{Engine, Summary};
use crate::{
    config::{Changed, Flow, Outbound},
    model::{Code, Message, Problem},
    odoo::{Call, read::read_tree},
    storage::digest,
};

/// Odoo stamps a record with the time its transaction began; one that took so long is found all the same.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// Odoo's form of a moment.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// The ids to be sent now, and how far the flow has looked once they are claimed.
pub(super) async fn due_records(
    engine: &Engine,
    flow: &Flow,
    outbound: Outbound<'_>,
    summary: &mut Summary,
) -> Result<(Vec<i64>, Option<String>), Problem> {
    let odoo = engine.odoo(&flow.odoo).await?;
    let mut domain = outbound.records.domain.clone();
    let mut fields = vec!["id"];
    if outbound.records.cursor {
        fields.push("write_date");
        if let Some(cursor) = engine.journal.cursor(&flow.id, &flow.odoo).await? {
            domain.push(json!(["write_date", ">=", before(&cursor)]));
        }
    }
    let call = Call::model(&outbound.records.model, "search_read")
        .arg("domain", Json::from(domain))
        .arg("fields", json!(fields))
        .arg("order", "id");
    let found = match odoo.call(call).await {
        Ok(found) => found,
        Err(fault) => {
            engine.odoos.forget(&flow.odoo).await;
            return Err(fault.problem(&format!("looking for {} to send", outbound.records.model)));
        }
    };
    let records = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let newest = records.iter().filter_map(|record| record.get("write_date")?.as_str()).max().map(str::to_string);
    let ids: Vec<i64> = records.iter().filter_map(|record| record.get("id")?.as_i64()).collect();
    let name = |id: &i64| format!("{},{id}", outbound.records.model);
    let sent = engine.journal.sent(&flow.id, &flow.odoo, &ids.iter().map(name).collect::<Vec<_>>()).await?;
    let (known, mut new): (Vec<i64>, Vec<i64>) = ids.into_iter().partition(|id| sent.contains_key(&name(id)));
    if outbound.records.changed != Changed::Ignore && !known.is_empty() {
        let read =
            read_tree(&odoo, engine.workspace.catalog(&flow.odoo), &outbound.records.model, &known, &outbound.records.fields).await?;
        for (id, record) in known.iter().zip(&read) {
            let now = digest_of(record);
            // One that was sent before its content was remembered, or was never to be sent, is taken as it is now.
            let then = match sent.get(&name(id)) {
                Some((Some(then), _)) => then,
                Some((None, true)) => {
                    engine.journal.sent_as(&flow.id, &flow.odoo, std::iter::once((name(id), now))).await?;
                    continue;
                }
                Some((None, false)) | None => continue,
            };
            if *then == now {
                continue;
            }
            let shown = record.get("name").or(record.get("display_name")).and_then(Json::as_str).unwrap_or_default();
            if outbound.records.changed == Changed::Resend {
                engine.journal.unclaim(&flow.id, &flow.odoo, &name(id)).await?;
                new.push(*id);
            } else {
                let text = format!("{},{id} `{shown}` was changed after it was sent", outbound.records.model);
                summary.problems.push(Problem::new(Code::Changed, text).hint("tell the partner, or correct it; it is told once"));
                engine.journal.sent_as(&flow.id, &flow.odoo, std::iter::once((name(id), now))).await?;
            }
        }
    }
    new.sort_unstable();
    Ok((new, newest.filter(|_| outbound.records.cursor)))
}

/// Remembers how far the flow has looked.
pub(super) async fn commit_cursor(engine: &Engine, flow: &Flow, cursor: Option<String>) -> Result<(), Problem> {
    match cursor {
        Some(cursor) => engine.journal.move_cursor(&flow.id, &flow.odoo, &cursor).await,
        None => Ok(()),
    }
}

fn before(cursor: &str) -> String {
    let moment = NaiveDateTime::parse_from_str(cursor, MOMENT).ok().and_then(|moment| moment.checked_sub_signed(OVERLAP));
    moment.map_or_else(|| cursor.to_string(), |moment| moment.format(MOMENT).to_string())
}

/// What a record says, in short: the same where nothing that is sent has changed.
pub(super) fn digest_of(record: &Json) -> String {
    digest(record.to_string().as_bytes())
}

/// Which sending of its records a message is: 1 for the first.
pub(super) async fn version(engine: &Engine, outbound: Outbound<'_>, message: &Message) -> Result<u64, Problem> {
    if outbound.records.changed != Changed::Resend {
        return Ok(1);
    }
    engine.journal.sendings(message).await.map(|before| before + 1)
}
