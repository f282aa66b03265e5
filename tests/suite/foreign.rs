//! What servers and addresses say, and what must not come of it: answers without end, secrets that are quoted, certificates that are wrong.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::drops::Shop;
use crate::common::world::{World, files};

/// A server that speaks enough of Odoo's JSON-RPC to be signed in to, and answers every call like this.
async fn odoo(answer: fn(&str) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = Vec::new();
                let mut part = [0; 65536];
                loop {
                    let text = String::from_utf8_lossy(&buffer).into_owned();
                    let whole = text.split_once("\r\n\r\n").and_then(|(head, body)| {
                        let length =
                            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok())?;
                        (body.len() >= length).then(|| body.to_string())
                    });
                    if let Some(body) = whole {
                        buffer.clear();
                        let result = |result: Value| json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string().into_bytes();
                        let bytes = if body.contains("\"version\"") {
                            result(json!({"server_version": "19.0"}))
                        } else if body.contains("\"authenticate\"") {
                            result(json!(2))
                        } else if body.contains("\"context_get\"") {
                            result(json!({"lang": "en_US", "tz": "UTC", "uid": 2}))
                        } else {
                            answer(&body)
                        };
                        let head = match bytes.len() {
                            0 => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_string(),
                            length => format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"),
                        };
                        if stream.write_all(head.as_bytes()).await.is_err() {
                            return;
                        }
                        if bytes.is_empty() {
                            // Without end.
                            while stream.write_all(&[b' '; 65536]).await.is_ok() {}
                            return;
                        }
                        if stream.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                    match stream.read(&mut part).await {
                        Ok(0) | Err(_) => return,
                        Ok(length) => buffer.extend_from_slice(&part[..length]),
                    }
                }
            });
        }
    });
    format!("http://{at}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_odoos_without_end_is_broken_off() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let endless = odoo(|_| Vec::new()).await;
    let url = shop.world.odoo.url.clone();
    shop.world.replace("consign.toml", &[(&format!("\"{url}\""), &format!("\"{endless}\"\nmax_answer_bytes = 1000000"))]);
    shop.drop("a.xml", &shop.order("E-1"));
    let began = Instant::now();
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.out.contains("1 waiting"), "{} {}", ran.out, ran.err);
    let message = shop.world.messages("orders-in").pop().expect("a message");
    assert_eq!(message["code"], "C510", "{message}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    // What is nobody's number is no limit.
    shop.world.replace("consign.toml", &[("max_answer_bytes = 1000000", "max_answer_bytes = 0")]);
    let refused = shop.world.consign(&["check"]).ends(1);
    assert!(refused.err.contains("`max_answer_bytes` is a number from 1"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_odoo_quotes_is_told_to_nobody() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let quoting = odoo(|body| {
        let quoted = format!("bad request: {body}");
        json!({"jsonrpc": "2.0", "id": 1, "error": {"message": "Odoo Server Error",
            "data": {"name": "odoo.exceptions.UserError", "message": quoted}}})
        .to_string()
        .into_bytes()
    })
    .await;
    let url = shop.world.odoo.url.clone();
    shop.world.replace("consign.toml", &[(&url, &quoting)]);
    shop.drop("a.xml", &shop.order("Q-1"));
    let secret = "sw0rd\"fish-2026";
    let environment = [("CONSIGN_ODOO_PASSWORD", secret)];
    let ran = shop.world.consign_with(&["run", "--once", "orders-in"], &environment);
    let backup = shop.world.dir.path().join("backup.zip");
    shop.world.consign(&["backup", &backup.display().to_string()]).ends(0);
    let all = shop.world.consign(&["errors"]).out + &ran.out + &ran.err;
    assert!(all.contains("[secret]"), "{all}");
    let says_it =
        |bytes: &[u8]| ["fish-2026", "fish\\-2026"].iter().any(|part| bytes.windows(part.len()).any(|window| window == part.as_bytes()));
    assert!(!says_it(all.as_bytes()), "{all}");
    for name in files(&shop.world.workspace()) {
        assert!(!says_it(&fs::read(shop.world.workspace().join(&name)).expect("read")), "{name}");
    }
    for name in files(&shop.world.partner) {
        assert!(!says_it(&fs::read(shop.world.partner.join(&name)).expect("read")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_hold_no_secrets_and_what_goes_in_the_clear_is_told() {
    let world = World::embedded().await;
    let url = world.odoo.url.clone();
    for bad in [
        "http://user:hunter2@127.0.0.1:8069",
        "https://odoo.example.com/?token=hunter2",
        "https://odoo.example.com/#hunter2",
        "user:hunter2@odoo",
    ] {
        let text = fs::read_to_string(world.workspace().join("consign.toml")).expect("read");
        world.replace("consign.toml", &[(&url, bad)]);
        let ran = world.consign(&["check"]).ends(1);
        assert!(ran.err.contains("error[C105]") && !ran.err.contains("hunter2") && !ran.out.contains("hunter2"), "{bad}: {}", ran.err);
        fs::write(world.workspace().join("consign.toml"), text).expect("written");
    }
    assert!(!world.consign(&["check"]).ends(0).out.contains("warning"), "this machine is nobody else's");
    world.replace("consign.toml", &[(&url, "http://odoo.example.com:8069")]);
    let warned = world.consign(&["check"]).ends(0).out;
    assert!(warned.contains("warning: [odoo] sends login, password or key to odoo.example.com without encryption"), "{warned}");
    assert_eq!(world.json(&["check"])["warnings"][0]["code"], "C121");
}

/// A server whose certificate nobody here trusts.
fn untrusted() -> std::net::SocketAddr {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../common/tls/certificate.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../common/tls/key.pem")).expect("a key");
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).expect("fits");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let config = std::sync::Arc::clone(&config);
            std::thread::spawn(move || {
                let (mut socket, mut tls) = (socket, rustls::ServerConnection::new(config).expect("begun"));
                while tls.is_handshaking() && tls.complete_io(&mut socket).is_ok() {}
            });
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_refused_is_told_as_what_it_is() {
    let world = World::embedded().await;
    let url = world.odoo.url.clone();
    world.replace("consign.toml", &[(&url, &format!("https://{}", untrusted()))]);
    let told = world.consign(&["doctor"]).ends(2);
    let all = told.out + &told.err;
    assert!(all.contains("error[C512]") && all.contains("the server's certificate is refused: it is self-signed"), "{all}");
    assert!(!all.contains("check that Odoo is running"), "{all}");
}
