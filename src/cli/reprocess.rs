//! `consign reprocess`: reprocesses one or many messages from their stored originals.

use std::time::Duration;

use serde_json::json;

use super::{
    Context, Exit, output,
    selection_args::{By, Choosing, chosen},
};
use crate::{
    failpoints,
    journal::AuditEntry,
    model::{Code, Message, Problem, Problems, ReprocessOptions, Stage, problem::shown},
    ops::{actions, reprocess_preview::Previewer},
    pipeline::{Engine, Lock},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Message ids, or their first or last digits.
    ids: Vec<String>,
    /// Only messages of this flow.
    #[arg(long)]
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// Show what would change in Odoo, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// First stage to repeat: `received` (validate again) or `checked` (skip validation; outbound: resend the same file).
    #[arg(long, default_value = "received")]
    from: String,
    /// Use the original mapping of each message, not the current one.
    #[arg(long)]
    as_then: bool,
    /// Reprocess even if a newer message has written the same records.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    by: By,
}

/// How long to wait for a running consign to do the work.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let checked = match args.from.as_str() {
        "received" => false,
        "checked" => true,
        other => {
            let problem = Problem::new(Code::Usage, format!("--from must be `received` or `checked`, not `{other}`"));
            return Err(Problems::from(problem.hint("to use the original mapping: --as-then")));
        }
    };
    let again = ReprocessOptions { checked, as_then: args.as_then, overwrite: args.overwrite };
    let engine = context.engine().await?;
    let selection = args.choosing.of(args.flow.as_ref());
    let messages = chosen(context, &engine, &args.ids, &selection, &["failed", "held", "waiting"]).await?;
    if messages.is_empty() {
        context.out.data(&json!([]));
        context.out.line("no messages match");
        return Ok(Exit::Fine);
    }
    if args.dry_run {
        return preview(context, &engine, &messages, again).await;
    }
    restart(context, &engine, messages, again, &args.by.entry("reprocess")).await
}

/// Shows what it would do, for each message.
async fn preview(context: &Context, engine: &Engine, messages: &[Message], again: ReprocessOptions) -> Result<Exit, Problems> {
    let mut foreseer = Previewer::new(engine);
    let (mut data, mut refused) = (Vec::new(), 0);
    for message in messages {
        let preview = foreseer.preview(message, again).await;
        context.out.line(format!("{}  {}  {}", message.id.short(), message.flow, shown(&message.name)));
        preview.lines.iter().for_each(|line| context.out.line(format!("    {line}")));
        for problem in &preview.problems {
            problem.to_string().lines().for_each(|line| context.out.line(format!("    {line}")));
        }
        if preview.create + preview.update + preview.same > 0 {
            context.out.line(format!("    {}", preview.counted()));
        }
        refused += usize::from(!preview.problems.is_empty());
        data.push(json!({ "message": message, "foresight": preview }));
    }
    context.out.data(&data);
    let would = if refused == 0 { String::new() } else { format!(", {refused} would be refused") };
    context.out.line(format!("{} messages{would}; nothing was done", messages.len()));
    engine.journal().close().await;
    Ok(if refused == 0 { Exit::Fine } else { Exit::Problems })
}

/// Restarts messages and prints their outcome. If another consign is running, it does the work; otherwise this process does.
pub(super) async fn restart(
    context: &Context,
    engine: &Engine,
    messages: Vec<Message>,
    again: ReprocessOptions,
    entry: &AuditEntry,
) -> Result<Exit, Problems> {
    let lock = match Lock::take(engine.workspace()) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.code == Code::Locked => None,
        Err(problem) => return Err(Problems::from(problem)),
    };
    let many = messages.len() > 1;
    let (mut started, mut refused) = (Vec::new(), Vec::new());
    for mut message in messages {
        match actions::again(engine, &mut message, again, entry).await {
            Ok(()) => started.push(message),
            // If one of many cannot be reprocessed, the others still are.
            Err(problem) if many => refused.push(problem.in_file(&message.name)),
            Err(problem) => return Err(Problems::from(problem)),
        }
    }
    settle(context, engine, started, lock.is_some(), refused).await
}

/// Processes messages, or waits until the running consign has done so, and prints their outcome.
pub(super) async fn settle(
    context: &Context,
    engine: &Engine,
    messages: Vec<Message>,
    alone: bool,
    refused: Vec<Problem>,
) -> Result<Exit, Problems> {
    if alone {
        let mut flows: Vec<&String> = messages.iter().map(|message| &message.flow).collect();
        flows.sort_unstable();
        flows.dedup();
        for flow in flows {
            let summary = engine.resume(flow).await;
            if !context.out.json {
                context.out.problems(&summary.problems);
            }
        }
    }
    let (started, patience) = (std::time::Instant::now(), failpoints::patience(PATIENCE));
    let is_due = |now: &Message| now.until.is_none_or(|until| until <= engine.clock().now());
    let mut settled = Vec::new();
    for message in &messages {
        let mut now = engine.journal().find(&message.id.to_string()).await?;
        while !alone && !now.stage.is_at_rest() && (now.stage != Stage::Waiting || is_due(&now)) && started.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(300)).await;
            now = engine.journal().find(&message.id.to_string()).await?;
        }
        settled.push(now);
    }
    context.out.data(&settled);
    for message in &settled {
        let what = match message.stage {
            Stage::Waiting if !alone && is_due(message) => "left to the running consign".to_string(),
            Stage::Waiting => waits(message),
            Stage::Done | Stage::Failed | Stage::Held | Stage::Discarded => message.stage.to_string(),
            _ => "being processed by the running consign".to_string(),
        };
        context.out.line(format!("{}  {}  {what}", message.id.short(), shown(&message.name)));
        for record in engine.journal().records(message.id).await?.iter().take(10) {
            context.out.line(format!("    {:9} {},{} {}", record.change, record.model, record.id, shown(&record.name)));
        }
        if message.stage != Stage::Done && message.reason.is_some() {
            let problems = engine.journal().attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default();
            if !context.out.json {
                context.out.problems(&problems);
            }
        }
    }
    if settled.len() > 1 {
        let count = |stage: Stage| settled.iter().filter(|message| message.stage == stage).count();
        let counts = [Stage::Done, Stage::Failed, Stage::Held, Stage::Waiting].map(|stage| (count(stage), stage));
        let reported: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, stage)| format!("{count} {stage}")).collect();
        context.out.line(format!("{} messages: {}", settled.len(), reported.join(", ")));
    }
    if !context.out.json {
        context.out.problems(&refused);
    }
    let exit = if !refused.is_empty() {
        Exit::Problems
    } else if settled.iter().all(|message| message.stage == Stage::Done) {
        Exit::Fine
    } else if settled.iter().any(|message| message.stage == Stage::Waiting) {
        Exit::Unable
    } else {
        Exit::Problems
    };
    engine.journal().close().await;
    Ok(exit)
}

/// When a waiting message is retried, and whether it cannot be earlier.
fn waits(message: &Message) -> String {
    match message.until.map(output::at) {
        None => "waiting".into(),
        Some(until) if message.firm => format!("waiting, next attempt at {until} UTC; Odoo may still be executing the last call"),
        Some(until) => format!("waiting, next attempt at {until} UTC"),
    }
}
