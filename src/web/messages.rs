//! The page of messages, with filters.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};

use super::{Site, person::Person, refusal::Refusal, rows::rows, values::values};
use crate::{model::Stage, model::names::encoded, ops::message_filter::Selection};

/// Messages on one page.
const PAGE: usize = 50;

/// The filtered list.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    person: Person,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let asked = |name: &str| query.get(name).map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
    let selection = Selection {
        flow: asked("flow"),
        partner: asked("partner"),
        stages: asked("stage").into_iter().collect(),
        since: asked("since"),
        until: asked("until"),
        find: asked("q"),
        cause: asked("cause"),
        answer: asked("answer"),
        with_answers: false,
    };
    let workspace = site.engine.workspace();
    let limit = u32::try_from(PAGE).unwrap_or_default() + 1;
    let (mut messages, mut wrong) = (Vec::new(), None);
    match selection.filter(workspace, site.engine.clock().now(), limit) {
        Ok(mut filter) => {
            filter.after = asked("after").and_then(|after| {
                let (received, id) = after.split_once(' ')?;
                Some((received.parse::<DateTime<Utc>>().ok()?, id.parse().ok()?))
            });
            messages = site.engine.journal().list(&filter).await?;
        }
        Err(problem) => wrong = Some(problem),
    }
    // A complete business number or id opens its message directly.
    if let (Some(_), [one], None) = (&selection.find, messages.as_slice(), asked("after")) {
        return Ok(Redirect::to(&format!("/messages/{}", one.id)).into_response());
    }
    let more = messages.len() > PAGE;
    messages.truncate(PAGE);
    let older = messages.last().filter(|_| more).map(|last| {
        let mut keep: Vec<(&String, &String)> = query.iter().filter(|(name, _)| *name != "after").collect();
        keep.sort();
        let keep: Vec<String> = keep.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let after = encoded(&format!("{} {}", last.received.to_rfc3339(), last.id));
        format!("/messages?{}{}after={after}", keep.join("&"), if keep.is_empty() { "" } else { "&" })
    });
    let flows: Vec<&String> = workspace.flows.keys().collect();
    let partners: Vec<&String> = workspace.partners.keys().collect();
    let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    let messages = rows(&site, messages).await?;
    let values = values! { messages, older, asked => query, flows, partners, stages, wrong, first => asked("after").is_none() };
    site.pages.page("messages.html", Some(&person), values)
}
