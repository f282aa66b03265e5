//! Alerts: which conditions are active ([`rules`]), which of them are news ([`decide`]), and how these are sent ([`text`], [`deliver`]).
//! Alerts are grouped by flow and kind, with a pause between two mails and a notice on recovery: a thousand failures are a few mails.

pub mod certificates;
mod condition;
pub mod decide;
pub mod deliver;
pub mod rules;
pub mod text;

use chrono::{DateTime, Utc};

pub use self::condition::AlertCondition;
use self::{certificates::Endings, decide::News, rules::Looked};
use crate::{model::Problem, pipeline::Engine};

/// How often alert conditions are checked.
pub const EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// Result of one check.
#[derive(Debug)]
pub struct AlertFindings {
    /// The active conditions.
    pub conditions: Vec<AlertCondition>,
    /// The news among them, which were queued for sending.
    pub news: Vec<News>,
}

/// Checks all conditions, decides which are news, and queues these; [`deliver::all`] then sends them.
///
/// # Errors
/// The journal cannot be read or written.
pub async fn look(engine: &Engine, endings: &Endings, now: DateTime<Utc>) -> Result<AlertFindings, Problem> {
    let looked = rules::look(engine, endings, now).await?;
    let Looked { conditions, .. } = &looked;
    let alerts = &engine.workspace().alerts;
    let mut news = Vec::new();
    let decide = |known| {
        let (mut decided, reported) = decide::decide(known, &looked, alerts, now);
        decided.news = (!reported.is_empty()).then(|| text::body(engine.workspace(), &reported, now));
        news = reported;
        decided
    };
    engine.journal().decide(&alerts.channels(), now, decide).await?;
    Ok(AlertFindings { conditions: conditions.clone(), news })
}
