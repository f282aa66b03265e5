//! `[web]` in consign.toml: where the web page listens, and who a proxy in front of it says that someone is.

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
    /// Its address as people type it, without a slash at its end; cookies are kept to TLS where it begins with https.
    pub url: Option<String>,
    /// The header in which a proxy says who someone is.
    pub user_header: Option<String>,
    /// The header in which it says their role; otherwise users that consign does not know are viewers.
    pub role_header: Option<String>,
    /// What who asks for metrics must have; without one, only this machine gets them.
    pub metrics_token: Option<SecretSource>,
    /// The proxies that are believed, as to whom they speak for and whom they have signed in.
    pub proxies: Vec<IpAddr>,
}

/// Where it listens, unless it is said otherwise: this machine alone.
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
    // People type another address than that of our own: something stands in front, on this machine unless it is said otherwise.
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
