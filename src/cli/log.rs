//! `consign log`: messages, newest first.

use super::{Context, Exit, output};
use crate::{
    journal::Filter,
    model::{Problem, Problems, Stage, codes, nearest::did_you_mean, problem::shown},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only of this flow.
    flow: Option<String>,
    /// Only at this stage.
    #[arg(long)]
    stage: Option<String>,
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
    let messages = engine.journal().list(&Filter { flow: args.flow.clone(), stages, limit: args.limit }).await.map_err(output::one)?;
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
                shown(&message.name),
                shown(&reason),
            ]
        })
        .collect();
    context.out.line(output::table(&["message", "changed (UTC)", "flow", "stage", "file", "why"], &rows));
    Ok(Exit::Fine)
}
