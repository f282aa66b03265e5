//! Sends alerts by mail and webhook. A failed delivery is retried with back-off.

use std::time::Duration;

use chrono::TimeDelta;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use super::text;
use crate::{
    config::alerts::{Mail, MailTls, Webhook},
    http::{Http, HttpFailure, certificate_refused},
    model::{Code, Problem},
    pipeline::Engine,
};

/// Timeout for a mail server or webhook.
const PATIENCE: Duration = Duration::from_secs(15);
/// Maximum size of a webhook's response, in bytes; its content is ignored.
const ANSWER: u64 = 1 << 20;
/// Maximum number of attempts for one notice; the last ones are half an hour apart.
const TRIES: u32 = 60;

/// Sends the notices that are due. Returns the failures; these are retried.
///
/// # Errors
/// The journal cannot be read or written.
pub async fn all(engine: &Engine) -> Result<Vec<Problem>, Problem> {
    let journal = engine.journal();
    let now = engine.clock().now();
    let mut problems = Vec::new();
    for notice in journal.notices(now).await? {
        match one(engine, &notice.channel, &notice.body).await {
            Ok(()) => journal.reported(notice.id).await?,
            Err(problem) => {
                problems.push(problem);
                match notice.tries >= TRIES {
                    true => journal.reported(notice.id).await?,
                    false => journal.unreported(notice.id, now + TimeDelta::minutes(1 << notice.tries.min(5))).await?,
                }
            }
        }
    }
    Ok(problems)
}

/// Sends one body through one channel.
///
/// # Errors
/// It was not delivered.
pub async fn one(engine: &Engine, channel: &str, body: &str) -> Result<(), Problem> {
    let alerts = &engine.workspace().alerts;
    match (channel, &alerts.mail, &alerts.webhook) {
        ("mail", Some(mail), _) => mail_out(engine, mail, body).await,
        ("webhook", _, Some(webhook)) => post(engine, webhook, text::for_chats(body)).await,
        // A channel that is no longer configured.
        _ => Ok(()),
    }
}

fn unsent(why: String) -> Problem {
    Problem::new(Code::AlertUnsent, why)
}

async fn mail_out(engine: &Engine, mail: &Mail, body: &str) -> Result<(), Problem> {
    let at = format!("{}:{}", mail.host, mail.port);
    let mailbox = |address: &str| address.parse::<Mailbox>().map_err(|_| unsent(format!("`{address}` is not a mail address")));
    let mut letter = Letter::builder().from(mailbox(&mail.from)?).subject(text::part(body, "subject"));
    for to in &mail.to {
        letter = letter.to(mailbox(to)?);
    }
    let letter = letter.header(ContentType::TEXT_PLAIN).body(text::part(body, "text"));
    let letter = letter.map_err(|_| unsent("cannot compose the mail".into()))?;
    let tls = || TlsParameters::new(mail.host.clone()).map_err(|_| unsent(format!("`{}` is not a host name for TLS", mail.host)));
    let tls = match mail.tls {
        MailTls::StartTls => Tls::Required(tls()?),
        MailTls::Implicit => Tls::Wrapper(tls()?),
        MailTls::None => Tls::None,
    };
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host).port(mail.port).tls(tls).timeout(Some(PATIENCE));
    if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
        server = server.credentials(Credentials::new(user.clone(), password.open(&engine.workspace().root)?));
    }
    let sent = tokio::time::timeout(PATIENCE, server.build().send(letter)).await;
    let lost = unsent(format!("no response from the mail server {at}, or its TLS certificate is not trusted"));
    match sent {
        // If a certificate is refused, the library keeps waiting or reports a broken connection.
        Err(_) => Err(lost),
        Ok(Err(error)) if error.is_permanent() || error.is_transient() => {
            let code = error.status().map(|code| code.to_string()).unwrap_or_default();
            Err(unsent(format!("the mail server {at} refuses the mail (reply {code})")))
        }
        Ok(Err(error)) if error.is_tls() => {
            let hint = "this machine must trust its certificate; use tls = \"implicit\" for port 465, \"none\" for a local server";
            let why = certificate_refused(&error).map(|why| format!(": its certificate is refused, {why}")).unwrap_or_default();
            Err(unsent(format!("TLS with the mail server {at} failed{why}")).hint(hint))
        }
        Ok(Err(_)) => Err(lost),
        Ok(Ok(_)) => Ok(()),
    }
}

/// Errors contain neither the URL nor the response, as both may contain a secret.
async fn post(engine: &Engine, webhook: &Webhook, body: String) -> Result<(), Problem> {
    let url = match webhook {
        Webhook::Url(url) => url.clone(),
        Webhook::Secret(source) => source.open(&engine.workspace().root)?,
    };
    let http = Http::new(PATIENCE, ANSWER).map_err(|failure| unsent(failure.words()))?;
    match http.post(&url, &[("Content-Type", "application/json")], body.into_bytes()).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => Err(unsent(format!("the webhook responded with {}", answer.status))),
        // The webhook has accepted the alert, whatever the rest of its response.
        Err(HttpFailure::Large(_)) => Ok(()),
        Err(failure) => Err(unsent(format!("the webhook did not accept the alert: {}", failure.words()))),
    }
}
