//! Floor 7: the web page, rendered on the server and usable without JavaScript. A partner's file can never run as a script: the formatter
//! of `escape` escapes every value, and the content policy of `csrf` allows only our own script file.
//!
//! **Invariant:** every change comes in by `csrf::CheckedForm`, which has checked the user and that the form is ours, and goes through
//! [`crate::ops`], which writes the audit entry.

mod actions;
mod alerts;
mod audit;
mod charts;
mod concurrency_limits;
mod csrf;
mod drops;
mod edit;
mod escape;
mod flows;
mod message;
mod messages;
mod metrics;
mod overview;
mod person;
mod pretty;
mod problems;
mod refusal;
mod render;
mod reprocess;
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

/// Everything that the pages need. The page has its own engine, so that its queries do not wait for messages.
pub(crate) struct Site {
    engine: Engine,
    pages: render::Pages,
    throttle: throttle::Throttle,
    gates: concurrency_limits::Gates,
    groups: reprocess::Groups,
    /// A separate journal connection for sessions: slow queries of other pages do not block the sign-in.
    doors: Journal,
}

/// Maximum size of a form: encoded it is up to three times its text.
const FORM: usize = LARGEST as usize * 3 + (64 << 10);

/// Listens on the address of the workspace.
///
/// # Errors
/// The address is in use, or not of this machine.
pub async fn listen(engine: &Engine) -> Result<TcpListener, Problem> {
    let address = engine.workspace().web.listen;
    TcpListener::bind(address).await.map_err(|error| {
        Problem::new(Code::Web, format!("the web page cannot listen on {address} ({})", reason(&error)))
            .hint("another program may use the address; set another one with `listen` in [web]")
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

/// The responses when all connections are in use.
fn brief() -> Router {
    let full = || async { (StatusCode::SERVICE_UNAVAILABLE, "too many connections: close some, or try again\n") };
    Router::new().route("/health", get(metrics::health)).fallback(full).layer(axum::middleware::from_fn(csrf::headers))
}

fn app(engine: Engine, doors: Journal) -> Result<Router, Problem> {
    let (pages, throttle, gates) = (render::Pages::new()?, throttle::Throttle::default(), concurrency_limits::Gates::default());
    let site = Arc::new(Site { engine, pages, throttle, gates, groups: reprocess::Groups::default(), doors });
    let small = Router::new()
        .route("/", get(overview::page))
        .route("/problems", get(problems::page))
        .route("/problems/{cause}", get(problems::cause).post(reprocess::start))
        .route("/problems/{cause}/reprocessed/{mark}", get(reprocess::progress))
        .route("/messages", get(messages::page))
        .route("/messages/{id}", get(message::page))
        .route("/messages/{id}/original", get(message::original))
        .route("/messages/{id}/file", get(message::file))
        .route("/messages/{id}/do/{action}", get(actions::confirm).post(actions::act))
        .route("/flows/{id}", get(flows::page))
        .route("/flows/{id}/do/{action}", post(flows::act))
        .route("/flows/{id}/drop", get(drops::page))
        .route("/alerts", get(alerts::page))
        .route("/alerts/mute", post(alerts::mute))
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
