//! The page of failures, grouped by cause; all messages of a cause can be reprocessed together.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{Site, csrf::CheckedForm, person::Person, refusal::Refusal, rows::rows, values::values};
use crate::{
    journal::{FailureGroup, Filter},
    model::{Code, Message, Problem, ReprocessOptions, names::encoded},
    ops::{actions, users::Role},
};

/// Maximum number of causes shown.
const CAUSES: u32 = 200;
/// Maximum number of messages shown for one cause.
const SHOWN: u32 = 100;
/// Maximum number of messages reprocessed together.
const MOST: u32 = 10_000;

/// The page of all causes.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    let troubles = site.engine.journal().troubles(&[], CAUSES).await?;
    site.pages.page("problems.html", Some(&person), values! { troubles })
}

async fn of_cause(site: &Site, cause: &str, limit: u32) -> Result<(FailureGroup, Vec<Message>), Refusal> {
    let journal = site.engine.journal();
    let trouble = journal.trouble(cause).await?;
    let trouble = trouble.ok_or_else(|| Problem::new(Code::MessageUnknown, "no message has this cause any more"))?;
    let messages = journal.list(&Filter { cause: Some(cause.to_string()), answers: true, limit, ..Filter::default() }).await?;
    Ok((trouble, messages))
}

/// The page of one cause with its messages.
pub(super) async fn cause(State(site): State<Arc<Site>>, person: Person, Path(cause): Path<String>) -> Result<Response, Refusal> {
    let (trouble, messages) = of_cause(&site, &cause, SHOWN).await?;
    let messages = rows(&site, messages).await?;
    site.pages.page("cause.html", Some(&person), values! { trouble, messages })
}

/// Reprocesses all messages of a cause.
pub(super) async fn again(State(site): State<Arc<Site>>, Path(cause): Path<String>, posted: CheckedForm) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let (trouble, messages) = of_cause(&site, &cause, MOST).await?;
    let entry = posted.entry("reprocess");
    let mut refused = Vec::new();
    for mut message in messages.into_iter().rev() {
        // If one of many cannot be reprocessed, the others still are.
        if let Err(problem) = actions::again(&site.engine, &mut message, ReprocessOptions::default(), &entry).await {
            refused.push(problem);
        }
    }
    if let Some(first) = refused.into_iter().next() {
        return Err(first.into());
    }
    let flows = trouble.flows.first().map(|flow| encoded(flow)).unwrap_or_default();
    Ok(Redirect::to(&format!("/messages?flow={flows}")).into_response())
}
