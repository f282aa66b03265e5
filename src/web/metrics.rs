//! For monitoring: Prometheus metrics, liveness and readiness.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Site,
    refusal::Refusal,
    sessions::{host_is_ours, same},
};
use crate::model::Problem;

/// Metrics in Prometheus text format. Flow names can reveal partners, so a request must come from this machine or have the `[web]` token.
pub(super) async fn metrics(
    State(site): State<Arc<Site>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let workspace = site.engine.workspace();
    let token = match workspace.web.metrics_token.as_ref().map(|source| source.open(&workspace.root)) {
        Some(Ok(token)) => Some(token),
        // The response must not reveal where the secret is configured.
        Some(Err(problem)) => {
            tracing::error!(code = problem.code.as_str(), "metrics are unavailable: {}", problem.message);
            return Ok((StatusCode::SERVICE_UNAVAILABLE, "metrics are unavailable\n").into_response());
        }
        None => None,
    };
    // A proxy may not mark every forwarded request.
    let is_behind = workspace.web.url.is_some() || workspace.web.user_header.is_some();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    let allowed = match (&token, bearer) {
        (Some(token), Some(bearer)) => same(bearer, token),
        (Some(_), None) => false,
        (None, _) => peer.ip().to_canonical().is_loopback() && !forwarded && !is_behind && host_is_ours(&headers, &workspace.web),
    };
    if !allowed {
        return Ok((StatusCode::FORBIDDEN, "metrics need a request from this machine, or the token of [web]\n").into_response());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&site).await?).into_response())
}

/// A label's value: backslashes, quotes and line ends are escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

async fn text(site: &Site) -> Result<String, Problem> {
    let (journal, workspace) = (site.engine.journal(), site.engine.workspace());
    let mut out = String::new();
    let head = |out: &mut String, name: &str, kind: &str, help: &str| {
        // Writing to a string cannot fail.
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    };
    head(&mut out, "consign_info", "gauge", "The running version.");
    let _ = writeln!(out, "consign_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    head(&mut out, "consign_messages", "gauge", "Messages in the journal, by flow and stage.");
    for stage_count in journal.stage_counts().await? {
        let _ = writeln!(
            out,
            "consign_messages{{flow=\"{}\",stage=\"{}\"}} {}",
            label(&stage_count.flow),
            stage_count.stage,
            stage_count.count
        );
    }
    head(&mut out, "consign_messages_received_total", "counter", "Messages ever received, by flow.");
    for (flow, came) in journal.came().await? {
        let _ = writeln!(out, "consign_messages_received_total{{flow=\"{}\"}} {came}", label(&flow));
    }
    let runs = journal.runs().await?;
    head(&mut out, "consign_flow_last_run_timestamp_seconds", "gauge", "Start of the flow's last run.");
    for (flow, run) in &runs {
        let _ = writeln!(out, "consign_flow_last_run_timestamp_seconds{{flow=\"{}\"}} {}", label(flow), run.began.timestamp());
    }
    head(&mut out, "consign_flow_unable", "gauge", "1 if the flow's last run failed.");
    for (flow, run) in runs.iter().filter(|(flow, _)| workspace.flows.contains_key(*flow)) {
        let _ = writeln!(out, "consign_flow_unable{{flow=\"{}\"}} {}", label(flow), u8::from(run.failing_since.is_some()));
    }
    head(&mut out, "consign_alerts", "gauge", "Active alerts, by kind.");
    let alerts = journal.alerts().await?;
    for kind in crate::config::alerts::KINDS {
        let on = alerts.iter().filter(|alert| alert.kind == kind && alert.ended.is_none()).count();
        let _ = writeln!(out, "consign_alerts{{kind=\"{kind}\"}} {on}");
    }
    head(&mut out, "consign_storage_free_bytes", "gauge", "Free bytes in the storage of consign.");
    if let Some(free) = site.engine.storage().free() {
        let _ = writeln!(out, "consign_storage_free_bytes {free}");
    }
    Ok(out)
}

/// Whether the process is alive.
pub(super) async fn health() -> &'static str {
    "alive\n"
}

/// Whether it can work: the journal responds.
pub(super) async fn ready(State(site): State<Arc<Site>>) -> Response {
    match site.doors.stage_counts().await {
        Ok(_) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the journal does not respond\n").into_response(),
    }
}
