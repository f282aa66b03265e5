//! Sign-in and sign-out.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Site,
    csrf::{CheckedForm, comes_from_us},
    refusal::Refusal,
    sessions,
    values::values,
};
use crate::{config::Web, journal::AuditEntry, ops::users::known};

/// The sign-in form.
pub(super) async fn page(State(site): State<Arc<Site>>, Query(query): Query<HashMap<String, String>>) -> Result<Response, Refusal> {
    form(&site, inside(query.get("next")), "", None).await
}

async fn form(site: &Site, next: &str, name: &str, wrong: Option<String>) -> Result<Response, Refusal> {
    let nobody = site.doors.users().await?.is_empty();
    let status = if wrong.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    Ok((status, site.pages.page("signin.html", None, values! { next, name, wrong, nobody })?).into_response())
}

/// Where to go after the sign-in: only to our own pages.
fn inside(next: Option<&String>) -> &str {
    let fine =
        |next: &&String| next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    next.filter(fine).map_or("/", String::as_str)
}

/// Checks name and password.
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
    let web = &site.engine.workspace().web;
    if web.user_header.is_some() {
        return Err(Refusal::NotByProxy);
    }
    let (now, from) = (site.engine.clock().now(), client(peer, &headers, web));
    let counted = match site.throttle.begin(name, from, now) {
        Ok(counted) => counted,
        Err(wait) => {
            let text = format!("too many wrong passwords: try again in {} seconds", wait.num_seconds().max(1));
            return form(&site, next, name, Some(text)).await;
        }
    };
    let Some(cookie) = looked_at(&site, name, password).await.inspect_err(|_| site.throttle.forgive(&counted, now))? else {
        tracing::warn!(from = from.map(tracing::field::display), "sign-in failed: wrong name or password");
        return form(&site, next, name, Some("wrong name or password".to_string())).await;
    };
    site.throttle.succeeded(&counted, now);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// The session cookie, if the password is right.
async fn looked_at(site: &Site, name: &str, password: String) -> Result<Option<HeaderValue>, Refusal> {
    let users = site.doors.users().await?;
    let user = known(&users, name);
    let right = site.is_right(password, user.map(|user| user.hash.clone())).await?;
    match user.filter(|_| right) {
        Some(user) => Ok(sessions::begin(site, &user.name, &user.hash, Some(&AuditEntry::new(&user.name, "sign in"))).await?),
        None => Ok(None),
    }
}

/// The client's address: behind a known proxy, the one that the proxy reports. Entries further to the left could be forged.
fn client(peer: SocketAddr, headers: &HeaderMap, web: &Web) -> Option<IpAddr> {
    let peer = peer.ip().to_canonical();
    if !web.proxies.contains(&peer) {
        return Some(peer);
    }
    let all = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let hops: Vec<IpAddr> = all.filter_map(|hop| hop.trim().parse::<IpAddr>().ok()).map(|hop| hop.to_canonical()).collect();
    hops.into_iter().rev().find(|hop| !web.proxies.contains(hop))
}

/// Ends a session.
pub(super) async fn sign_out(State(site): State<Arc<Site>>, posted: CheckedForm) -> Result<Response, Refusal> {
    if let Some(digest) = &posted.person.digest {
        site.doors.sign_out(digest).await?;
    }
    Ok(([(header::SET_COOKIE, sessions::end(&site))], Redirect::to("/signin")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_proxy_speaks_for_is_what_it_wrote_itself() {
        let web = Web { proxies: vec![IpAddr::from([127, 0, 0, 1])], ..Web::default() };
        let (proxy, other) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([192, 0, 2, 7], 1)));
        let with =
            |text: &'static str| HeaderMap::from_iter([("x-forwarded-for".parse().expect("a name"), text.parse().expect("a value"))]);
        let address = |text: &str| text.parse::<IpAddr>().ok();
        assert_eq!(client(proxy, &with("10.0.0.1, 198.51.100.9"), &web), address("198.51.100.9"));
        assert_eq!(client(proxy, &with("198.51.100.9, 127.0.0.1"), &web), address("198.51.100.9"));
        assert_eq!(client(proxy, &HeaderMap::new(), &web), None);
        assert_eq!(client(other, &with("10.0.0.1"), &web), address("192.0.2.7"), "one that is no proxy of ours speaks for itself");
    }

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
