//! Floor 7: the web page. Rendered on the server, usable without JavaScript; what it shows can never run as script, whatever a
//! partner's file contains: every value is escaped by the one formatter of `escape`, and the policy of `guard` lets nothing run
//! but our own file.
//!
//! **Invariant:** whatever changes something comes in by `csrf::CheckedForm`, which has checked who it is, that the form is ours, and
//! is done through [`crate::ops`], which writes down who did it.

mod actions;
mod alerts;
mod audit;
mod concurrency_limits;
mod csrf;
mod edit;
mod escape;
mod flows;
mod message;
mod messages;
mod metrics;
mod overview;
mod person;
mod problems;
mod refusal;
mod render;
mod rows;
mod serve;
mod sessions;
mod signin;
mod throttle;
mod users;
mod values;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    journal::Journal,
    model::{Code, Problem, problem::reason},
    ops::edit::LARGEST,
    pipeline::Engine,
};

/// Everything that the pages need. The engine is the page's own: what it asks of the journal waits for no message.
pub(crate) struct Site {
    engine: Engine,
    pages: render::Pages,
    throttle: throttle::Throttle,
    gates: concurrency_limits::Gates,
    /// The journal as those see it who come in: a question that takes long keeps nobody at the door.
    doors: Journal,
}

/// A form in transit is up to three times its text.
const FORM: usize = LARGEST as usize * 3 + (64 << 10);

/// Listens where the workspace says.
///
/// # Errors
/// The address is taken or not ours.
pub async fn listen(engine: &Engine) -> Result<TcpListener, Problem> {
    let address = engine.workspace().web.listen;
    TcpListener::bind(address).await.map_err(|error| {
        Problem::new(Code::Web, format!("the web page cannot listen on {address} ({})", reason(&error)))
            .hint("another program may listen there: `listen` in [web] names another address")
    })
}

/// Serves the page until `stop` says true.
///
/// # Errors
/// The pages are broken, or the journal cannot be opened.
pub async fn serve(engine: Engine, listener: TcpListener, stop: watch::Receiver<bool>) -> Result<(), Problem> {
    let doors = engine.another_journal().await?;
    let proxies = engine.workspace().web.proxies.clone();
    let app = app(engine, doors)?;
    serve::serve(app, brief(), proxies, listener, stop).await;
    Ok(())
}

/// What is answered where there is no place for more.
fn brief() -> Router {
    let full = || async { (StatusCode::SERVICE_UNAVAILABLE, "too many connections: close some, or try again\n") };
    Router::new().route("/health", get(metrics::health)).fallback(full).layer(axum::middleware::from_fn(csrf::headers))
}

fn app(engine: Engine, doors: Journal) -> Result<Router, Problem> {
    let (pages, throttle, gates) = (render::Pages::new()?, throttle::Throttle::default(), concurrency_limits::Gates::default());
    let site = Arc::new(Site { engine, pages, throttle, gates, doors });
    let small = Router::new()
        .route("/", get(overview::page))
        .route("/problems", get(problems::page))
        .route("/problems/{cause}", get(problems::cause).post(problems::again))
        .route("/messages", get(messages::page))
        .route("/messages/{id}", get(message::page))
        .route("/messages/{id}/original", get(message::original))
        .route("/messages/{id}/file", get(message::file))
        .route("/messages/{id}/do/{action}", get(actions::confirm).post(actions::act))
        .route("/flows/{id}", get(flows::page))
        .route("/flows/{id}/do/{action}", post(flows::act))
        .route("/alerts", get(alerts::page))
        .route("/alerts/silence", post(alerts::silence))
        .route("/audit", get(audit::page))
        .route("/users", get(users::page).post(users::change))
        .route("/account", get(users::account).post(users::password))
        .route("/signin", get(signin::page).post(signin::sign_in))
        .route("/signout", post(signin::sign_out))
        .route("/metrics", get(metrics::metrics))
        .route("/health", get(metrics::health))
        .route("/ready", get(metrics::ready))
        .route(
            "/style.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("assets/style.css")).into_response() }),
        )
        .route(
            "/live.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("assets/live.js")).into_response() }),
        )
        .layer(axum::middleware::from_fn(serve::small))
        .layer(DefaultBodyLimit::max(serve::SMALL));
    let large = Router::new().route("/messages/{id}/edit", get(edit::page).post(edit::edit)).layer(DefaultBodyLimit::max(FORM));
    let all = small.merge(large).fallback(csrf::nowhere);
    Ok(all.layer(axum::middleware::from_fn(serve::in_time)).layer(axum::middleware::from_fn(csrf::headers)).with_state(site))
}
