//! Secrets that are sent without encryption.

use std::net::IpAddr;

use super::{Workspace, alerts::MailTls};
use crate::model::{Code, Place, Problem};

/// Addresses that get secrets without encryption.
pub(super) fn in_the_clear(workspace: &Workspace) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut warn = |table: &str, what: &str, host: &str, hint: &str| {
        let text = format!("[{table}] sends {what} to {host} without encryption");
        found.push(Problem::new(Code::InTheClear, text).at(Place::file("consign.toml")).hint(hint));
    };
    let https = "use https, unless that network is private";
    for (name, odoo) in workspace.every_odoo() {
        if let Some(host) = plain(odoo.url()) {
            let table = if name.is_empty() { "odoo".to_string() } else { format!("odoos.{name}") };
            warn(&table, "login, password or key", host, https);
        }
    }
    if let Some(host) = workspace.traces.as_ref().filter(|traces| traces.token.is_some()).and_then(|traces| plain(&traces.url)) {
        warn("traces", "its token", host, https);
    }
    let mail = workspace.alerts.mail.as_ref().filter(|mail| mail.tls == MailTls::None && mail.password.is_some());
    if let Some(mail) = mail.filter(|mail| !is_here(&mail.host)) {
        warn("alerts.mail", "its password", &mail.host, "use tls = \"starttls\" or \"implicit\", unless that network is private");
    }
    for partner in workspace.partners.values() {
        if let Some(host) = partner.drop.in_the_clear().filter(|host| !is_here(host)) {
            let text = format!("the password of {}'s drop is sent to {host} without encryption", partner.id);
            let problem = Problem::new(Code::InTheClear, text).at(Place::file(format!("partners/{}.toml", partner.id)));
            found.push(problem.hint("use tls = \"explicit\" or \"implicit\", or ask the partner for SFTP"));
        }
    }
    found
}

/// The host of an address without TLS, unless it is this machine.
fn plain(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    (!is_here(host)).then_some(host)
}

fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for here in
            ["http://localhost:8069", "http://127.0.0.1:8069/odoo", "http://[::1]:8069", "https://odoo.example.com", "http://LOCALHOST"]
        {
            assert_eq!(plain(here), None, "{here}");
        }
        for (there, host) in [
            ("http://odoo:8069", "odoo"),
            ("http://10.0.0.7/x", "10.0.0.7"),
            ("http://[2001:db8::1]:80", "2001:db8::1"),
            ("http://localhost.example.com", "localhost.example.com"),
        ] {
            assert_eq!(plain(there), Some(host));
        }
    }
}
