//! `consign show ID`: shows everything about one message.

use super::{Context, Exit, output};
use crate::{
    journal::AnswerRow,
    model::{Code, Intent, Message, Outcome, Problems, Stage, intent::how_to_decide, problem::shown},
    ops::{
        message_detail::{self, MessageDetail},
        source_snippet,
    },
};

/// Maximum number of records and copies listed for one message.
const LISTED: usize = 20;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Message id, or its first or last digits.
    id: String,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let message = engine.journal().find(&args.id).await?;
    let life = message_detail::load(&engine, message).await?;
    context.out.data(&life);
    let out = &context.out;
    let message = &life.message;
    out.line(format!("message  {}", message.id));
    out.line(format!(
        "file     {} ({} bytes, sha256 {})",
        shown(&message.name),
        message.size,
        message.sha256.get(..16).unwrap_or_default()
    ));
    let partner = life.partner.as_deref().map(|partner| format!(", partner {partner}")).unwrap_or_default();
    out.line(format!("flow     {} ({}{partner})", message.flow, message.direction.as_str()));
    out.line(format!("stage    {}", message.stage));
    if let Some(until) = message.until.filter(|_| message.stage == Stage::Waiting) {
        out.line(format!("retry at {} UTC", output::at(until)));
    }
    if !message.stored.is_empty() {
        out.line(format!("original {}", engine.storage().root().join(&message.stored).display()));
    }
    if let Some(arrival) = &life.arrival {
        out.line(format!("arrived  as {} ({})", shown(&arrival.path), arrival.verdict));
    }
    if !life.numbers.is_empty() {
        let numbers: Vec<String> = life.numbers.iter().map(|term| format!("{} {}", term.kind, shown(&term.value))).collect();
        out.line(format!("numbers  {}", numbers.join(", ")));
    }
    if let Some(parent) = &life.parent {
        let how = if message.answers.is_some() { "answers" } else { "made of" };
        out.line(format!("{how:8} {}", kin(parent)));
    }
    for child in life.children.iter().take(LISTED) {
        let how = if child.answers.is_some() { "answered" } else { "made" };
        out.line(format!("{how:8} {}", kin(child)));
    }
    if life.children.len() > LISTED {
        out.line(format!("         and {} more (--json lists all)", life.children.len() - LISTED));
    }
    if let Some(answer) = &life.answer {
        out.line(format!("answer   {}", answer_line(answer)));
    }
    out.line("\nhistory (UTC)");
    for event in &life.events {
        out.line(
            format!("  {}  {:9} {}", output::at(event.at), event.stage, event.note.as_deref().map(shown).unwrap_or_default()).trim_end(),
        );
    }
    if !life.audit.is_empty() {
        out.line("\naudit (UTC)");
        for entry in &life.audit {
            out.line(format!("  {}", super::audit::line(entry, "")));
        }
    }
    if !life.intents.is_empty() {
        out.line("\neffects (UTC)");
        for intent in &life.intents {
            out.line(format!("  {}", effect(intent)));
        }
    }
    if !life.records.is_empty() {
        out.line("\nin Odoo");
        for link in life.records.iter().take(LISTED) {
            out.line(format!(
                "  {:9} {},{} {}  {}",
                link.record.change,
                link.record.model,
                link.record.id,
                shown(&link.record.name),
                link.url
            ));
        }
        if life.records.len() > LISTED {
            out.line(format!("  and {} more (--json lists all)", life.records.len() - LISTED));
        }
    }
    if let Some(last) = life.attempts.last().filter(|last| !last.problems.is_empty()) {
        out.line(format!("\nattempt {}: {}\n", last.number, last.outcome));
        let lines = message_detail::original_lines(&engine, message, &last.problems).await;
        for problem in &last.problems {
            out.line(format!("{}\n", source_snippet::text(problem, &lines)));
        }
    }
    if let Some(next) = next(&life) {
        out.line(next);
    }
    Ok(Exit::Fine)
}

/// The next step for a message that does not continue automatically.
fn next(life: &MessageDetail) -> Option<String> {
    let (message, short) = (&life.message, life.message.id.short());
    let (undecided, unclear) = (life.undecided(), message.code == Some(Code::Uncertain));
    match message.stage {
        Stage::Held | Stage::Failed | Stage::Discarded if !undecided.is_empty() && (unclear || message.stage != Stage::Held) => {
            Some(format!("the outcome of an effect is unknown: {}", how_to_decide(&short)))
        }
        Stage::Held if message.code.is_none() => Some(format!("to release it: consign release {short}")),
        Stage::Held | Stage::Failed => Some(format!("after the fix: consign reprocess {short}")),
        _ => None,
    }
}

/// The status of a partner's acknowledgement.
pub(super) fn answer_line(answer: &AnswerRow) -> String {
    let mut line = answer.reply.as_str().to_string();
    match answer.at {
        Some(at) => line.push_str(&format!(" at {} UTC", output::at(at))),
        None => line.push_str(&format!(" by {} UTC", output::at(answer.due))),
    }
    if let Some(by) = answer.by_message {
        line.push_str(&format!(", by message {}", by.short()));
    }
    if let Some(note) = &answer.note {
        line.push_str(&format!(": {}", shown(note)));
    }
    line
}

/// An effect: when it was started, and its outcome.
fn effect(intent: &Intent) -> String {
    let ended = match intent.closed {
        None => "open".to_string(),
        Some((Outcome::Happened, at)) => format!("took place by {}", output::at(at)),
        Some((Outcome::NotHappened, _)) => "did not take place".to_string(),
        Some((Outcome::Unknown, _)) => "unknown".to_string(),
    };
    format!("{}  {:3}  {ended}: {}", output::at(intent.opened), intent.id, shown(&intent.effect.to_string()))
}

fn kin(message: &Message) -> String {
    let edited = if message.edited { " (an edited copy)" } else { "" };
    format!("{}  {}  {}{edited}", message.id.short(), message.stage, shown(&message.name))
}
