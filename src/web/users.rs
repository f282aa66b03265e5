//! Pages for users (admins only) and for the own password.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};

use super::{Site, csrf::CheckedForm, person::Person, refusal::Refusal, sessions, values::values};
use crate::{
    journal::{AuditEntry, User},
    model::{Code, Problem},
    ops::users::{Role, checked_name, hash, known},
};

/// The list of users.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    person.may(Role::Admin)?;
    let users = site.engine.journal().users().await?;
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    site.pages.page("users.html", Some(&person), values! { users, roles })
}

/// Adds or removes a user, or changes the role or password.
pub(super) async fn change(State(site): State<Arc<Site>>, posted: CheckedForm) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Admin)?;
    let (journal, name) = (site.engine.journal(), posted.field("name"));
    let users = journal.users().await?;
    let name = known(&users, name).map_or_else(|| checked_name(name), |user| Ok(user.name.clone()))?;
    if name == posted.person.name && (posted.has("remove") || posted.field("role") != Role::Admin.as_str()) {
        let text = "admins cannot remove themselves or lower their own role";
        return Err(Problem::new(Code::Usage, text).hint("ask another admin, or use `consign user`").into());
    }
    let now = site.engine.clock().now();
    let entry = |action, detail: String| AuditEntry { detail: Some(detail), ..posted.entry(action) };
    if posted.has("remove") {
        journal.remove_user(&name, &entry("remove user", name.clone()), now).await?;
        return Ok(Redirect::to("/users").into_response());
    }
    let role = Role::parse(posted.field("role")).ok_or_else(|| Problem::new(Code::Usage, "there is no such role"))?;
    let entry = entry("set user", format!("{name} ({})", role.as_str()));
    match posted.fields.get("password").filter(|password| !password.is_empty()).cloned() {
        Some(password) => {
            let hash = hashed(&site, &name, password).await?;
            journal.set_user(&User { name: name.clone(), role: role.as_str().to_string(), hash }, &entry, now).await?;
        }
        None if journal.set_role(&name, role.as_str(), &entry, now).await? => {}
        None => return Err(Problem::new(Code::Usage, "a new user needs a password").into()),
    }
    Ok(Redirect::to("/users").into_response())
}

async fn hashed(site: &Site, name: &str, password: String) -> Result<String, Refusal> {
    let name = name.to_string();
    Ok(site.hashing(move || hash(&password, &name)).await??)
}

/// The page for the own password.
pub(super) async fn account(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    site.pages.page("account.html", Some(&person), values! {})
}

/// Changes the own password. All sessions of the user end, except this one, which gets a new cookie.
pub(super) async fn password(State(site): State<Arc<Site>>, posted: CheckedForm) -> Result<Response, Refusal> {
    let (journal, name) = (site.engine.journal(), posted.person.name.clone());
    let known = journal.users().await?.into_iter().find(|user| user.name == name && posted.person.digest.is_some());
    let Some(known) = known else {
        return Err(Problem::new(Code::Usage, "a proxy signs you in: change your password there").into());
    };
    let field = |name: &str| posted.fields.get(name).cloned().unwrap_or_default();
    let (old, new, again, now) = (field("old"), field("new"), field("again"), site.engine.clock().now());
    if new != again {
        return Err(Problem::new(Code::Usage, "the two new passwords are different").into());
    }
    // Counted separately and for this user only, so that failed sign-ins of others do not block the change.
    let counted = site.throttle.begin(&format!("account {name}"), None, now);
    let counted = counted.map_err(|_| Problem::new(Code::Usage, "too many wrong passwords: try again later"))?;
    if !site.is_right(old, Some(known.hash.clone())).await? {
        return Err(Problem::new(Code::Usage, "the old password is wrong").into());
    }
    site.throttle.succeeded(&counted, now);
    let hash = hashed(&site, &name, new).await?;
    let changed = journal.set_hash(&name, &known.hash, &hash, &AuditEntry::new(&name, "change password"), now).await?;
    let cookie = sessions::begin(&site, &name, &hash, None).await?.filter(|_| changed);
    let cookie = cookie.ok_or_else(|| Problem::new(Code::Usage, "the password was changed by another request at the same time"))?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}
