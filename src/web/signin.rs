//! In and out.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Site,
    guard::{Posted, comes_from_us},
    render::{Refusal, values},
    sessions,
};
use crate::{
    journal::Deed,
    ops::people::{LONGEST, fits},
};

/// The form to sign in.
pub(super) async fn page(State(site): State<Arc<Site>>, Query(query): Query<HashMap<String, String>>) -> Result<Response, Refusal> {
    form(&site, inside(query.get("next")), "", None).await
}

async fn form(site: &Site, next: &str, name: &str, wrong: Option<String>) -> Result<Response, Refusal> {
    let nobody = site.engine.journal().users().await?.is_empty();
    let status = if wrong.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    Ok((status, site.pages.page("signin.html", None, values! { next, name, wrong, nobody })?).into_response())
}

/// Where to go then: only to a page of ours.
fn inside(next: Option<&String>) -> &str {
    let fine =
        |next: &&String| next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    next.filter(fine).map_or("/", String::as_str)
}

/// Looks at name and password.
pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    if !comes_from_us(&headers, &site.engine.workspace().web) {
        return Err(Refusal::Foreign);
    }
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let (name, password, next) = (field("name").trim(), field("password").to_string(), inside(fields.get("next")));
    let (now, from) = (site.engine.clock().now(), peer.ip().to_canonical());
    if let Some(wait) = site.throttle.wait(name, from, now) {
        let text = format!("too many wrong passwords: wait {} seconds", wait.num_seconds().max(1));
        return form(&site, next, name, Some(text)).await;
    }
    let journal = site.engine.journal();
    let hash = journal.users().await?.into_iter().find(|user| user.name == name).map(|user| user.hash);
    let looks = site.hashing.acquire().await;
    let right =
        password.len() <= LONGEST * 4 && tokio::task::spawn_blocking(move || fits(&password, hash.as_deref())).await.unwrap_or(false);
    drop(looks);
    if !right {
        site.throttle.failed(name, from, now);
        tracing::warn!(%from, "a wrong name or password on the web page");
        return form(&site, next, name, Some("name or password are wrong".to_string())).await;
    }
    site.throttle.succeeded(name, from);
    let cookie = sessions::begin(&site, name).await?;
    journal.audit(None, &Deed::new(name, "sign in"), now).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// Ends a session.
pub(super) async fn sign_out(State(site): State<Arc<Site>>, posted: Posted) -> Result<Response, Refusal> {
    if let Some(digest) = &posted.person.digest {
        site.engine.journal().sign_out(digest).await?;
    }
    Ok(([(header::SET_COOKIE, sessions::end(&site))], Redirect::to("/signin")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_here() {
        for (next, goes) in [
            ("/messages?q=1", "/messages?q=1"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\n/x", "/"),
            ("javascript:alert(1)", "/"),
            ("", "/"),
        ] {
            assert_eq!(inside(Some(&next.to_string())), goes, "{next}");
        }
    }
}
