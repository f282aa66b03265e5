//! The note in Odoo that a record was sent.

use serde_json::{Value as Json, json};

use crate::{
    config::{Flow, RenderRecords},
    endpoint::{
        site::Site,
        values::{RenderContext, values},
    },
    failpoints::checkpoint,
    journal::RecordRow,
    mapping::Template,
    model::{Message, Problem},
    odoo::Call,
};

/// Writes the note of a sent message to the chatter of each of its records, once. Returns the records.
pub(super) async fn note(
    (site, flow, render): (&Site, &Flow, &RenderRecords),
    note: &Template,
    message: &Message,
    (model, ids): (String, Vec<i64>),
) -> Result<Vec<RecordRow>, Problem> {
    let mark = if message.run == 1 { message.id.short() } else { format!("{}.{}", message.id.short(), message.run) };
    let mark = format!("[consign {mark}]");
    let odoo = site.odoo(&message.odoo).await?;
    let doing = "noting the file in Odoo";
    for id in &ids {
        let mut values = values(site.workspace(), flow, render, &RenderContext::of(message, 1));
        values.insert("record".into(), json!({ "id": id }));
        let text = note.render(&Json::Object(values))?;
        let noted = Call::model("mail.message", "search_count")
            .arg("domain", json!([["model", "=", model], ["res_id", "=", id], ["body", "like", mark]]));
        let count = odoo.call(noted).await.map_err(|fault| fault.problem(doing))?;
        if count.as_i64().unwrap_or(0) == 0 {
            let post = Call::records(&model, "message_post", &[*id]).arg("body", format!("{text} {mark}"));
            odoo.call(post).await.map_err(|fault| fault.problem(doing))?;
            checkpoint("noted").await;
        }
    }
    let names = odoo.read(&model, &ids, &["display_name"]).await.map_err(|fault| fault.problem(doing))?;
    let name = |id: &i64| {
        let found = names.iter().find(|record| record.get("id").and_then(Json::as_i64) == Some(*id));
        found.and_then(|record| record.get("display_name")).and_then(Json::as_str).unwrap_or_default().to_string()
    };
    Ok(ids
        .iter()
        .map(|id| RecordRow { odoo: message.odoo.clone(), model: model.clone(), id: *id, name: name(id), change: "sent".into() })
        .collect())
}
