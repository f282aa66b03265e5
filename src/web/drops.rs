//! The page of a flow's folder on the partner's server, as it is now.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{Site, person::Person, refusal::Refusal, values::values};
use crate::{
    model::{Code, Problem},
    ops::{drop_listing, users::Role},
};

/// Timeout of the partner's server for a page.
const PATIENCE: Duration = Duration::from_secs(20);
/// Maximum number of files shown.
const SHOWN: usize = 500;

/// The page. It signs in to the partner's server, so it is for operators, and it does not refresh itself.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person, Path(id): Path<String>) -> Result<Response, Refusal> {
    person.may(Role::Operator)?;
    let Some(flow) = site.engine.workspace().flows.get(&id) else {
        return Err(Problem::new(Code::FlowUnknown, format!("there is no flow `{id}`")).into());
    };
    let _turn = site.listing()?;
    let listing = tokio::time::timeout(PATIENCE, drop_listing::list(&site.engine, flow)).await;
    let listing = listing.unwrap_or_else(|_| {
        let text = format!("the drop of {} did not respond within {} s", flow.partner, PATIENCE.as_secs());
        Err(Problem::new(Code::DropUnreachable, text))
    });
    let (mut files, wrong) = match listing {
        Ok(files) => (files, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let count = files.len();
    files.truncate(SHOWN);
    let (partner, folder) = (&flow.partner, flow.folder());
    let values = values! { flow => id, partner, folder, files, count, wrong, now => site.engine.clock().now() };
    site.pages.page("drop.html", Some(&person), values)
}
