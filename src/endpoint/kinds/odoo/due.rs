//! Which records to send: those that match the flow's domain and were not sent yet, and changed ones where the flow wants that.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value as Json, json};

use crate::{
    config::{Flow, OnRecordChange, RecordsSource},
    endpoint::site::Site,
    model::{Code, Problem},
    odoo::{Call, Fault, FaultKind, Odoo, read::read_tree},
    storage::digest,
};

/// Odoo stamps a record with the start of its transaction; a record from a transaction of this length is still found.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// Odoo's time format.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// Records to send now.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) ids: Vec<i64>,
    /// The flow's cursor once these records are claimed.
    pub(super) cursor: Option<String>,
    /// Reports about records that changed after they were sent.
    pub(super) findings: Vec<Problem>,
}

/// Finds the records to send now.
pub(super) async fn due(site: &Site, flow: &Flow, of: &RecordsSource) -> Result<Due, Problem> {
    let (journal, mut findings) = (site.journal(), Vec::new());
    let odoo = site.odoo(&flow.odoo).await?;
    let mut domain = of.domain.clone();
    let mut fields = vec!["id"];
    if of.cursor {
        fields.push("write_date");
        if let Some(cursor) = journal.cursor(&flow.id, &flow.odoo).await? {
            domain.push(json!(["write_date", ">=", before(&cursor)]));
        }
    }
    let found = pages(&odoo, &of.model, &domain, &fields).await;
    let records = match found {
        Ok(records) => records,
        Err(fault) => {
            site.forget_odoo(&flow.odoo).await;
            return Err(fault.problem(&format!("looking for {} to send", of.model)));
        }
    };
    let newest = records.iter().filter_map(|record| record.get("write_date")?.as_str()).max().map(str::to_string);
    let ids: Vec<i64> = records.iter().filter_map(|record| record.get("id")?.as_i64()).collect();
    let name = |id: &i64| format!("{},{id}", of.model);
    let sent = journal.sent(&flow.id, &flow.odoo, &ids.iter().map(name).collect::<Vec<_>>()).await?;
    let (known, mut new): (Vec<i64>, Vec<i64>) = ids.into_iter().partition(|id| sent.contains_key(&name(id)));
    if of.changed != OnRecordChange::Ignore && !known.is_empty() {
        let read = read_tree(&odoo, site.workspace().catalog(&flow.odoo), &of.model, &known, &of.fields).await?;
        for (id, record) in known.iter().zip(&read) {
            let now = digest_of(record);
            // No digest is stored for it (discarded, or sent before digests existed): today's content becomes the baseline.
            let then = match sent.get(&name(id)) {
                Some((Some(then), _)) => then,
                Some((None, true)) => {
                    journal.sent_as(&flow.id, &flow.odoo, std::iter::once((name(id), now))).await?;
                    continue;
                }
                Some((None, false)) | None => continue,
            };
            if *then == now {
                continue;
            }
            let shown = record.get("name").or(record.get("display_name")).and_then(Json::as_str).unwrap_or_default();
            if of.changed == OnRecordChange::Resend {
                journal.unclaim(&flow.id, &flow.odoo, &name(id)).await?;
                new.push(*id);
            } else {
                let text = format!("{},{id} `{shown}` changed after it was sent; reported once", of.model);
                findings.push(Problem::new(Code::Changed, text).hint("inform the partner, or correct the record"));
                journal.sent_as(&flow.id, &flow.odoo, std::iter::once((name(id), now))).await?;
            }
        }
    }
    new.sort_unstable();
    Ok(Due { ids: new, cursor: newest.filter(|_| of.cursor), findings })
}

/// Maximum number of records in one call.
const PAGE: usize = 20_000;
/// Maximum number of records checked in one run.
const MOST: usize = 2_000_000;

/// All records of a domain in the order of their ids, a page at a time: each page is limited, whatever Odoo has or sends.
async fn pages(odoo: &Odoo, model: &str, domain: &[Json], fields: &[&str]) -> Result<Vec<Json>, Fault> {
    let unasked = || Fault::new(FaultKind::Answer, &format!("Odoo returned more or other records of {model} than requested"));
    let (mut all, mut last): (Vec<Json>, Option<i64>) = (Vec::new(), None);
    loop {
        let mut domain = domain.to_vec();
        domain.extend(last.map(|last| json!(["id", ">", last])));
        let call = Call::model(model, "search_read").arg("domain", Json::from(domain)).arg("fields", json!(fields));
        let Json::Array(page) = odoo.call(call.arg("order", "id").arg("limit", PAGE)).await? else { return Err(unasked()) };
        let before = last;
        for record in &page {
            let id = record.get("id").and_then(Json::as_i64).filter(|id| last.is_none_or(|last| *id > last)).ok_or_else(unasked)?;
            last = Some(id);
        }
        if page.len() > PAGE {
            return Err(unasked());
        }
        if all.len() + page.len() > MOST {
            let text = format!("the domain of the flow finds more than {MOST} records of {model}; narrow it, or set `cursor = true`");
            return Err(Fault::new(FaultKind::Answer, &text));
        }
        let is_last = page.len() < PAGE || last == before;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

fn before(cursor: &str) -> String {
    let moment = NaiveDateTime::parse_from_str(cursor, MOMENT).ok().and_then(|moment| moment.checked_sub_signed(OVERLAP));
    moment.map_or_else(|| cursor.to_string(), |moment| moment.format(MOMENT).to_string())
}

/// A digest of a record: equal if nothing that is sent has changed.
pub fn digest_of(record: &Json) -> String {
    digest(record.to_string().as_bytes())
}
