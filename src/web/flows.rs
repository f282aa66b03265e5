//! The page of a flow: schedule, problems of the last run, held files on the drop, and the newest messages.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{Site, overview::glances, person::Person, refusal::Refusal, values::values};
use crate::{
    journal::Filter,
    model::{Code, Problem},
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
    let mut holds: Vec<_> = journal.holds(&id).await?.into_values().collect();
    holds.sort_by(|a, b| a.path.cmp(&b.path));
    site.pages.page("flow.html", Some(&person), values! { flow, troubles, messages, holds })
}
