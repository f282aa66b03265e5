//! Identity of users: by a session cookie, or by the header of a proxy.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::{Site, person::Person, refusal::Refusal};
use crate::{
    config::Web,
    journal::{AuditEntry, UserSession},
    model::Problem,
    ops::users::{Role, checked_name, known, random},
};

/// Idle timeout of a session.
const IDLE: TimeDelta = TimeDelta::hours(8);
/// Maximum duration of a session.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// How often the last activity is recorded.
const SEEN: TimeDelta = TimeDelta::minutes(5);

/// The header of automatic requests of `live.js`.
const LIVE: &str = "x-consign-live";

impl Person {
    /// Refuses a user without the role.
    pub fn may(&self, role: Role) -> Result<(), Refusal> {
        if self.role >= role { Ok(()) } else { Err(Refusal::Forbidden(self.clone(), role)) }
    }

    /// The user who sent a request.
    pub async fn of(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        if site.engine.workspace().web.user_header.is_some() {
            return by_proxy(parts, site).await;
        }
        let next = || Refusal::SignIn(parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default());
        let digest = cookie(&parts.headers, cookie_name(site)).map(|token| digest(&token)).ok_or_else(next)?;
        let journal = &site.doors;
        let session = journal.session(&digest).await?.ok_or_else(next)?;
        let now = site.engine.clock().now();
        if now - session.seen > IDLE || now - session.made > LONGEST {
            journal.sign_out(&digest).await?;
            return Err(next());
        }
        // A changed role or a removed user takes effect at the next request.
        let user = journal.users().await?.into_iter().find(|user| user.name == session.user).ok_or_else(next)?;
        let role = Role::parse(&user.role).ok_or_else(next)?;
        // An automatic refresh is not user activity.
        if now - session.seen > SEEN && !parts.headers.contains_key(LIVE) {
            journal.seen(&digest, now).await?;
        }
        Ok(Self { name: user.name, role, csrf: session.csrf, digest: Some(digest) })
    }
}

impl FromRequestParts<Arc<Site>> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        Self::of(parts, site).await
    }
}

/// The user that a proxy has signed in. Only known proxies are trusted.
async fn by_proxy(parts: &mut Parts, site: &Arc<Site>) -> Result<Person, Refusal> {
    let web = &site.engine.workspace().web;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    if !peer.is_some_and(|peer| web.proxies.contains(&peer)) || !host_is_ours(&parts.headers, web) {
        return Err(Refusal::NotByProxy);
    }
    let text = |name: &Option<String>| {
        let mut values = parts.headers.get_all(name.as_deref()?).iter();
        // With two headers, one does not come from the proxy.
        let (value, second) = (values.next()?.to_str().ok()?, values.next());
        second.is_none().then(|| value.to_string())
    };
    let name = text(&web.user_header).and_then(|name| checked_name(&name).ok()).ok_or(Refusal::NotByProxy)?;
    let users = site.doors.users().await?;
    let known = known(&users, &name).and_then(|user| Role::parse(&user.role));
    let reported = text(&web.role_header).and_then(|role| Role::parse(&role));
    let role = if web.role_header.is_some() { reported } else { known };
    let csrf = site.pages.token(&name);
    Ok(Person { name, role: role.unwrap_or(Role::Viewer), csrf, digest: None })
}

/// Whether a request names our host. This stops DNS rebinding: pages of a foreign name that resolves to this machine.
pub(super) fn host_is_ours(headers: &HeaderMap, web: &Web) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let ours = web.url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let is_address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    ours.is_some_and(|ours| ours.eq_ignore_ascii_case(host)) || is_address || name.eq_ignore_ascii_case("localhost")
}

/// Signs in a user whose password matched a hash; returns the cookie. None if the hash has changed meanwhile. Writes an audit entry, if
/// one is given.
pub(super) async fn begin(site: &Site, user: &str, hash: &str, entry: Option<&AuditEntry>) -> Result<Option<HeaderValue>, Problem> {
    let (token, csrf, now) = (random(32)?, random(32)?, site.engine.clock().now());
    let session = UserSession { user: user.to_string(), csrf, made: now, seen: now };
    let is_in = site.doors.sign_in(&digest(&token), &session, hash, now - IDLE, entry).await?;
    Ok(is_in.then(|| set(site, &token, "")))
}

/// A cookie that ends the session.
pub(super) fn end(site: &Site) -> HeaderValue {
    set(site, "", "; Max-Age=0")
}

fn set(site: &Site, token: &str, more: &str) -> HeaderValue {
    let secure = if is_secure(site) { "; Secure" } else { "" };
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", cookie_name(site));
    // It consists of digits and our own words only.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn is_secure(site: &Site) -> bool {
    site.engine.workspace().web.url.as_deref().is_some_and(|url| url.starts_with("https://"))
}

/// With the `__Host-` prefix a browser accepts the cookie only from this host over TLS.
fn cookie_name(site: &Site) -> &'static str {
    if is_secure(site) { "__Host-consign" } else { "consign" }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
}

fn digest(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Compares two texts by their digests, so that the time does not reveal where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    !b.is_empty() && digest(a) == digest(b)
}
