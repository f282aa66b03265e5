//! Floor 1: the HTTP client for every server. Answers are limited in size, number of values and time; errors contain no address and no
//! secret.

mod certificate;

use std::time::Duration;

use reqwest::{RequestBuilder, Response, redirect::Policy};
use serde_json::Value as Json;

pub use self::certificate::refused as certificate_refused;

/// Maximum bytes of an answer, unless the caller sets another limit.
pub const LARGEST: u64 = 256 << 20;

/// Maximum number of values in an answer: each takes about 70 bytes of memory, however short it is on the wire.
const VALUES: usize = 5_000_000;

/// Maximum time to connect.
const CONNECT: Duration = Duration::from_secs(20);

/// A client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    largest: u64,
}

/// A complete answer.
#[derive(Debug)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFailure {
    /// This machine cannot create an HTTP client.
    Unable,
    /// The address is not a URL.
    Address,
    /// No connection was made: nothing can have happened.
    Unreachable,
    /// The server's certificate was refused, and why: nothing can have happened.
    Certificate(String),
    /// The request may have been carried out; its answer did not come in time.
    Late,
    /// The request may have been carried out; its answer broke off.
    Broken,
    /// The request may have been carried out; its answer has more bytes than this.
    Large(u64),
    /// The request may have been carried out; its answer has more values than this.
    Many(usize),
    /// The request may have been carried out; its answer is not JSON.
    NotJson,
}

impl Http {
    /// A client with a time limit for a whole answer, and a limit for its bytes.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(timeout: Duration, largest: u64) -> Result<Self, HttpFailure> {
        // A second call finds the provider already set, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT))
            .redirect(Policy::none())
            .user_agent(concat!("consign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| HttpFailure::Unable)?;
        Ok(Self { client, largest })
    }

    /// Sends a GET request to an address.
    ///
    /// # Errors
    /// There is no complete answer.
    pub async fn get(&self, url: &str) -> Result<HttpResponse, HttpFailure> {
        self.send(self.client.get(url)).await
    }

    /// Sends a body to an address, with headers.
    ///
    /// # Errors
    /// There is no complete answer.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<HttpResponse, HttpFailure> {
        let request = headers.iter().fold(self.client.post(url).body(body), |request, (name, value)| request.header(*name, *value));
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<HttpResponse, HttpFailure> {
        let answer = request.send().await.map_err(|error| HttpFailure::of(&error))?;
        Ok(HttpResponse { status: answer.status().as_u16(), body: self.whole(answer).await? })
    }

    async fn whole(&self, mut answer: Response) -> Result<Vec<u8>, HttpFailure> {
        // The server's declared length is not trusted, but if it is too much, the answer is refused at once.
        if answer.content_length().is_some_and(|length| length > self.largest) {
            return Err(HttpFailure::Large(self.largest));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| HttpFailure::of(&error))? {
            if body.len() as u64 + part.len() as u64 > self.largest {
                return Err(HttpFailure::Large(self.largest));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

impl HttpResponse {
    /// Its body as JSON.
    ///
    /// # Errors
    /// It is not JSON, or has more values than memory allows.
    pub fn json(&self) -> Result<Json, HttpFailure> {
        // Each value except the first of a list or an object comes after a comma, the first after a bracket.
        self.few(memchr::memchr3_iter(b',', b'[', b'{', &self.body).take(VALUES + 1).count())?;
        serde_json::from_slice(&self.body).map_err(|_| HttpFailure::NotJson)
    }

    /// Its body as text, to be parsed as XML later.
    ///
    /// # Errors
    /// It has more elements than memory allows.
    pub fn xml(&self) -> Result<String, HttpFailure> {
        // A value has two tags at least.
        self.few(memchr::memchr_iter(b'<', &self.body).take(2 * VALUES + 2).count() / 2)?;
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    fn few(&self, values: usize) -> Result<(), HttpFailure> {
        if values > VALUES { Err(HttpFailure::Many(VALUES)) } else { Ok(()) }
    }
}

impl HttpFailure {
    /// Before the request was sent, nothing can have happened; after that the outcome is unknown.
    fn of(error: &reqwest::Error) -> Self {
        if error.is_builder() {
            Self::Address
        } else if error.is_connect() {
            certificate_refused(error).map_or(Self::Unreachable, Self::Certificate)
        } else if error.is_timeout() {
            Self::Late
        } else {
            Self::Broken
        }
    }

    /// What is wrong, as a part of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Unable => "no HTTP client (are the system's CA certificates readable?)".into(),
            Self::Address => "the address is not a URL".into(),
            Self::Unreachable => "no connection".into(),
            Self::Certificate(why) => format!("the server's certificate is refused: {why}"),
            Self::Late => "no answer in time".into(),
            Self::Broken => "the connection broke before the answer was complete".into(),
            Self::Large(most) => format!("the answer has more than {} MB and was aborted", most >> 20),
            Self::Many(most) => format!("the answer has more than {most} values and was not read"),
            Self::NotJson => "the answer is not JSON".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers with this head, and then with these bytes for as long as they are taken.
    async fn server(head: &'static str, part: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                while !part.is_empty() && stream.write_all(&part).await.is_ok() {}
                held.push(stream);
            }
        });
        format!("http://{at}/")
    }

    #[tokio::test]
    async fn an_answer_without_end_is_broken_off() {
        let http = Http::new(Duration::from_secs(20), 1 << 20).expect("a client");
        let url = server("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 64 << 10]).await;
        assert_eq!(http.get(&url).await.expect_err("endless"), HttpFailure::Large(1 << 20));
        let url = server("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", vec![b' '; 1024]).await;
        assert_eq!(http.post(&url, &[], Vec::new()).await.expect_err("large"), HttpFailure::Large(1 << 20));
        assert!(HttpFailure::Large(1 << 20).words().contains("more than 1 MB"));
    }

    #[tokio::test]
    async fn a_head_without_end_and_one_that_never_comes_are_broken_off() {
        let http = Http::new(Duration::from_millis(300), LARGEST).expect("a client");
        let url = server("HTTP/1.1 200 OK\r\n", b"x: y\r\n".repeat(1000)).await;
        assert_eq!(http.get(&url).await.expect_err("no end of headers"), HttpFailure::Broken);
        let url = server("", vec![]).await;
        assert!(matches!(http.get(&url).await.expect_err("nothing"), HttpFailure::Late | HttpFailure::Broken));
    }

    #[test]
    fn short_values_without_number_take_no_memory() {
        let answer = |text: String| HttpResponse { status: 200, body: text.into_bytes() };
        let many = answer(format!("[{}0]", "0,".repeat(VALUES + 1)));
        assert_eq!(many.json().expect_err("refused"), HttpFailure::Many(VALUES));
        let many = answer("<i/>".repeat(2 * VALUES + 2));
        assert_eq!(many.xml().expect_err("refused"), HttpFailure::Many(VALUES));
        assert_eq!(answer("[1,2]".into()).json().expect("read"), serde_json::json!([1, 2]));
        assert_eq!(answer("<html>".into()).json().expect_err("no JSON"), HttpFailure::NotJson);
        let deep = answer("[".repeat(100_000));
        assert_eq!(deep.json().expect_err("too deep"), HttpFailure::NotJson);
    }
}
