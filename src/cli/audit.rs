//! `consign audit`: who did what, when and why; newest first.

use super::{Context, Exit, output};
use crate::{
    journal::AuditRow,
    model::{Problems, problem::shown},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only entries of this message: its id, or the first or last digits.
    id: Option<String>,
    /// Maximum number of entries.
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
        context.out.line("no audit entries");
    }
    Ok(Exit::Fine)
}

/// One audit entry: when, who, what, on which message, why.
pub(super) fn line(entry: &AuditRow, on: &str) -> String {
    let why = entry.reason.as_deref().map(|reason| format!("  {}", shown(reason))).unwrap_or_default();
    let line = format!("{}  {:10} {:10} {on}{why}", output::at(entry.at), shown(&entry.who), entry.action);
    line.trim_end().to_string()
}
