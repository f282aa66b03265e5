//! The page of a flow: schedule, charts, problems of the last run, held files on the drop, and the newest messages; run now, pause,
//! resume.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{Site, charts, csrf::CheckedForm, overview::glances, person::Person, refusal::Refusal, rows::rows, values::values};
use crate::{
    journal::{AuditEntry, Filter},
    model::{Code, Problem},
    ops::users::Role,
};

/// Maximum number of messages shown.
const LATEST: u32 = 15;
/// Maximum number of causes shown.
const CAUSES: u32 = 10;

/// The page of a flow.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person, Path(id): Path<String>) -> Result<Response, Refusal> {
    let Some(flow) = glances(&site, Some(&id)).await?.pop() else {
        return Err(Problem::new(Code::FlowUnknown, format!("there is no flow `{id}`")).into());
    };
    let journal = site.engine.journal();
    let troubles = journal.troubles(std::slice::from_ref(&id), CAUSES).await?;
    let messages = journal.list(&Filter { flows: vec![id.clone()], limit: LATEST, ..Filter::default() }).await?;
    let messages = rows(&site, messages).await?;
    let mut holds: Vec<_> = journal.holds(&id).await?.into_values().collect();
    holds.sort_by(|a, b| a.path.cmp(&b.path));
    let requested = journal.requested_run(&id).await?;
    let (arrivals, now) = (journal.arrivals(&id, charts::NEWEST).await?, site.engine.clock().now());
    let (until_done, silence) = (charts::until_done(&arrivals, now), charts::silence(&arrivals, now));
    site.pages.page("flow.html", Some(&person), values! { flow, troubles, messages, holds, requested, until_done, silence })
}

/// Runs a flow now, pauses it, or lets it receive again.
pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Path((id, action)): Path<(String, String)>,
    posted: CheckedForm,
) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let (journal, now) = (site.engine.journal(), site.engine.clock().now());
    let Some(flow) = site.engine.workspace().flows.get(&id) else {
        return Err(Problem::new(Code::FlowUnknown, format!("there is no flow `{id}`")).into());
    };
    let entry = |action| AuditEntry { detail: Some(id.clone()), ..posted.entry(action) };
    match action.as_str() {
        "run" if !flow.enabled => return Err(usage("the flow is switched off: set `enabled = true` in its file")),
        "run" if journal.is_paused(&id).await? => return Err(usage("the flow is paused: resume it first")),
        "run" => journal.request_run(&id, &entry("run now"), now).await?,
        "pause" if posted.field("reason").is_empty() => return Err(usage("give a reason: others will ask why the flow is paused")),
        "pause" => journal.pause(&id, &entry("pause"), now).await?,
        "resume" => journal.resume(&id, &entry("resume"), now).await?,
        _ => return Err(usage("a flow can be run, paused or resumed")),
    };
    Ok(Redirect::to(&format!("/flows/{}", crate::model::names::encoded(&id))).into_response())
}

fn usage(text: &str) -> Refusal {
    Problem::new(Code::Usage, text).into()
}
