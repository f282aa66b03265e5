//! What is shown where something is refused.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{Environment, value::Serde};

use super::{
    escape::{encoded, escaped},
    person::Person,
    values::values,
};
use crate::{
    model::{Code, Problem},
    ops::users::Role,
};

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
                (status, "That did not work", problem.message.to_string(), problem.hint.map(Into::into).unwrap_or_default())
            }
        };
        // A page that needs no session, so that it is there whatever is broken.
        let mut environment = Environment::new();
        environment.set_formatter(escaped);
        let page = environment.render_str(include_str!("pages/refused.html"), Serde(&values! { title, text, hint }));
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.unwrap_or_default()).into_response()
    }
}
