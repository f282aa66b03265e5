//! Texts of alerts: one body for all channels, with a text for people and data for machines.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    decide::{News, State},
    rules::minute,
};
use crate::{
    config::Workspace,
    journal::Alert,
    model::{names::encoded, problem::shown},
};

/// The body of a notice, as JSON: `subject`, `text`, `at`, `workspace`, `news`.
pub fn body(workspace: &Workspace, news: &[News], at: DateTime<Utc>) -> String {
    let name = name(workspace);
    json!({ "subject": subject(&name, news), "text": text(workspace, news, at), "at": at, "workspace": name, "news": news }).to_string()
}

/// The body of a test alert.
pub fn trial(workspace: &Workspace, at: DateTime<Utc>) -> String {
    let subject = format!("consign {}: alerts arrive here", name(workspace));
    json!({ "subject": subject, "text": "This is a test: alerts of consign arrive here.\n", "at": at, "workspace": name(workspace), "news": [] })
        .to_string()
}

fn name(workspace: &Workspace) -> String {
    let root = workspace.root.canonicalize().unwrap_or_else(|_| workspace.root.clone());
    root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| "consign".into())
}

/// A part of a notice's body.
pub fn part(body: &str, key: &str) -> String {
    serde_json::from_str::<Json>(body).ok().and_then(|body| body[key].as_str().map(str::to_string)).unwrap_or_default()
}

fn subject(name: &str, news: &[News]) -> String {
    let named = |one: &News| {
        let subject = one.alert.key.split_once('/').map_or("", |(_, subject)| subject);
        match one.state {
            State::Over => format!("{} {subject} recovered", one.alert.kind),
            State::New | State::More | State::Lasts => format!("{} {subject}", one.alert.kind),
        }
    };
    let parts: Vec<String> = news.iter().take(3).map(named).collect();
    let more = if news.len() > 3 { format!(" and {} more", news.len() - 3) } else { String::new() };
    // A line end in a subject would start a new mail header.
    shown(&format!("consign {name}: {}{more}", parts.join(", ")))
}

/// The body for a chat service: text from a partner must not mention a channel or form a link.
pub fn for_chats(body: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<Json>(body) else { return body.to_string() };
    for key in ["subject", "text"] {
        json[key] = plain(json[key].as_str().unwrap_or_default()).into();
    }
    json.to_string()
}

fn plain(text: &str) -> String {
    text.replace('<', "\u{2039}").replace('>', "\u{203a}").replace('@', "\u{ff20}")
}

/// Where the page shows more about an alert; `None` where the workspace does not say where its page is.
fn link(workspace: &Workspace, alert: &Alert) -> Option<String> {
    let (url, flow) = (workspace.web.url.as_deref()?.trim_end_matches('/'), encoded(alert.flow.as_deref()?));
    Some(match alert.kind.as_str() {
        kind @ ("failed" | "held" | "waiting") => format!("{url}/messages?flow={flow}&stage={kind}"),
        kind @ ("overdue" | "refused") => format!("{url}/messages?flow={flow}&answer={kind}"),
        _ => format!("{url}/flows/{flow}"),
    })
}

fn text(workspace: &Workspace, news: &[News], at: DateTime<Utc>) -> String {
    let mut out = String::new();
    for one in news {
        out.push_str(&format!("{}: {}\n", one.state.as_str().to_uppercase(), shown(&one.alert.text)));
        match (one.state, &one.alert.hint) {
            (State::Over, _) => out.push_str(&format!("    resolved; it began at {}\n", minute(one.alert.since))),
            (_, Some(hint)) => out.push_str(&format!("    fix: {}\n", shown(hint))),
            (_, None) => {}
        }
        if let (true, Some(link)) = (one.state != State::Over, link(workspace, &one.alert)) {
            out.push_str(&format!("    {link}\n"));
        }
    }
    out.push_str(&format!("\nchecked at {}; `consign alerts` shows the active alerts\n", minute(at)));
    out
}
