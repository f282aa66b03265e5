//! The steps of an outbound message: rendered and checked, uploaded, given its final name, noted in Odoo.
//!
//! Never sent twice: the rename on the drop is the moment of sending, and a row in the journal says so before it. What that row is left
//! open by (a crash, a lost answer) is decided by a look at the partner's side ([`probe`]), or by a person where that tells nothing.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    Engine, answers,
    render::{self, RenderContext, RenderedDocument, document},
    select_records,
};
use crate::{
    config::{Changed, Exists, Flow, Outbound},
    failpoints::checkpoint,
    journal::{RecordRow, Rendered, Written},
    model::{
        Code, Effect, Intent, Message, Outcome, Problem, Problems,
        intent::{Known, how_to_decide},
    },
    odoo::{Call, read::read_tree},
    schema::Schema,
    storage::digest,
    transport::{Entry, RemoteFs, is_taken, join},
};

/// The records a message sends: model and ids.
async fn claimed(engine: &Engine, message: &Message) -> Result<(String, Vec<i64>), Problem> {
    let mut claims = engine.journal.claims(message.id).await?;
    claims.sort_unstable_by_key(|(_, id)| *id);
    let model = claims.first().map(|(model, _)| model.clone());
    let ids = claims.into_iter().map(|(_, id)| id).collect();
    model
        .map(|model| (model, ids))
        .ok_or_else(|| Problem::new(Code::OriginalLost, format!("message {} has no record to send", message.id.short())))
}

/// Makes the document and its name, and holds it against its schema.
pub(super) async fn render(
    engine: &Engine,
    flow: &Flow,
    outbound: Outbound<'_>,
    schema: &Schema,
    message: &mut Message,
    records: Option<Vec<Json>>,
) -> Result<(), Problems> {
    let records = match records {
        Some(records) => records,
        None => {
            let (model, ids) = claimed(engine, message).await?;
            let odoo = engine.odoo(&message.odoo).await?;
            let records = read_tree(&odoo, engine.workspace.catalog(&message.odoo), &model, &ids, &outbound.records.fields).await?;
            if records.len() < ids.len() {
                let text = format!("{} of the {} records of {model} are no longer in Odoo", ids.len() - records.len(), ids.len());
                return Err(Problem::new(Code::LookupNone, text).into());
            }
            records
        }
    };
    if let Some(first) = outbound.files.sequence {
        engine.journal.number(message, first).await?;
    }
    let digests = match outbound.records.changed {
        Changed::Ignore => Vec::new(),
        _ => records
            .iter()
            .map(|record| (format!("{},{}", outbound.records.model, record["id"]), select_records::digest_of(record)))
            .collect(),
    };
    let version = select_records::version(engine, outbound, message).await?;
    let RenderedDocument { name, text } = document(&engine.workspace, flow, outbound, records, &context(message, version))?;
    let bytes = text.into_bytes();
    let (size, sha256) = (bytes.len() as u64, digest(&bytes));
    let stored = engine.storage.spool(message.id, bytes.clone()).await?;
    engine.storage.forget(message).await?;
    let rendered = Rendered { path: join(flow.folder(), &name), name, size, sha256, stored, digests };
    engine.journal.rendered(message, rendered).await?;
    checkpoint("rendered").await;
    tokio::task::block_in_place(|| render::check(schema, &message.name, bytes))?;
    Ok(engine.journal.planned(message, &[], None, engine.clock.now()).await?)
}

/// The time is the message's, not the try's: rendered again, the document is the same.
fn context(message: &Message, version: u64) -> RenderContext {
    RenderContext {
        now: message.received.format("%Y-%m-%d %H:%M:%S").to_string(),
        message: message.id.short(),
        file: message.name.clone(),
        sequence: message.sequence,
        version,
    }
}

/// The name while the file is being written: of the message alone, so that a later try finds and replaces what an earlier one left,
/// whatever the file is called in the end.
fn temporary(flow: &Flow, outbound: Outbound<'_>, message: &Message) -> String {
    let (before, after) = &outbound.files.temporary;
    let ending = message.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let dot = if ending.is_empty() { "" } else { "." };
    join(flow.folder(), &format!("{before}{}{dot}{ending}{after}", message.id.short()))
}

