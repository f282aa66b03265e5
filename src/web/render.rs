//! Pages: templates filled with escaped values.

use std::fmt::Write as _;

use axum::response::{Html, IntoResponse, Response};
use minijinja::{Environment, Error, Value, value::Serde};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{
    escape::{escaped, html, link},
    person::Person,
    refusal::Refusal,
    values::values,
};
use crate::{
    model::{Code, Problem, names::encoded},
    ops::users::{Role, random},
};

/// The templates.
pub(super) struct Pages {
    environment: Environment<'static>,
    /// Secret of this process, for the form tokens of users whom a proxy signs in.
    secret: String,
}

macro_rules! templates {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("pages/", $name)))),*] };
}

const TEMPLATES: [(&str, &str); 19] = templates![
    "account.html",
    "alerts.html",
    "audit.html",
    "base.html",
    "cause.html",
    "confirm.html",
    "drop.html",
    "edit.html",
    "flow.html",
    "list.html",
    "message.html",
    "messages.html",
    "original.html",
    "overview.html",
    "problems.html",
    "refused.html",
    "reprocessed.html",
    "signin.html",
    "users.html"
];

impl Pages {
    /// Compiles every template.
    ///
    /// # Errors
    /// A template is broken, or the system provides no random numbers.
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

    /// Renders a page for a user.
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

    /// The form token of a user whom a proxy signs in.
    pub fn token(&self, name: &str) -> String {
        Sha256::digest(format!("{} {name}", self.secret)).iter().fold(String::new(), |mut out, byte| {
            // Writing to a string cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

fn broken(error: &Error) -> Problem {
    // Not with `{error:#}`: it quotes the values of the page.
    let at = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
    Problem::new(Code::Web, format!("cannot render the page: {}{at}: {}", error.name().unwrap_or("template"), error.kind()))
}
