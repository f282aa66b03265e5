//! `consign log`: lists messages, newest first.

use super::{Context, Exit, output, selection_args::Choosing};
use crate::{
    journal::LedgerRow,
    model::{
        Problems, Stage,
        problem::{cut, shown},
    },
    ops::message_filter::Selection,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only messages of this flow.
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// List every file ever seen with its verdict, instead of messages.
    #[arg(long, requires = "flow")]
    ledger: bool,
    /// Maximum number of lines.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    match (args.ledger, &args.flow) {
        (true, Some(flow)) => ledger(context, flow, args.limit).await,
        _ => list(context, &args.choosing.of(args.flow.as_ref()), args.limit).await,
    }
}

async fn ledger(context: &Context, flow: &String, limit: u32) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), Some(flow))?;
    let mut files = engine.journal().ledger(flow).await?;
    files.reverse();
    files.truncate(limit as usize);
    context.out.data(&files);
    let row = |file: &LedgerRow| {
        vec![
            output::at(file.at),
            file.verdict.clone(),
            file.size.to_string(),
            file.sha256.chars().take(12).collect(),
            shown(&cut(&file.path)),
        ]
    };
    context.out.line(output::table(&["seen (UTC)", "verdict", "bytes", "sha256", "path"], &files.iter().map(row).collect::<Vec<_>>()));
    Ok(Exit::Fine)
}

/// Lists the selected messages.
pub(super) async fn list(context: &Context, selection: &Selection, limit: u32) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let filter = selection.filter(engine.workspace(), engine.clock().now(), limit)?;
    let messages = engine.journal().list(&filter).await?;
    context.out.data(&messages);
    let rows: Vec<Vec<String>> = messages
        .iter()
        .map(|message| {
            let reason = message.reason.clone().filter(|_| message.stage != Stage::Done).unwrap_or_default();
            vec![
                message.id.short(),
                output::at(message.updated),
                message.flow.clone(),
                message.stage.to_string(),
                shown(&cut(&message.name)),
                shown(&reason),
            ]
        })
        .collect();
    context.out.line(output::table(&["message", "changed (UTC)", "flow", "stage", "file", "reason"], &rows));
    Ok(Exit::Fine)
}