/// The whole file under its temporary name; one left by an earlier try is replaced.
pub(super) async fn stage(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &Message) -> Result<(), Problem> {
    let bytes = engine.storage.read(message).await?;
    let drop: Arc<dyn RemoteFs> = engine.drop(&flow.partner).await?;
    let temporary = temporary(flow, outbound, message);
    drop.make_folder(flow.folder()).await?;
    if let Some((folder, _)) = temporary.rsplit_once('/') {
        drop.make_folder(folder).await?;
    }
    drop.write(&temporary, &bytes).await
}

/// What the partner's side tells of a sending whose outcome is not known.
enum Probe {
    /// The file has its final name, or had it until the partner fetched it; which of them, in words.
    Happened(&'static str),
    /// It lies under its temporary name still.
    NotHappened,
    /// It does not tell, and why.
    Unknown(&'static str),
}

/// Looks what became of a sending. The temporary name is the message's alone and nobody is to touch it: where it is gone, the file was
/// renamed, whoever has fetched it since. Where another file has the final name, or the journal may not know all that happened
/// (`certain` is false), a missing file proves nothing.
async fn probe(drop: &dyn RemoteFs, from: &str, to: &str, message: &Message, certain: bool) -> Result<Probe, Problem> {
    if drop.stat(from).await?.is_some() {
        return Ok(Probe::NotHappened);
    }
    match drop.stat(to).await? {
        Some(there) if is_ours(drop, to, &there, message, true).await? => Ok(Probe::Happened("seen at the partner's")),
        Some(_) => Ok(Probe::Unknown("another file has that name, and the temporary one is gone")),
        None if certain => Ok(Probe::Happened("counted as sent: the temporary file is gone")),
        None => Ok(Probe::Unknown("there is neither the file nor the temporary one")),
    }
}

/// Whether a file at the partner's is the document of a message, by its bytes; where it may not be read, `unread` is the answer for one
/// of the same size.
async fn is_ours(drop: &dyn RemoteFs, path: &str, there: &Entry, message: &Message, unread: bool) -> Result<bool, Problem> {
    if there.size != message.size {
        return Ok(false);
    }
    match drop.read(path, there.size, there.size + 1).await {
        Ok(bytes) => Ok(digest(&bytes) == message.sha256),
        Err(problem) if problem.code == Code::DropDenied => Ok(unread),
        // Fetched in this moment.
        Err(problem) if problem.code == Code::DropMissing => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// What became of sendings of this run that were begun before: whether one took place. One that a look decides is closed.
async fn is_sent(engine: &Engine, drop: &dyn RemoteFs, temporary: &str, message: &mut Message) -> Result<bool, Problem> {
    let intents = engine.journal.intents_of_run(message).await?;
    if intents.iter().any(Intent::sent) {
        engine.journal.applied(message, Written::default(), None, engine.clock.now()).await?;
        return Ok(true);
    }
    for intent in intents.iter().filter(|intent| intent.is_undecided()) {
        let Effect::Rename { from, to, place } = &intent.effect else { continue };
        let (from, now) = (from.as_deref().unwrap_or(temporary), engine.clock.now());
        let found = match place {
            Some(place) if *place != drop.name() => Probe::Unknown("the partner's server or folder has changed since"),
            _ => probe(drop, from, to, message, intent.closed.is_none()).await?,
        };
        match found {
            Probe::Happened(why) => {
                engine.journal.applied(message, sent(&intent.effect), Some(why), now).await?;
                return Ok(true);
            }
            Probe::NotHappened => {
                engine.journal.conclude(message, std::slice::from_ref(&intent.effect), Outcome::NotHappened, now).await?;
                // The flow has another temporary name by now.
                if from != temporary {
                    drop.remove(from).await?;
                }
            }
            Probe::Unknown(why) => {
                let mut problem = intent.uncertain(&message.id.short());
                problem.message = format!("{} ({why})", problem.message);
                return Err(problem);
            }
        }
    }
    Ok(false)
}

/// What a sending that took place leaves behind.
fn sent(sending: &Effect) -> Written<'_> {
    Written { ended: Some((sending, Outcome::Happened)), ..Written::default() }
}

/// The rename that is the sending.
pub(super) async fn send(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &mut Message) -> Result<(), Problem> {
    let drop = engine.drop(&flow.partner).await?;
    let temporary = temporary(flow, outbound, message);
    if is_sent(engine, &*drop, &temporary, message).await? {
        return Ok(());
    }
    if drop.stat(&temporary).await?.is_none() {
        // Nothing was about to be renamed: someone else has removed it.
        stage(engine, flow, outbound, message).await?;
    }
    let now = engine.clock.now();
    if !free_name(engine, &*drop, flow, outbound, message, &temporary).await? {
        return engine.journal.applied(message, Written::default(), Some("the same file lies at the partner's already"), now).await;
    }
    let sending = Effect::Rename { from: Some(temporary.clone()), to: message.path.clone(), place: Some(drop.name()) };
    let due = answers::due(engine, outbound);
    match engine.journal.about_to_send(message, &sending, due, now).await?.first() {
        Some(Known::New) => {}
        Some(Known::Done) => return engine.journal.applied(message, Written::default(), None, now).await,
        Some(Known::Open) | None => {
            let text = format!("it is not known whether this took place: {sending}");
            return Err(Problem::new(Code::Uncertain, text).hint(how_to_decide(&message.id.short())));
        }
    }
    let renamed = if outbound.files.exists == Exists::Replace {
        drop.replace(&temporary, &message.path).await
    } else {
        drop.rename(&temporary, &message.path).await
    };
    if let Err(problem) = renamed {
        // Refused for its name, or seen to lie there still, it was not sent, whoever removes it later. All else stays open.
        if is_taken(&problem) || drop.stat(&temporary).await.is_ok_and(|there| there.is_some()) {
            engine.journal.conclude(message, std::slice::from_ref(&sending), Outcome::NotHappened, engine.clock.now()).await?;
        }
        return Err(problem);
    }
    checkpoint("renamed").await;
    engine.journal.applied(message, sent(&sending), None, engine.clock.now()).await
}

/// Takes back what was uploaded of a message that was discarded. Where it is not known whether it was sent, what lies there tells.
pub(super) async fn withdraw(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &Message) -> Result<(), Problem> {
    let intents = engine.journal.intents_of_run(message).await?;
    if !message.checked || intents.iter().any(Intent::is_undecided) {
        return Ok(());
    }
    engine.drop(&flow.partner).await?.remove(&temporary(flow, outbound, message)).await
}

/// Names tried before a file fails all the same: a folder that nobody empties is no reason to count for ever.
const MOST_NUMBERS: u32 = 1000;

/// Finds a name under which the document can be sent; `false` where it lies there already.
async fn free_name(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    outbound: Outbound<'_>,
    message: &mut Message,
    temporary: &str,
) -> Result<bool, Problem> {
    let mut number = 2;
    while let Some(there) = drop.stat(&message.path).await? {
        if is_ours(drop, &message.path, &there, message, false).await? {
            drop.remove(temporary).await?;
            return Ok(false);
        }
        match outbound.files.exists {
            Exists::Replace => break,
            Exists::Number if number < MOST_NUMBERS => {
                let name = numbered(&message.name, number);
                let path = join(flow.folder(), &name);
                engine.journal.renamed(message, name, path).await?;
                number += 1;
            }
            Exists::Number | Exists::Fail => {
                drop.remove(temporary).await?;
                let problem =
                    Problem::new(Code::NameTaken, format!("`{}` lies at the partner's already, with another content", message.path));
                return Err(problem.hint(
                    "the partner has not fetched it yet; once it is gone, reprocess this message, or give the flow's `name` something that differs, or `exists = \"number\"`",
                ));
            }
        }
    }
    Ok(true)
}

/// `order-7.xml`, `order-7-2.xml`, `order-7-3.xml`.
fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let before = format!("-{}", number - 1);
    let stem = if number > 2 { stem.strip_suffix(&before).unwrap_or(stem) } else { stem };
    format!("{stem}-{number}{ending}")
}

/// The note in the chatter of each record, once; then the message is done.
pub(super) async fn finish(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &mut Message) -> Result<(), Problem> {
    let records = match &outbound.records.note {
        Some(_) => note(engine, flow, outbound, message).await?,
        None => Vec::new(),
    };
    engine.journal.done(message, &records, None, engine.clock.now()).await
}

async fn note(engine: &Engine, flow: &Flow, outbound: Outbound<'_>, message: &Message) -> Result<Vec<RecordRow>, Problem> {
    let Some(note) = &outbound.records.note else { return Ok(Vec::new()) };
    let (model, ids) = claimed(engine, message).await?;
    let mark = if message.run == 1 { message.id.short() } else { format!("{}.{}", message.id.short(), message.run) };
    let mark = format!("[consign {mark}]");
    let odoo = engine.odoo(&message.odoo).await?;
    let doing = "noting the file in Odoo";
    for id in &ids {
        let mut values = render::values(&engine.workspace, flow, outbound, &context(message, 1));
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
