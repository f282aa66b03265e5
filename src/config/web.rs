//! `[web]` in consign.toml: where the web page listens, and how a proxy in front of it signs people in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{SecretSource, address, secrets};
use crate::model::toml_reader::TomlReader;

/// The web page.
#[derive(Debug, Clone)]
pub struct Web {
    /// Whether `consign run` serves it.
    pub on: bool,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its address as people type it, without a final slash; with https, cookies are sent over TLS only.
    pub url: Option<String>,
    /// The proxy's header with the user's name.
    pub user_header: Option<String>,
    /// The proxy's header with the user's role; without it, users that consign does not know are viewers.
    pub role_header: Option<String>,
    /// The token for metrics; without one, only this machine can read them.
    pub metrics_token: Option<SecretSource>,
    /// The trusted proxies, for the visitor's address and for sign-in.
    pub proxies: Vec<IpAddr>,
}

/// Default address: this machine only.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8088);

impl Default for Web {
    fn default() -> Self {
        Self { on: false, listen: LISTEN, url: None, user_header: None, role_header: None, metrics_token: None, proxies: Vec::new() }
    }
}

pub(super) fn read(reader: &TomlReader<'_>) -> Web {
    let mut web = Web::default();
    let Some(table) = reader.table("web") else { return web };
    web.on = true;
    if let (Some(text), Some(node)) = (table.text("listen"), table.node("listen")) {
        match text.parse() {
            Ok(address) => web.listen = address,
            Err(_) => table.bad(node, format!("`listen` is an address with a port, as in 127.0.0.1:8088, not `{text}`")),
        }
    }
    web.url = address::read(&table, "url", "https://consign.example.com").map(|url| url.trim_end_matches('/').to_string());
    web.user_header = table.text("user_header").map(|name| name.to_lowercase());
    web.role_header = table.text("role_header").map(|name| name.to_lowercase());
    web.metrics_token = secrets::read(&table, "metrics_token");
    for (key, name) in [("user_header", &web.user_header), ("role_header", &web.role_header)] {
        let bad =
            name.as_ref().is_some_and(|name| name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        if let (true, Some(node)) = (bad, table.node(key)) {
            table.bad(node, format!("`{key}` is the name of a header, as in X-Remote-User"));
        }
    }
    // People type a different address: a proxy is in front, on this machine unless configured otherwise.
    if web.url.is_some() {
        web.proxies = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    }
    if let (Some(texts), Some(node)) = (table.texts("proxies"), table.node("proxies")) {
        web.proxies.clear();
        for text in texts {
            match text.parse() {
                Ok(address) => web.proxies.push(address),
                Err(_) => table.bad(node, format!("`{text}` is not the address of a proxy")),
            }
        }
    }
    if let (None, Some(node)) = (table.node("proxies"), table.node("user_header")) {
        table.bad(node, "sign-in by a proxy works only for a named proxy: add `proxies = [\"127.0.0.1\"]`".into());
    }
    table.finish();
    web
}
