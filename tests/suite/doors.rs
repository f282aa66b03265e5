//! The doors of the web page under attack: guesses, crowds, connections that say nothing, questions that would take long.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use consign::journal::{AuditEntry, UserSession};
use futures_util::future::join_all;
use reqwest::{Method, header};

use super::web::site;

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_are_no_more_than_one_after_the_other() {
    let (_shop, site) = site("").await;
    let guess = |number: u32| {
        let visitor = site.visitor();
        async move { visitor.post("/signin", &[("name", "root"), ("password", &format!("guess {number}"))]).await }
    };
    let answers = join_all((0..200).map(guess)).await;
    let looked_at = answers.iter().filter(|answer| answer.text.contains("wrong name or password")).count();
    assert!(looked_at <= 6, "{looked_at} passwords were looked at");
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 503)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_behind_the_proxy_locks_nobody_else_out() {
    let (shop, site) = site("url = \"http://edi.example.com\"").await;
    let password = std::fs::read_to_string(shop.world.dir.path().join("root.password")).expect("a password");
    let visitor = site.visitor();
    let post = |from: &'static str, name: &str, password: &str| {
        let body = format!("name={name}&password={password}");
        let request = visitor.request(Method::POST, "/signin").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let visitor = visitor.clone();
        async move { visitor.send(request.header("x-forwarded-for", from).body(body)).await }
    };
    for number in 0..70 {
        // What is left of the last hop anyone can write.
        post("10.1.2.3, 203.0.113.66", &format!("name-{number}"), "guess").await;
    }
    assert!(post("203.0.113.66", "root", &password).await.text.contains("too many wrong passwords"));
    assert_eq!(post("198.51.100.1", "root", &password).await.status, 303, "she comes from elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_made_with_a_password_that_was_changed_meanwhile() {
    let (shop, site) = site("").await;
    let engine = shop.engine().await;
    let journal = engine.journal();
    let hash = |users: Vec<consign::journal::User>| users.into_iter().find(|user| user.name == "vera").expect("a user").hash;
    let old = hash(journal.users().await.expect("users"));
    let (now, deed) = (Utc::now(), AuditEntry::new("a test", "change"));
    let session = UserSession { user: "vera".into(), csrf: "c".into(), made: now, seen: now };
    assert!(journal.set_hash("vera", &old, "another", &deed, now).await.expect("changed"));
    assert!(
        !journal.sign_in("d", &session, &old, now - TimeDelta::hours(8), None).await.expect("asked"),
        "looked at before, signed in after"
    );
    assert!(journal.session("d").await.expect("asked").is_none());
    assert!(!journal.set_hash("vera", &old, "third", &deed, now).await.expect("asked"), "two changes at once: one of them");
    journal.remove_user("vera", &deed, now).await.expect("removed");
    assert!(!journal.set_role("vera", "admin", &deed, now).await.expect("asked"), "nobody comes back by a change of role");
    assert!(!journal.sign_in("d", &session, "another", now - TimeDelta::hours(8), None).await.expect("asked"));
    std::mem::drop(site);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed_and_keeps_nobody_out() {
    let (_shop, site) = site("").await;
    let address = site.url.trim_start_matches("http://").to_string();
    let mut silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&address).expect("connected")).collect();
    for stream in &mut silent {
        // One that is closed already is as good.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    }
    let begun = Instant::now();
    let visitor = site.visitor();
    assert_eq!(visitor.get("/health").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    let first = silent.first_mut().expect("a connection");
    first.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut said = Vec::new();
    let _ = first.read_to_end(&mut said);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_any_length_is_answered_at_once() {
    let (shop, site) = site("").await;
    for number in 0..300 {
        shop.drop(&format!("{}{number}.xml", "0".repeat(120)), "<Order");
    }
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let vera = site.signed_in(&shop.world, "vera").await;
    for length in [10, 60, 100, 124, 250, 20_000] {
        let begun = Instant::now();
        let answer = vera.get(&format!("/messages?q={}", "0".repeat(length))).await;
        assert!(answer.status == 200 && begun.elapsed() < Duration::from_secs(5), "{length}: {} {:?}", answer.status, begun.elapsed());
    }
    let whole = format!("{}299.xml", "0".repeat(120));
    let found = vera.get(&format!("/messages?q={whole}")).await;
    assert_eq!(found.status, 303, "a whole name leads to its message, however long it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_any_shape_makes_a_page_of_some_size() {
    let (shop, site) = site("").await;
    shop.drop("lines.xml", &"\n".repeat(500_000));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let messages = shop.world.messages("orders-in");
    let id = messages.iter().find(|message| message["name"] == "lines.xml").and_then(|message| message["id"].as_str()).expect("an id");
    let vera = site.signed_in(&shop.world, "vera").await;
    let page = vera.get(&format!("/messages/{id}/original")).await;
    assert!(page.status == 200 && page.text.len() < 2 << 20, "{} bytes", page.text.len());
    assert_eq!(vera.get(&format!("/messages/{id}/file")).await.text.len(), 500_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_metrics_need_their_token() {
    let (shop, site) = site("url = \"https://edi.example.com\"").await;
    assert_eq!(site.visitor().get("/metrics").await.status, 403, "a proxy need not say for whom it asks");
    std::mem::drop(site);
    shop.world.replace("consign.toml", &[("[web]", "[web]\nmetrics_token = { file = \"nowhere.secret\" }")]);
    let site = crate::common::site::Site::of(&shop.world);
    let answer = site.visitor().get("/metrics").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text.contains("nowhere"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_keeps_itself_fresh_keeps_nobody_signed_in() {
    let (shop, site) = site("").await;
    let vera = site.signed_in(&shop.world, "vera").await;
    let engine = shop.engine().await;
    let long_ago = Utc::now() - TimeDelta::minutes(30);
    let token = vera.cookie.split_once('=').expect("a cookie").1;
    let digest = consign::storage::digest(token.as_bytes());
    engine.journal().seen(&digest, long_ago).await.expect("written");
    let seen = || async { engine.journal().session(&digest).await.expect("asked").expect("a session").seen };
    let before = seen().await;
    let request = vera.request(Method::GET, "/").header("x-consign-live", "1");
    assert_eq!(vera.send(request).await.status, 200);
    assert_eq!(seen().await, before, "the page asked, not she");
    assert_eq!(vera.get("/").await.status, 200);
    assert!(seen().await > before);
}
