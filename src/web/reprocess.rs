//! Reprocesses all messages of a failure, and shows how far they are.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use serde_json::Value as Json;

use super::{Site, csrf::CheckedForm, person::Person, problems::of_cause, refusal::Refusal, values::values};
use crate::{
    journal::AuditEntry,
    model::{Message, ReprocessOptions, names::encoded},
    ops::{actions, users::Role},
};

/// Maximum number of messages reprocessed together.
const MOST: u32 = 10_000;
/// How long the request waits for the last message to be restarted; after that the page of the progress shows the rest.
const WAIT: Duration = Duration::from_secs(3);

/// The detail of the audit entries of a group.
fn detail(cause: &str) -> String {
    format!("all of failure {cause}")
}

/// Restarts all messages of a cause.
pub(super) async fn start(State(site): State<Arc<Site>>, Path(cause): Path<String>, posted: CheckedForm) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let (_, messages) = of_cause(&site, &cause, MOST).await?;
    let entry = AuditEntry { detail: Some(detail(&cause)), ..posted.entry("reprocess") };
    let (mark, count) = (site.engine.journal().newest_audit_entry().await?, messages.len());
    let restarting = tokio::spawn(restart(Arc::clone(&site), messages, entry, (mark, cause.clone())));
    // Many take longer than a browser waits. They are restarted all the same.
    let _ = tokio::time::timeout(WAIT, restarting).await;
    Ok(Redirect::to(&format!("/problems/{}/reprocessed/{mark}?of={count}", encoded(&cause))).into_response())
}

/// The oldest first, as they arrived. If one of many cannot be reprocessed, the others still are.
async fn restart(site: Arc<Site>, messages: Vec<Message>, entry: AuditEntry, group: (i64, String)) {
    // The group is known before its first message, so that the page can say that the others follow.
    site.groups.update(&group, |_| {});
    for mut message in messages.into_iter().rev() {
        if let Err(problem) = actions::again(&site.engine, &mut message, ReprocessOptions::default(), &entry).await {
            tracing::warn!(message = %message.id, code = problem.code.as_str(), "not reprocessed: {}", problem.message);
            site.groups.update(&group, |refused| {
                refused.count += 1;
                refused.first.get_or_insert_with(|| problem.message.to_string());
            });
        }
    }
    site.groups.update(&group, |refused| refused.is_complete = true);
}

/// Messages of a group that could not be reprocessed.
#[derive(Debug, Clone, Default, Serialize)]
struct Refused {
    count: u64,
    /// Why the first of them could not.
    first: Option<String>,
    /// All of the group were tried.
    is_complete: bool,
}

/// Groups that this process remembers; of older ones the journal knows what became of their messages.
const REMEMBERED: usize = 100;

/// The groups that were reprocessed, by the newest audit entry before each, and its failure.
#[derive(Default)]
pub(super) struct Groups(Mutex<BTreeMap<(i64, String), Refused>>);

impl Groups {
    fn update(&self, group: &(i64, String), change: impl FnOnce(&mut Refused)) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(groups.entry(group.clone()).or_default());
        while groups.len() > REMEMBERED {
            groups.pop_first();
        }
    }

    fn refused(&self, group: &(i64, String)) -> Option<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned()
    }
}

#[derive(serde::Deserialize)]
pub(super) struct Of {
    /// How many messages were to be restarted.
    of: Option<u64>,
}

/// How far the messages are.
pub(super) async fn progress(
    State(site): State<Arc<Site>>,
    person: Person,
    Path((cause, mark)): Path<(String, i64)>,
    Query(of): Query<Of>,
) -> Result<Response, Refusal> {
    let journal = site.engine.journal();
    let group = journal.reprocessed(mark, &detail(&cause)).await?;
    let now = site.engine.clock().now();
    let pauses = journal.pauses().await?;
    let flow = |id: &String| {
        let flow = site.engine.workspace().flows.get(id);
        let next = flow.filter(|flow| flow.enabled && !pauses.contains_key(id)).and_then(|flow| flow.schedule.next(now));
        values! { id, next => next.map(|at| at.to_rfc3339()), is_paused => pauses.contains_key(id) }
    };
    let flows: Vec<Json> = group.flows.iter().map(flow).collect();
    let is_open = journal.trouble(&cause).await?.is_some();
    let of = of.of.unwrap_or_default().max(group.restarted);
    let processed = group.restarted - group.in_progress;
    let refused = site.groups.refused(&(mark, cause.clone()));
    let values = values! { cause, group, of, processed, flows, is_open, refused, now };
    site.pages.page("reprocessed.html", Some(&person), values)
}
