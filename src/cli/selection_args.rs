//! Options that several verbs share: which messages are meant, and who does what to them for which reason.

use crate::{
    journal::AuditEntry,
    model::{Code, Message, Problem, Problems},
    ops::message_filter::Selection,
};

use super::Context;
use crate::pipeline::Engine;

/// Which messages are meant, besides by id.
#[derive(clap::Args, Clone, Default)]
pub(super) struct Choosing {
    /// Only of this partner's flows.
    #[arg(long)]
    partner: Option<String>,
    /// Only at this stage; may be given several times.
    #[arg(long)]
    stage: Vec<String>,
    /// Received since: 2026-11-27, "2026-11-27 10:00" (UTC), or how long ago: 30m, 2h, 7d.
    #[arg(long)]
    since: Option<String>,
    /// Received before.
    #[arg(long)]
    until: Option<String>,
    /// With this part in the file's name, in a business number (order, despatch, GTIN) or in the name of an Odoo record.
    #[arg(long)]
    find: Option<String>,
    /// With this answer of the partner's: awaited, pending, accepted, refused, or overdue.
    #[arg(long)]
    answer: Option<String>,
    /// Kept by this cause, as `consign errors` names it.
    #[arg(long)]
    cause: Option<String>,
    /// Answers that partners are given as well: they are messages of their own, and are left out otherwise.
    #[arg(long)]
    with_answers: bool,
}

impl Choosing {
    pub(super) fn of(&self, flow: Option<&String>) -> Selection {
        Selection {
            flow: flow.cloned(),
            partner: self.partner.clone(),
            stages: self.stage.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            find: self.find.clone(),
            cause: self.cause.clone(),
            answer: self.answer.clone(),
            with_answers: self.with_answers,
        }
    }
}

/// Who does it, and why.
#[derive(clap::Args, Clone, Default)]
pub(super) struct By {
    /// Who does it, for the audit; otherwise the user of this machine.
    #[arg(long)]
    by: Option<String>,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

impl By {
    pub(super) fn entry(&self, action: &'static str) -> AuditEntry {
        let user = || {
            ["CONSIGN_USER", "SUDO_USER", "USER", "LOGNAME"]
                .iter()
                .find_map(|name| std::env::var(name).ok())
                .filter(|user| !user.is_empty())
        };
        let who = self.by.clone().or_else(user).unwrap_or_else(|| "someone".into());
        AuditEntry { reason: self.reason.clone(), ..AuditEntry::new(&who, action) }
    }

    /// A deed that must say why.
    pub(super) fn reasoned(&self, action: &'static str) -> Result<AuditEntry, Problems> {
        match self.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty()) {
            true => Ok(self.entry(action)),
            false => Err(Problems::from(Problem::new(
                Code::Usage,
                format!("{action} needs --reason: it is what is asked first when someone looks at it later"),
            ))),
        }
    }
}

/// Messages acted on in one go.
pub(super) const MOST: u32 = 10_000;

/// The messages that ids or a choice mean, oldest first.
pub(super) async fn chosen(
    context: &Context,
    engine: &Engine,
    ids: &[String],
    selection: &Selection,
    stages: &[&str],
) -> Result<Vec<Message>, Problems> {
    if !ids.is_empty() && !selection.is_empty() {
        return Err(Problems::from(Problem::new(Code::Usage, "give either message ids or filter options, not both")));
    }
    if ids.is_empty() && selection.is_empty() {
        let text = "no messages selected: give ids, or filter with --flow, --partner, --stage, --since, --until, --find, --cause";
        return Err(Problems::from(Problem::new(Code::Usage, text)));
    }
    let mut messages = Vec::new();
    for id in ids {
        messages.push(engine.journal().find(id).await?);
    }
    if ids.is_empty() {
        let mut selection = selection.clone();
        if selection.stages.is_empty() {
            selection.stages = stages.iter().map(|stage| (*stage).to_string()).collect();
        }
        let filter = selection.filter(engine.workspace(), engine.clock().now(), MOST)?;
        messages = engine.journal().list(&filter).await?;
        messages.reverse();
        if messages.len() == MOST as usize {
            context.out.line(format!("the newest {MOST} only; do the rest with another call"));
        }
    }
    Ok(messages)
}
