//! The page of active alerts.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{Site, csrf::CheckedForm, person::Person, refusal::Refusal, values::values};
use crate::{
    journal::AuditEntry,
    model::{Code, Problem},
    ops::users::Role,
};

/// Active and recently resolved alerts.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    let (on, over): (Vec<_>, Vec<_>) = site.engine.journal().alerts().await?.into_iter().partition(|alert| alert.ended.is_none());
    let ways = site.engine.workspace().alerts.channels();
    site.pages.page("alerts.html", Some(&person), values! { on, over, ways })
}

/// Mutes an alert until it resolves.
pub(super) async fn mute(State(site): State<Arc<Site>>, posted: CheckedForm) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let (key, journal) = (posted.field("key"), site.engine.journal());
    let entry = AuditEntry { detail: Some(key.to_string()), ..posted.entry("mute") };
    if !journal.mute(key, &entry, site.engine.clock().now()).await? {
        return Err(Problem::new(Code::Stage, "this alert has resolved").into());
    }
    Ok(Redirect::to("/alerts").into_response())
}
