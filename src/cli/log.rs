//! `consign log`: messages, newest first.

use super::{Context, Exit, output};
use crate::{
    journal::{Filter, LedgerRow},
    model::{
        Problem, Problems, Stage, codes,
        nearest::did_you_mean,
        problem::{cut, shown},
    },
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only of this flow.
    flow: Option<String>,
    /// Only at this stage.
    #[arg(long)]
    stage: Option<String>,
    /// Every file ever seen with its verdict, instead of messages.
    #[arg(long, requires = "flow")]
    ledger: bool,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let stages = match &args.stage {
        None => Vec::new(),
        Some(text) => match Stage::parse(text) {
            Some(stage) => vec![stage],
            None => {
                let hint = did_you_mean(text, Stage::ALL.map(Stage::as_str)).unwrap_or_else(|| Stage::ALL.map(Stage::as_str).join(", "));
                return Err(vec![Problem::new(codes::USAGE, format!("there is no stage `{text}`")).hint(hint)]);
            }
        },
    };
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), args.flow.as_ref())?;
    if let (true, Some(flow)) = (args.ledger, &args.flow) {
        let mut files = engine.journal().ledger(flow).await.map_err(output::one)?;
        files.reverse();
        files.truncate(args.limit as usize);
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
        return Ok(Exit::Fine);
    }
    let messages = engine
        .journal()
        .list(&Filter { flows: args.flow.iter().cloned().collect(), stages, limit: args.limit, ..Filter::default() })
        .await
        .map_err(output::one)?;
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
    context.out.line(output::table(&["message", "changed (UTC)", "flow", "stage", "file", "why"], &rows));
    Ok(Exit::Fine)
}
