//! The page of audit entries.

use std::sync::Arc;

use axum::{extract::State, response::Response};

use super::{Site, person::Person, refusal::Refusal, values::values};

/// Maximum number of audit entries shown.
const LATEST: u32 = 200;

/// The newest entries.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    let entries = site.engine.journal().audit_entries(None, LATEST).await?;
    site.pages.page("audit.html", Some(&person), values! { entries })
}
