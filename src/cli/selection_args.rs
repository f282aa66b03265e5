//! Options shared by several commands: filters for messages, and who acts for which reason.

use crate::{
    journal::AuditEntry,
    model::{Code, Message, Problem, Problems},
    ops::message_filter::Selection,
};

use super::Context;
use crate::pipeline::Engine;

/// Filter options for messages.
#[derive(clap::Args, Clone, Default)]
pub(super) struct Choosing {
    /// Only messages of this partner's flows.
    #[arg(long)]
    partner: Option<String>,
    /// Only messages in this stage; can be repeated.
    #[arg(long)]
    stage: Vec<String>,
    /// Only received since: 2026-11-27, "2026-11-27 10:00" (UTC), or an age: 30m, 2h, 7d.
    #[arg(long)]
    since: Option<String>,
    /// Only received before, in the same formats.
    #[arg(long)]
    until: Option<String>,
    /// Part of the file name, a business number (order, despatch, GTIN) or an Odoo record name.
    #[arg(long)]
    find: Option<String>,
    /// Only with this acknowledgement status: awaited, pending, accepted, refused or overdue.
    #[arg(long)]
    answer: Option<String>,
    /// Only with this cause, as listed by `consign errors`.
    #[arg(long)]
    cause: Option<String>,
    /// Include acknowledgements that we send; each is a message of its own.
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

/// Who acts, and why.
#[derive(clap::Args, Clone, Default)]
pub(super) struct By {
    /// Name for the audit log; by default the user of this machine.
    #[arg(long)]
    by: Option<String>,
    /// Reason for the audit log.
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

    /// An audit entry that must have a reason.
    pub(super) fn reasoned(&self, action: &'static str) -> Result<AuditEntry, Problems> {
        match self.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty()) {
            true => Ok(self.entry(action)),
            false => Err(Problems::from(Problem::new(Code::Usage, format!("{action} needs --reason, for the audit log")))),
        }
    }
}

/// Maximum number of messages for one command.
pub(super) const MOST: u32 = 10_000;

/// The messages selected by ids or a filter, oldest first.
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
            context.out.line(format!("only the newest {MOST} messages; repeat the command for the rest"));
        }
    }
    Ok(messages)
}
