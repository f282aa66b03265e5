//! The web page as a browser meets it: `consign web` in a process of its own, and someone who visits it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

use reqwest::{Method, RequestBuilder, header};

use super::world::World;

/// A served page; ends with it.
pub struct Site {
    process: Child,
    pub url: String,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Site {
    /// Serves the page of a world; `[web]` may stand in its consign.toml, without `listen`.
    pub fn of(world: &World) -> Self {
        let file = world.workspace().join("consign.toml");
        let text = std::fs::read_to_string(&file).expect("a file");
        if !text.contains("listen =") {
            let listen = "[web]\nlisten = \"127.0.0.1:0\"";
            let text = if text.contains("[web]") { text.replace("[web]", listen) } else { format!("{text}\n{listen}\n") };
            std::fs::write(&file, text).expect("written");
        }
        let mut process =
            world.prepared(&["web"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("consign starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_string();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { process, url }
    }

    /// Makes a user.
    pub fn user(world: &World, name: &str, role: &str) {
        let made = world.json(&["user", "add", name, "--role", role]);
        let password = made["password"].as_str().expect("a password");
        std::fs::write(world.dir.path().join(format!("{name}.password")), password).expect("written");
    }

    pub fn visitor(&self) -> Visitor {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(60)).build();
        Visitor { client: client.expect("a client"), url: self.url.clone(), cookie: String::new() }
    }

    /// Someone who is signed in.
    pub async fn signed_in(&self, world: &World, name: &str) -> Visitor {
        let mut visitor = self.visitor();
        let password = std::fs::read_to_string(world.dir.path().join(format!("{name}.password"))).expect("a user");
        let answer = visitor.post("/signin", &[("name", name), ("password", &password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        visitor.cookie = answer.cookie.split(';').next().expect("a cookie").to_string();
        visitor
    }
}

/// Someone with a browser.
#[derive(Clone)]
pub struct Visitor {
    pub client: reqwest::Client,
    pub url: String,
    pub cookie: String,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub cookie: String,
    pub location: String,
    pub headers: header::HeaderMap,
}

impl Visitor {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).header(header::COOKIE, &self.cookie)
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("an answer");
        let text =
            |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
        let (cookie, location) = (text(header::SET_COOKIE), text(header::LOCATION));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, cookie, location, headers, text: answer.text().await.expect("a body") }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(body.join("&"))).await
    }

    /// Sends a form of a page: its hidden token and these fields.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token(page).await;
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    /// The token of the forms on a page.
    pub async fn token(&self, page: &str) -> String {
        let shown = self.get(page).await;
        let (_, rest) = shown.text.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no form: {shown:?}"));
        rest.split('"').next().expect("a value").to_string()
    }
}
