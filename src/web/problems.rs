//! The page of failures, grouped by cause.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{Site, person::Person, refusal::Refusal, rows::rows, values::values};
use crate::{
    journal::{FailureGroup, Filter},
    model::{Code, Message, Problem},
};

/// Maximum number of causes shown.
const CAUSES: u32 = 200;
/// Maximum number of messages shown for one cause.
const SHOWN: u32 = 100;

/// The page of all causes.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    let troubles = site.engine.journal().troubles(&[], CAUSES).await?;
    site.pages.page("problems.html", Some(&person), values! { troubles })
}

/// A cause with its newest messages, at most `limit`.
pub(super) async fn of_cause(site: &Site, cause: &str, limit: u32) -> Result<(FailureGroup, Vec<Message>), Refusal> {
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
