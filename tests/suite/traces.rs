//! What a collector of OpenTelemetry gets of a message.

use std::{
    fs,
    sync::{Arc, Mutex, atomic::AtomicI64},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use consign::ops::traces::Exporter;
use serde_json::Value;

use super::drops::Shop;

#[derive(Default)]
struct Received {
    spans: Vec<Value>,
    down: bool,
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Received>>);

impl Collector {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
        let take = |State(collector): State<Collector>, headers: HeaderMap, Json(body): Json<Value>| async move {
            let mut received = collector.0.lock().expect("not poisoned");
            if received.down || headers.get("authorization").is_none_or(|token| token != "Bearer hush") {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            assert_eq!(body["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"], "consign");
            received.spans.extend(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone());
            StatusCode::OK
        };
        let app = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }
}

fn number(span: &Value, key: &str) -> u64 {
    span[key].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {key}: {span}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_a_trace_and_each_step_a_span_of_it() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let collector = Collector::default();
    let url = collector.start().await;
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, format!("{text}\n[traces]\nurl = \"{url}\"\ntoken = {{ file = \"traces.secret\" }}\n")).expect("written");
    fs::write(shop.world.workspace().join("traces.secret"), "hush").expect("written");
    let engine = shop.engine().await;
    let traces = engine.workspace().traces.clone().expect("[traces]");
    let exporter = Exporter::new(&engine, Arc::new(AtomicI64::new(-1))).await.expect("an exporter");
    shop.drop("good.xml", &shop.order("T-1"));
    shop.drop("bad.xml", "<Order");
    engine.run("orders-in").await;
    collector.0.lock().expect("not poisoned").down = true;
    let problem = exporter.send(&engine, &traces).await.expect_err("nobody takes them");
    assert!(!problem.to_string().contains("hush") && !problem.to_string().contains("127.0.0.1"), "{problem}");
    collector.0.lock().expect("not poisoned").down = false;
    assert!(exporter.send(&engine, &traces).await.expect("sent") >= 8);
    assert_eq!(exporter.send(&engine, &traces).await.expect("sent"), 0, "each once");
    let spans = collector.0.lock().expect("not poisoned").spans.clone();
    for message in shop.world.messages("orders-in") {
        let trace = message["id"].as_str().expect("an id").replace('-', "");
        let own: Vec<&Value> = spans.iter().filter(|span| span["traceId"] == trace.as_str()).collect();
        let names: Vec<&str> = own.iter().map(|span| span["name"].as_str().expect("a name")).collect();
        let (expected, code): (&[&str], _) = match message["stage"].as_str() {
            Some("done") => (&["received", "checked", "planned", "applied", "done", "orders-in done"], Value::Null),
            _ => (&["received", "failed", "orders-in failed"], 2.into()),
        };
        assert_eq!(names, expected);
        let root = own.last().expect("the run");
        assert_eq!((&root["parentSpanId"], &root["status"]["code"]), (&"".into(), &code));
        for step in &own[..own.len() - 1] {
            assert_eq!(step["parentSpanId"], root["spanId"]);
            let (start, end) = (number(step, "startTimeUnixNano"), number(step, "endTimeUnixNano"));
            assert!(number(root, "startTimeUnixNano") <= start && start <= end && end <= number(root, "endTimeUnixNano"));
        }
    }
}
