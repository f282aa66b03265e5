//! Traces for an OpenTelemetry collector. A message is a trace with the message's id; each step and each run is a span. Spans come from
//! the journal, so they do not slow down the flows. A collector that was down gets them once it is back, as long as this process lives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use crate::{
    config::traces::Traces,
    http::Http,
    journal::StepRow,
    model::{Code, Problem, i18n::Text},
    pipeline::Engine,
    storage::digest,
};

/// How often spans are sent.
pub const EVERY: Duration = Duration::from_secs(5);
/// Maximum number of steps in one request.
const STEPS: u32 = 500;
/// Timeout for the collector.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum size of the collector's response, in bytes; its content is ignored.
const ANSWER: u64 = 1 << 20;

/// Sends spans, and knows how far it has sent them.
pub struct Exporter {
    http: Http,
    sent: Arc<AtomicI64>,
}

fn unsent(why: impl Into<Text>) -> Problem {
    Problem::new(Code::Traces, why)
}

impl Exporter {
    /// Sends spans of the steps after `sent`, or from now on if `sent` is negative.
    ///
    /// # Errors
    /// The journal cannot be read, or there is no HTTP client.
    pub async fn new(engine: &Engine, sent: Arc<AtomicI64>) -> Result<Self, Problem> {
        let http = Http::new(PATIENCE, ANSWER).map_err(|failure| unsent(failure.words()))?;
        if sent.load(Ordering::Relaxed) < 0 {
            sent.store(engine.journal().last_step().await?, Ordering::Relaxed);
        }
        Ok(Self { http, sent })
    }

    /// Sends the spans since the last time; returns their number.
    ///
    /// # Errors
    /// The collector does not accept them; they are sent the next time.
    pub async fn send(&self, engine: &Engine, traces: &Traces) -> Result<usize, Problem> {
        let mut count = 0;
        loop {
            let steps = engine.journal().steps_after(self.sent.load(Ordering::Relaxed), STEPS).await?;
            let Some(last) = steps.last().map(|step| step.number) else { return Ok(count) };
            let partner = |flow: &str| engine.workspace().flows.get(flow).map(|flow| flow.partner.clone()).unwrap_or_default();
            let spans: Vec<Json> = steps.iter().flat_map(|step| spans(step, &partner(&step.flow))).collect();
            count += spans.len();
            self.post(engine, traces, &body(spans)).await?;
            self.sent.store(last, Ordering::Relaxed);
        }
    }

    /// Errors contain neither the URL nor the response, as both may contain a secret.
    async fn post(&self, engine: &Engine, traces: &Traces, body: &Json) -> Result<(), Problem> {
        let token = traces.token.as_ref().map(|token| token.open(&engine.workspace().root)).transpose()?;
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        match self.http.post(&traces.url, &headers, body.to_string().into_bytes()).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            // By the OTLP specification only these are retried; any other refusal would repeat.
            Ok(answer) if [429, 502, 503, 504].contains(&answer.status) => {
                Err(unsent(format!("the collector of [traces] answers {}", answer.status)))
            }
            Ok(answer) => {
                let status = answer.status;
                tracing::warn!(code = Code::Traces.info().code, status, "the collector of [traces] refuses spans: they are skipped");
                Ok(())
            }
            Err(failure) => Err(unsent(format!("the collector of [traces] does not accept spans: {}", failure.words()))),
        }
    }
}

fn body(spans: Vec<Json>) -> Json {
    let resource = attributes(&[("service.name", "consign"), ("service.version", env!("CARGO_PKG_VERSION"))]);
    json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": [{ "scope": { "name": "consign" }, "spans": spans }] }] })
}

fn attributes(all: &[(&str, &str)]) -> Json {
    all.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}

/// Nanoseconds since 1970, as OTLP writes them in JSON.
fn nanos(at: DateTime<Utc>) -> String {
    at.timestamp_nanos_opt().unwrap_or_default().to_string()
}

/// The span of a step, and of the run that it ends.
fn spans(step: &StepRow, partner: &str) -> Vec<Json> {
    let trace = step.message.replace('-', "");
    // Stable ids, so that a span that is sent twice is the same span.
    let id = |what: String| digest(format!("{trace} {what}").as_bytes())[..16].to_string();
    let run = id(format!("run {}", step.run));
    let (from, begun) = step.from.clone().unwrap_or((String::new(), step.at));
    let common = [
        ("consign.message", step.message.as_str()),
        ("consign.flow", &step.flow),
        ("consign.partner", partner),
        ("consign.direction", &step.direction),
        ("consign.file", &step.name),
    ];
    let more = [("consign.from", from.as_str()), ("consign.note", step.note.as_deref().unwrap_or_default())];
    let all: Vec<(&str, &str)> = common.iter().chain(&more).copied().collect();
    let status = if step.stage == "failed" { json!({ "code": 2, "message": step.note }) } else { json!({}) };
    let span = |id: &str, parent: &str, name: &str, start: DateTime<Utc>, attributes: Json| {
        json!({ "traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "kind": 1, "startTimeUnixNano": nanos(start.min(step.at)),
            "endTimeUnixNano": nanos(step.at), "attributes": attributes, "status": status })
    };
    let mut spans = vec![span(&id(format!("step {} {}", nanos(step.at), step.stage)), &run, &step.stage, begun, attributes(&all))];
    if ["done", "failed", "held", "discarded"].contains(&step.stage.as_str()) {
        spans.push(span(&run, "", &format!("{} {}", step.flow, step.stage), step.began, attributes(&common)));
    }
    spans
}
