//! `[alerts]` in consign.toml: who receives alerts, by which channel, and when.

use std::time::Duration;

use super::{SecretSource, address, secrets};
use crate::model::toml_reader::{TomlItem, TomlReader};

/// Kinds of alerts, in the order in which they are sent.
pub const KINDS: [&str; 13] =
    ["unable", "failed", "held", "waiting", "silent", "paused", "gap", "uncollected", "overdue", "refused", "disk", "ending", "stopped"];

/// Who receives which alerts.
#[derive(Debug, Clone)]
pub struct Alerts {
    /// By mail.
    pub mail: Option<Mail>,
    /// By a POST of JSON to a URL, which often is a secret itself.
    pub webhook: Option<Webhook>,
    /// Minimum time between two notices of the same alert, even if it changes.
    pub cool_down: Duration,
    /// Time after which an unchanged alert is sent again.
    pub remind: Duration,
    /// How long a message may be held.
    pub held: Duration,
    /// How long a message may wait, and a flow be unable to work.
    pub waiting: Duration,
    /// Minimum MiB free in the storage.
    pub disk: u64,
    /// How long before they expire, certificates raise an alert.
    pub ends: Duration,
    /// Kinds that are switched off ([`KINDS`]).
    pub off: Vec<String>,
}

/// How to send mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Recipients.
    pub to: Vec<String>,
    /// Sender.
    pub from: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Encryption of the connection.
    pub tls: MailTls,
    /// User.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretSource>,
}

/// Encryption of the connection to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// STARTTLS; a server without it is refused.
    StartTls,
    /// TLS from the start.
    Implicit,
    /// None: only for a server on this machine or in a private network.
    None,
}

/// The URL of a webhook.
#[derive(Debug, Clone)]
pub enum Webhook {
    /// As written.
    Url(String),
    /// A URL that is a secret.
    Secret(SecretSource),
}

impl Default for Alerts {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            mail: None,
            webhook: None,
            cool_down: hours(1),
            remind: hours(24),
            held: hours(4),
            waiting: hours(1),
            disk: 1024,
            ends: hours(14 * 24),
            off: Vec::new(),
        }
    }
}

impl Alerts {
    /// The channels of alerts, by name.
    pub fn channels(&self) -> Vec<&'static str> {
        let all = [("mail", self.mail.is_some()), ("webhook", self.webhook.is_some())];
        all.into_iter().filter_map(|(name, on)| on.then_some(name)).collect()
    }
}

pub(super) fn read(reader: &TomlReader<'_>) -> Alerts {
    let mut alerts = Alerts::default();
    let Some(table) = reader.table("alerts") else { return alerts };
    let set = |key: &str, value: &mut Duration| {
        if let Some(duration) = table.duration(key) {
            *value = duration;
        }
    };
    set("cool_down", &mut alerts.cool_down);
    set("remind", &mut alerts.remind);
    set("held", &mut alerts.held);
    set("waiting", &mut alerts.waiting);
    set("expiry_warning", &mut alerts.ends);
    if let Some(disk) = table.integer("disk") {
        alerts.disk = u64::try_from(disk).unwrap_or_default();
    }
    alerts.off = table.texts("disabled").unwrap_or_default();
    if let (Some(unknown), Some(node)) = (alerts.off.iter().find(|kind| !KINDS.contains(&kind.as_str())), table.node("disabled")) {
        table.bad(node, format!("`{unknown}` is not a kind of alert; the kinds are {}", KINDS.join(", ")));
    }
    alerts.webhook = webhook(&table);
    alerts.mail = table.table("mail").map(|table| {
        let mail = mail(&table);
        table.finish();
        mail
    });
    table.finish();
    alerts
}

fn webhook(table: &TomlReader<'_>) -> Option<Webhook> {
    let node = table.node("webhook")?;
    let TomlItem::Text(url) = &node.item else { return secrets::read(table, "webhook").map(Webhook::Secret) };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        table.bad(node, "`webhook` is a URL, or where to read it: { env = \"NAME\" }".into());
    } else if address::holds_more(url) {
        let text = "`webhook` contains a user, a password or a query: store the whole URL elsewhere, as in webhook = { env = \"NAME\" }";
        table.bad(node, text.into());
    }
    Some(Webhook::Url(url.clone()))
}

fn mail(table: &TomlReader<'_>) -> Mail {
    let tls = match table.choice("tls", &["starttls", "implicit", "none"]) {
        "implicit" => MailTls::Implicit,
        "none" => MailTls::None,
        _ => MailTls::StartTls,
    };
    let usual = match tls {
        MailTls::Implicit => 465,
        MailTls::StartTls => 587,
        MailTls::None => 25,
    };
    let port = table.integer("port").and_then(|port| u16::try_from(port).ok()).unwrap_or(usual);
    let to = table.texts("to").unwrap_or_default();
    if to.is_empty() {
        table.missing("to");
    }
    let mail = Mail {
        to,
        from: table.need_text("from"),
        host: table.need_text("host"),
        port,
        tls,
        user: table.text("user"),
        password: secrets::read(table, "password"),
    };
    for (key, address) in mail.to.iter().map(|to| ("to", to)).chain([("from", &mail.from)]) {
        if let (false, Some(node)) = (address.is_empty() || address.contains('@'), table.node(key)) {
            table.bad(node, format!("`{address}` is not a mail address"));
        }
    }
    mail
}
