//! Security of the page: headers on every response, and the checks of every form before its action.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Site, person::Person, refusal::Refusal, sessions::same};
use crate::{config::Web, journal::AuditEntry, ops::users::Role};

/// Content policy: nothing from other hosts, no scripts except our own file, no embedding in other pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Adds the headers to every response, including refusals.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let set = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // A stricter policy would make a form's Origin null.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Browsers must not store partners' data on disk.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// A form of ours, sent by a signed-in user: the only input for requests that change something.
pub(super) struct CheckedForm {
    /// The user who sent it.
    pub person: Person,
    /// Its fields.
    pub fields: HashMap<String, String>,
}

impl CheckedForm {
    /// A field, trimmed.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// Whether a box is ticked or a button was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The audit entry of the action, with the reason from the form.
    pub fn entry(&self, action: &'static str) -> AuditEntry {
        let reason = Some(self.field("reason").to_string()).filter(|reason| !reason.is_empty());
        AuditEntry { reason, ..AuditEntry::new(&self.person.name, action) }
    }

    /// Refuses a user without the role.
    pub fn may(self, role: Role) -> Result<Self, Refusal> {
        self.person.may(role)?;
        Ok(self)
    }
}

impl FromRequest<Arc<Site>> for CheckedForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let person = Person::of(&mut parts, site).await?;
        if !comes_from_us(&parts.headers, &site.engine.workspace().web) {
            return Err(Refusal::Foreign);
        }
        let form = Form::<HashMap<String, String>>::from_request(Request::from_parts(parts, body), site).await;
        let Form(fields) = form.map_err(|_| Refusal::BadForm)?;
        if !fields.get("csrf").is_some_and(|token| same(token, &person.csrf)) {
            return Err(Refusal::Foreign);
        }
        Ok(Self { person, fields })
    }
}

/// Whether the browser's headers allow that the form was on our page. A form without such headers still needs the token.
pub(super) fn comes_from_us(headers: &HeaderMap, web: &Web) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return true };
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    text("host") == Some(host) || web.url.as_deref() == Some(origin)
}

/// The response for an unknown path.
pub(super) async fn nowhere() -> Response {
    (StatusCode::NOT_FOUND, "page not found\n").into_response()
}
