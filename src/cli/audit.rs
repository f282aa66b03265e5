//! `consign audit`: who did what, and why, the latest first.

use super::{Context, Exit, output};
use crate::{
    journal::AuditRow,
    model::{Problems, problem::shown},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only what was done to this message.
    id: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let message = match &args.id {
        Some(id) => Some(engine.journal().find(id).await?.id),
        None => None,
    };
    let entries = engine.journal().audit_entries(message, args.limit).await?;
    context.out.data(&entries);
    for entry in &entries {
        let on = entry.message.as_deref().and_then(|id| id.get(id.len().saturating_sub(8)..)).unwrap_or("-");
        context.out.line(line(entry, on));
        if let (Some(detail), true) = (&entry.detail, args.id.is_some()) {
            detail.lines().for_each(|line| context.out.line(format!("    {}", shown(line))));
        }
    }
    if entries.is_empty() {
        context.out.line("nobody has done anything yet");
    }
    Ok(Exit::Fine)
}

/// One deed: when, who, what, on which message, why.
pub(super) fn line(entry: &AuditRow, on: &str) -> String {
    let why = entry.reason.as_deref().map(|reason| format!("  {}", shown(reason))).unwrap_or_default();
    let line = format!("{}  {:10} {:10} {on}{why}", output::at(entry.at), shown(&entry.who), entry.action);
    line.trim_end().to_string()
}
