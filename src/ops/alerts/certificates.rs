//! Keys and certificates that expire soon: API keys of Odoo, TLS certificates of Odoo and of FTPS servers. The check uses the network,
//! so it runs once a day, and when a person asks.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs as _},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_cert::der::Decode as _;

use super::condition::AlertCondition;
use crate::pipeline::Engine;

/// What expires soon, as of the last check.
#[derive(Debug, Clone, Default)]
pub struct Endings {
    /// Conditions that were found.
    pub found: Vec<AlertCondition>,
    /// Keys of conditions that could not be checked.
    pub unseen: Vec<String>,
}

/// A server that has a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    host: String,
    port: u16,
    /// Whether TLS starts only on request (AUTH TLS of FTP).
    asks: bool,
}

/// Timeout for a server.
const PATIENCE: Duration = Duration::from_secs(10);

impl Endings {
    /// Checks everything that can expire.
    pub async fn of(engine: &Engine) -> Self {
        let (now, ends) = (engine.clock().now(), engine.workspace().alerts.ends);
        let before = now + TimeDelta::from_std(ends).unwrap_or(TimeDelta::days(14));
        let mut endings = Self::default();
        endings.keys(engine, now).await;
        for server in servers(engine) {
            let key = format!("ending/{}:{}", server.host, server.port);
            let name = format!("{}:{}", server.host, server.port);
            // The connection serves only this check, and blocks its own thread.
            match tokio::task::spawn_blocking(move || end_of(&server)).await.ok().flatten() {
                None => endings.unseen.push(key),
                Some(end) if end <= before => endings.found.push(ending(key, end, now, &format!("the certificate of {name}"))),
                Some(_) => {}
            }
        }
        endings
    }

    async fn keys(&mut self, engine: &Engine, now: DateTime<Utc>) {
        for (name, _) in engine.workspace().every_odoo() {
            let key = if name.is_empty() { "ending/odoo-keys".to_string() } else { format!("ending/odoo-keys/{name}") };
            let Ok(odoo) = engine.site().odoo(name).await else {
                self.unseen.push(key);
                continue;
            };
            let problems = crate::odoo::keys::ending(&odoo, now).await;
            if problems.is_empty() {
                continue;
            }
            let text = problems.iter().map(|problem| &*problem.message).collect::<Vec<_>>().join("; ");
            let hint = "create a new key in Odoo (Preferences, Account Security) and save it where the workspace reads it".to_string();
            self.found.push(AlertCondition { key, kind: "ending", flow: None, text, hint, count: problems.len() as u64, since: None });
        }
    }
}

fn ending(key: String, end: DateTime<Utc>, now: DateTime<Utc>, what: &str) -> AlertCondition {
    let days = (end - now).num_days();
    let when = if end <= now { "has expired".to_string() } else { format!("expires in {days} days") };
    let text = format!("{what} {when}, on {}", end.format("%Y-%m-%d"));
    let hint = "the server's operator must renew it; after that date consign cannot connect".to_string();
    AlertCondition { key, kind: "ending", flow: None, text, hint, count: 1, since: None }
}

/// The servers of the workspace that have certificates, each once.
fn servers(engine: &Engine) -> BTreeSet<Server> {
    let workspace = engine.workspace();
    let mut servers = BTreeSet::new();
    for (_, odoo) in workspace.every_odoo() {
        if let Ok(url) = reqwest::Url::parse(odoo.url())
            && url.scheme() == "https"
            && let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default())
        {
            servers.insert(Server { host: host.to_string(), port, asks: false });
        }
    }
    let used = workspace.flows.values().filter(|flow| flow.enabled).filter_map(|flow| workspace.partners.get(&flow.partner));
    servers.extend(used.filter_map(|partner| partner.drop.tls()).map(|(host, port, asks)| Server { host, port, asks }));
    servers
}

/// When a server's certificate expires.
fn end_of(server: &Server) -> Option<DateTime<Utc>> {
    let address = (server.host.as_str(), server.port).to_socket_addrs().ok()?.next()?;
    let socket = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    let mut socket = Timed { socket, until: Instant::now() + PATIENCE };
    if server.asks {
        answer(&mut socket)?;
        socket.write_all(b"AUTH TLS\r\n").ok()?;
        answer(&mut socket).filter(|answer| answer.starts_with("234"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let looks = Arc::new(OnlyLooks(provider.signature_verification_algorithms.supported_schemes()));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.dangerous().with_custom_certificate_verifier(looks).with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from(server.host.clone()).ok()?).ok()?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).ok()?;
    }
    end(connection.peer_certificates()?.first()?)
}

/// A connection with a total deadline, even if the server keeps sending.
struct Timed {
    socket: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The last line of an FTP server's reply.
fn answer(socket: &mut impl Read) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    for _ in 0..16 << 10 {
        socket.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
        if byte[0] == b'\n' {
            if line.get(3) == Some(&b' ') && line.iter().take(3).all(u8::is_ascii_digit) {
                return String::from_utf8(line).ok();
            }
            line.clear();
        }
    }
    None
}

fn end(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let certificate = x509_cert::Certificate::from_der(certificate.as_ref()).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    DateTime::from_timestamp(i64::try_from(end.as_secs()).ok()?, 0)
}

/// Accepts every certificate: nothing is sent over this connection, only the certificate is read.
#[derive(Debug)]
struct OnlyLooks(Vec<SignatureScheme>);

impl ServerCertVerifier for OnlyLooks {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_says_a_byte_now_and_then_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a visitor");
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let began = Instant::now();
        let mut socket = Timed { socket: TcpStream::connect(at).expect("connected"), until: began + Duration::from_millis(300) };
        assert_eq!(answer(&mut socket), None);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
