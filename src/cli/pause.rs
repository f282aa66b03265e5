//! `consign pause` and `consign resume`: whether flows receive anything new.

use std::sync::Arc;

use super::{Context, Exit, selection_args::By};
use crate::{journal::AuditEntry, model::Problems, pipeline::Engine};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Flows to pause.
    #[arg(required = true)]
    flows: Vec<String>,
    #[command(flatten)]
    by: By,
}

#[derive(clap::Args)]
pub(super) struct ResumeArgs {
    /// Flows to resume.
    #[arg(required = true)]
    flows: Vec<String>,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    change(context, &args.flows, &args.by.reasoned("pause")?, true).await
}

pub(super) async fn resume(context: &Context, args: &ResumeArgs) -> Result<Exit, Problems> {
    change(context, &args.flows, &args.by.entry("resume"), false).await
}

async fn change(context: &Context, flows: &[String], entry: &AuditEntry, pause: bool) -> Result<Exit, Problems> {
    // A mistake in one flow keeps nobody from pausing another.
    let (workspace, _) = context.load_whole_flows()?;
    let engine = Engine::open(Arc::new(workspace)).await?;
    let (journal, now) = (engine.journal(), engine.clock().now());
    let paused = journal.pauses().await?;
    // A flow that is gone, or has a mistake, can be resumed all the same.
    for flow in flows.iter().filter(|flow| pause || !paused.contains_key(*flow)) {
        context.known_flow(engine.workspace(), Some(flow))?;
    }
    for flow in flows {
        let entry = AuditEntry { detail: Some(flow.clone()), ..entry.clone() };
        let line = match pause {
            true if journal.pause(flow, &entry, now).await? => {
                "paused; nothing new is received, and messages already received are finished"
            }
            true => "is paused already",
            false if journal.resume(flow, &entry, now).await? => "resumed",
            false => "is not paused",
        };
        context.out.line(format!("{flow}: {line}"));
    }
    context.out.data(&journal.pauses().await?);
    journal.close().await;
    Ok(Exit::Fine)
}
