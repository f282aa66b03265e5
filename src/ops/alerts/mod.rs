//! Alerts: what is looked at ([`rules`]), what of it is news ([`decide`]), how it is told ([`text`], [`deliver`]). Grouped by flow and
//! kind, with a pause between two mails, and a word when it is over: a night with a thousand failed files is a handful of mails.

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

/// How often alerts are looked at.
pub const EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// What one look found.
#[derive(Debug)]
pub struct AlertFindings {
    /// What is the matter now.
    pub conditions: Vec<AlertCondition>,
    /// What of it is news, and so was written down to be told.
    pub news: Vec<News>,
}

/// Looks at everything, decides what is news, and writes down what is to be told; [`deliver::all`] then tells it.
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
