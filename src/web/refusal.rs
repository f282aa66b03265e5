//! Responses to refused requests.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{Environment, value::Serde};

use super::{escape::escaped, person::Person, values::values};
use crate::{
    model::{Code, Problem, names::encoded},
    ops::users::Role,
};

/// Why a request is refused.
pub(super) enum Refusal {
    /// Not signed in; with the requested path.
    SignIn(String),
    /// The role does not allow it.
    Forbidden(Person, Role),
    /// The form was not on our page, or is outdated.
    Foreign,
    /// Not a form, or too large.
    BadForm,
    /// A proxy must sign users in, but has not.
    NotByProxy,
    /// Too many concurrent requests.
    Busy,
    /// A problem.
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
                let text = format!("{} has the role {}; this needs the role {}", person.name, person.role.as_str(), role.as_str());
                (StatusCode::FORBIDDEN, "Not allowed", text, "an admin can change the role".to_string())
            }
            Self::Foreign => {
                let text = "This form is outdated, or did not come from a page of consign. Nothing was done.".to_string();
                (StatusCode::FORBIDDEN, "Form not accepted", text, "go back, reload the page and try again".to_string())
            }
            Self::BadForm => (StatusCode::BAD_REQUEST, "Bad request", "The data is not a form of this page.".to_string(), String::new()),
            Self::NotByProxy => {
                let text = "A proxy in front of consign signs users in, but this request did not come through it.".to_string();
                (StatusCode::FORBIDDEN, "Not signed in", text, "open the address of the proxy".to_string())
            }
            Self::Busy => {
                let text = "There are too many requests at the moment.".to_string();
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
                (status, "That did not work", problem.message.to_string(), problem.hint.map(Into::into).unwrap_or_default())
            }
        };
        // This page needs no session, so it works whatever else is broken.
        let mut environment = Environment::new();
        environment.set_formatter(escaped);
        let page = environment.render_str(include_str!("pages/refused.html"), Serde(&values! { title, text, hint }));
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.unwrap_or_default()).into_response()
    }
}
