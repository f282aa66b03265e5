//! Actions on one message: a preview first, then the action.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::Value as Json;

use super::{
    Site,
    csrf::CheckedForm,
    message::{effect, found, may},
    person::Person,
    refusal::Refusal,
    values::values,
};
use crate::{
    journal::AuditEntry,
    model::{Code, Message, Outcome, Problem, ReprocessOptions, answer::AckStatus},
    ops::{
        actions,
        reprocess_preview::{Preview, Previewer},
        users::Role,
    },
    pipeline::Engine,
};

/// Timeout of Odoo for the preview.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, Default, serde::Deserialize, serde::Serialize)]
pub(super) struct Options {
    /// Skip validation.
    #[serde(default)]
    checked: Option<u8>,
    /// Use the original mapping.
    #[serde(default)]
    as_then: Option<u8>,
    /// Overwrite newer data.
    #[serde(default)]
    overwrite: Option<u8>,
}

impl Options {
    fn again(self) -> ReprocessOptions {
        ReprocessOptions { checked: self.checked.is_some(), as_then: self.as_then.is_some(), overwrite: self.overwrite.is_some() }
    }
}

async fn known(site: &Site, message: &Message, action: &str) -> Result<&'static str, Problem> {
    let answer = site.engine.journal().answer(message.id).await?;
    let intents = site.engine.journal().intents_of_run(message).await?;
    may(message, answer.as_ref(), &intents).into_iter().find(|known| *known == action && *known != "edit").ok_or_else(|| {
        Problem::new(Code::Stage, format!("not possible for a message that is {}", message.stage))
            .hint("it may have changed meanwhile: reload its page")
    })
}

/// The page with the preview and the button.
pub(super) async fn confirm(
    State(site): State<Arc<Site>>,
    person: Person,
    Path((id, action)): Path<(String, String)>,
    Query(options): Query<Options>,
) -> Result<Response, Refusal> {
    person.may(Role::Operator)?;
    let message = found(&site, &id).await?;
    let action = known(&site, &message, &action).await?;
    let preview = match action {
        "reprocess" | "release" => Some(foreseen(&site, &message, options.again()).await),
        "resend" => Some(foreseen(&site, &message, ReprocessOptions { checked: true, ..ReprocessOptions::default() }).await),
        _ => None,
    };
    let counted = preview.as_ref().map(Preview::counted);
    let inbound = message.pipeline().maps();
    let mapped = message.mapping.is_some();
    let intents = site.engine.journal().intents_of_run(&message).await?;
    let undecided: Vec<Json> = intents.iter().filter(|intent| intent.needs_a_person()).map(effect).collect();
    let values = values! { undecided, message, action, preview, counted, options, inbound, mapped, reason => needs_reason(action) };
    site.pages.page("confirm.html", Some(&person), values)
}

async fn foreseen(site: &Site, message: &Message, again: ReprocessOptions) -> Preview {
    let looking = async { Previewer::new(&site.engine).preview(message, again).await };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| Preview {
        problems: vec![Problem::new(Code::OdooTimeout, "no preview: Odoo did not respond in time")],
        ..Preview::default()
    })
}

fn needs_reason(action: &str) -> bool {
    matches!(action, "hold" | "discard" | "accepted" | "refused" | "happened" | "did-not-happen")
}

/// Executes the action.
pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Path((id, action)): Path<(String, String)>,
    posted: CheckedForm,
) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let mut message = found(&site, &id).await?;
    let action = known(&site, &message, &action).await?;
    let entry = posted.entry(action);
    if needs_reason(action) && entry.reason.is_none() {
        let text = "this needs a reason, for the audit log";
        return Err(Problem::new(Code::Usage, text).into());
    }
    let again = ReprocessOptions { checked: posted.has("checked"), as_then: posted.has("as_then"), overwrite: posted.has("overwrite") };
    let engine = &site.engine;
    match action {
        "reprocess" => actions::again(engine, &mut message, again, &entry).await?,
        "resend" => {
            actions::again(engine, &mut message, ReprocessOptions { checked: !posted.has("anew"), ..ReprocessOptions::default() }, &entry)
                .await?
        }
        "release" => actions::release(engine, &mut message, &entry).await?,
        "accepted" => actions::settle(engine, &message, AckStatus::Accepted, &entry).await?,
        "refused" => actions::settle(engine, &message, AckStatus::Refused, &entry).await?,
        "hold" => actions::hold(engine, &mut message, &entry).await?,
        "happened" => resolve(engine, &mut message, Outcome::Happened, entry).await?,
        "did-not-happen" => resolve(engine, &mut message, Outcome::NotHappened, entry).await?,
        _ => actions::discard(engine, &mut message, &entry).await.map(|_| ())?,
    }
    Ok(Redirect::to(&format!("/messages/{}", message.id)).into_response())
}

/// A person's decision; the audit entry has the same name as on the command line.
async fn resolve(engine: &Engine, message: &mut Message, outcome: Outcome, entry: AuditEntry) -> Result<(), Problem> {
    actions::resolve(engine, message, None, outcome, &AuditEntry { action: "resolve", ..entry }).await.map(|_| ())
}
