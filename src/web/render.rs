//! Pages: templates filled with values, every one of which is escaped, and what is shown where something is refused.

use std::fmt::Write as _;

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::{Environment, Error, Output, State, Value, value::Serde};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::sessions::Person;
use crate::{
    model::{Code, Problem, problem::shown},
    ops::people::{Role, random},
};

/// The values of a page, by name.
macro_rules! values {
    (@one $name:ident) => { serde_json::to_value(&$name).unwrap_or_default() };
    (@one $name:ident $value:expr) => { serde_json::to_value(&$value).unwrap_or_default() };
    ($($name:ident $(=> $value:expr)?),* $(,)?) => {{
        #[allow(unused_mut, reason = "a page may need no values")]
        let mut values = serde_json::Map::new();
        $(values.insert(stringify!($name).to_string(), values!(@one $name $($value)?));)*
        serde_json::Value::Object(values)
    }};
}
pub(super) use values;

/// The templates.
pub(super) struct Pages {
    environment: Environment<'static>,
    /// Of this process: what the forms of people whom a proxy signs in carry.
    secret: String,
}

macro_rules! templates {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("pages/", $name)))),*] };
}

const TEMPLATES: [(&str, &str); 17] = templates![
    "account.html",
    "alerts.html",
    "audit.html",
    "base.html",
    "cause.html",
    "confirm.html",
    "edit.html",
    "flow.html",
    "list.html",
    "message.html",
    "messages.html",
    "original.html",
    "overview.html",
    "problems.html",
    "refused.html",
    "signin.html",
    "users.html"
];

impl Pages {
    /// Compiles every template.
    ///
    /// # Errors
    /// One is broken, or the system gives no random numbers.
    pub fn new() -> Result<Self, Problem> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
        environment.set_formatter(escaped);
        environment.add_filter("time", |text: &str| text.get(..19).unwrap_or(text).replace('T', " "));
        environment.add_filter("short", |id: &str| id.get(id.len().saturating_sub(8)..).unwrap_or(id).to_string());
        environment.add_filter("verbatim", |text: &str| {
            let mut out = String::new();
            html(text, &mut out);
            Value::from_safe_string(out)
        });
        environment.add_filter("link", link);
        environment.add_filter("encoded", |text: &str| encoded(text));
        for (name, text) in TEMPLATES {
            environment.add_template(name, text).map_err(|error| broken(&error))?;
        }
        Ok(Self { environment, secret: random(32)? })
    }

    /// A page for someone.
    pub fn page(&self, name: &str, person: Option<&Person>, mut values: Json) -> Result<Response, Refusal> {
        let person = person.map(|person| {
            values! { name => person.name, role => person.role.as_str(), csrf => person.csrf, acts => person.role >= Role::Operator,
            admin => person.role == Role::Admin, by_proxy => person.digest.is_none() }
        });
        values["person"] = person.unwrap_or_default();
        let page =
            self.environment.get_template(name).and_then(|template| template.render(Serde(&values))).map_err(|error| broken(&error))?;
        Ok(Html(page).into_response())
    }

    /// What the forms of someone whom a proxy signs in carry.
    pub fn token(&self, name: &str) -> String {
        Sha256::digest(format!("{} {name}", self.secret)).iter().fold(String::new(), |mut out, byte| {
            // Writing to a string cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

fn broken(error: &Error) -> Problem {
    Problem::new(Code::Web, format!("a page is broken: {error:#}"))
}

/// Everything that is put into a page goes through here: control characters are made visible, then what means something in HTML is
/// escaped. Only what our own filters have made passes as it is.
fn escaped(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    if value.is_safe() {
        return write!(out, "{value}").map_err(Error::from);
    }
    let mut text = String::new();
    html(&shown(&value.to_string()), &mut text);
    out.write_str(&text).map_err(Error::from)
}

fn html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no zero bytes.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Only addresses of the web are links; anything else a page shows as text.
fn link(url: &str) -> Value {
    let mut out = String::new();
    if url.starts_with("https://") || url.starts_with("http://") {
        html(&shown(url), &mut out);
    }
    Value::from_safe_string(out)
}

/// Why there is no page.
pub(super) enum Refusal {
    /// Nobody is signed in; where they wanted to go.
    SignIn(String),
    /// The role does not allow it.
    Forbidden(Person, Role),
    /// The form was not on a page of ours, or is an old one.
    Foreign,
    /// No form at all, or one that is too large.
    BadForm,
    /// A proxy must sign people in, and has not.
    NotByProxy,
    /// Too many ask for it at once.
    Busy,
    /// What was asked for is not to be had.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, text, hint) = match self {
            Self::SignIn(next) => {
                let place = if next.is_empty() || next == "/" { "/signin".to_string() } else { format!("/signin?next={}", encoded(&next)) };
                return Redirect::to(&place).into_response();
            }
            Self::Forbidden(person, role) => {
                let text = format!("{} is a {}, and this takes a role of {}", person.name, person.role.as_str(), role.as_str());
                (StatusCode::FORBIDDEN, "Not allowed", text, "an admin can change the role".to_string())
            }
            Self::Foreign => {
                let text = "This form did not come from a page that consign has shown to you lately. Nothing was done.".to_string();
                (StatusCode::FORBIDDEN, "Not from here", text, "go back, load the page again, and repeat what you did".to_string())
            }
            Self::BadForm => {
                (StatusCode::BAD_REQUEST, "Not understood", "That is no form that this page takes.".to_string(), String::new())
            }
            Self::NotByProxy => {
                let text = "Sign-in is done by a proxy in front of consign, and this request did not come through it.".to_string();
                (StatusCode::FORBIDDEN, "Not signed in", text, "open the address of the proxy".to_string())
            }
            Self::Busy => {
                let text = "Too many people ask for this at this moment.".to_string();
                (StatusCode::SERVICE_UNAVAILABLE, "Busy", text, "try again in a few seconds".to_string())
            }
            Self::Problem(problem) => {
                let status = match problem.code {
                    Code::MessageUnknown | Code::FlowUnknown => StatusCode::NOT_FOUND,
                    Code::Usage => StatusCode::BAD_REQUEST,
                    Code::Stage | Code::MessageMoved | Code::OriginalLost | Code::Uncertain => StatusCode::CONFLICT,
                    code => {
                        tracing::error!(code = code.as_str(), cause = problem.causes(), "{}", problem.message);
                        StatusCode::INTERNAL_SERVER_ERROR
                    }
                };
                (status, "That did not work", problem.message.clone(), problem.hint.unwrap_or_default())
            }
        };
        // A page that needs no session, so that it is there whatever is broken.
        let mut environment = Environment::new();
        environment.set_formatter(escaped);
        let page = environment.render_str(include_str!("pages/refused.html"), Serde(&values! { title, text, hint }));
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.unwrap_or_default()).into_response()
    }
}

/// A text as part of an address.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
