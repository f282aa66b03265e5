//! `consign show ID`: everything about one message.

use serde_json::json;

use super::{Context, Exit, output};
use crate::model::{Problems, Stage, problem::shown};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Id of the message, or its first or last digits.
    id: String,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let journal = engine.journal();
    let message = journal.find(&args.id).await.map_err(output::one)?;
    let events = journal.events(message.id).await.map_err(output::one)?;
    let attempts = journal.attempts(message.id).await.map_err(output::one)?;
    let records = journal.records(message.id).await.map_err(output::one)?;
    context.out.data(&json!({ "message": message, "events": events, "attempts": attempts, "records": records }));
    let out = &context.out;
    out.line(format!("message  {}", message.id));
    out.line(format!(
        "file     {} ({} bytes, sha256 {})",
        shown(&message.name),
        message.size,
        message.sha256.get(..16).unwrap_or_default()
    ));
    out.line(format!("flow     {} ({})", message.flow, message.direction.as_str()));
    out.line(format!("stage    {}", message.stage));
    if let Some(until) = message.until {
        out.line(format!("next try {} UTC", output::at(until)));
    }
    if !message.stored.is_empty() {
        out.line(format!("original {}", engine.storage().root().join(&message.stored).display()));
    }
    out.line("\nsteps (UTC)");
    for event in &events {
        out.line(
            format!("  {}  {:9} {}", output::at(event.at), event.stage, event.note.as_deref().map(shown).unwrap_or_default()).trim_end(),
        );
    }
    if !records.is_empty() {
        out.line("\nin Odoo");
        for record in records.iter().take(20) {
            out.line(format!("  {:9} {},{} {}", record.change, record.model, record.id, shown(&record.name)));
        }
        if records.len() > 20 {
            out.line(format!("  and {} more (--json lists all)", records.len() - 20));
        }
    }
    if let Some(last) = attempts.last().filter(|last| !last.problems.is_empty()) {
        out.line(format!("\nattempt {}: {}\n", last.number, last.outcome));
        for problem in &last.problems {
            out.line(format!("{problem}\n"));
        }
    }
    if matches!(message.stage, Stage::Failed | Stage::Held) {
        out.line(format!("when it is mended: consign reprocess {}", message.id.short()));
    }
    Ok(Exit::Fine)
}
