//! `consign reprocess ID…`: process messages again from their originals.

use std::time::Duration;

use super::{Context, Exit, output};
use crate::{
    flow::Lock,
    model::{Problems, Stage, codes, problem::shown},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Ids of messages, or their first or last digits.
    #[arg(required = true)]
    ids: Vec<String>,
}

/// How long a running consign is given to do the work.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    // Where a daemon runs, it does the work; otherwise this process does.
    let lock = match Lock::take(engine.workspace()) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.code == codes::LOCKED => None,
        Err(problem) => return Err(output::one(problem)),
    };
    let mut messages = Vec::new();
    for id in &args.ids {
        messages.push(engine.journal().find(id).await.map_err(output::one)?);
    }
    for message in &mut messages {
        engine.restart(message, "reprocess").await.map_err(output::one)?;
        if lock.is_some() {
            let summary = engine.resume(&message.flow).await;
            if !context.out.json {
                context.out.problems(&summary.problems);
            }
        }
    }
    let started = std::time::Instant::now();
    let mut settled = Vec::new();
    for message in &messages {
        let mut now = engine.journal().find(&message.id.to_string()).await.map_err(output::one)?;
        while lock.is_none() && !now.stage.is_at_rest() && now.stage != Stage::Waiting && started.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(300)).await;
            now = engine.journal().find(&message.id.to_string()).await.map_err(output::one)?;
        }
        settled.push(now);
    }
    context.out.data(&settled);
    for message in &settled {
        let what = match message.stage {
            Stage::Done | Stage::Failed | Stage::Held | Stage::Waiting => message.stage.to_string(),
            _ => "taken over by the running consign".to_string(),
        };
        context.out.line(format!("{}  {}  {what}", message.id.short(), shown(&message.name)));
        for record in engine.journal().records(message.id).await.map_err(output::one)?.iter().take(10) {
            context.out.line(format!("    {:9} {},{} {}", record.change, record.model, record.id, shown(&record.name)));
        }
        if message.stage != Stage::Done {
            let problems =
                engine.journal().attempts(message.id).await.map_err(output::one)?.pop().map(|attempt| attempt.problems).unwrap_or_default();
            if !context.out.json {
                context.out.problems(&problems);
            }
        }
    }
    let exit = if settled.iter().all(|message| message.stage == Stage::Done) {
        Exit::Fine
    } else if settled.iter().any(|message| message.stage == Stage::Waiting) {
        Exit::Unable
    } else {
        Exit::Problems
    };
    engine.journal().close().await;
    Ok(exit)
}
