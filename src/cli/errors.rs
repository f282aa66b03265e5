//! `consign errors`: what needs someone, with the first problem and the way out.

use serde_json::json;

use super::{Context, Exit, output};
use crate::{
    journal::Filter,
    model::{Problems, Stage, problem::shown},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only of this flow.
    flow: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), args.flow.as_ref())?;
    let journal = engine.journal();
    let filter =
        Filter { flow: args.flow.clone(), stages: vec![Stage::Failed, Stage::Held, Stage::Waiting], unmoved: true, limit: args.limit };
    let messages = journal.list(&filter).await.map_err(output::one)?;
    let mut data = Vec::new();
    for message in &messages {
        let problems = journal.attempts(message.id).await.map_err(output::one)?.pop().map(|attempt| attempt.problems).unwrap_or_default();
        context.out.line(format!(
            "{}  {}  {}  {}  {}",
            message.id.short(),
            output::at(message.updated),
            message.flow,
            message.stage,
            shown(&message.name)
        ));
        if message.stage == Stage::Done {
            context.out.line("    its effect is complete, but the file still lies in its old place on the partner's side; the move is tried again at each run");
        }
        if let Some(first) = problems.first() {
            for line in first.to_string().lines() {
                context.out.line(format!("    {line}"));
            }
            if problems.len() > 1 {
                context.out.line(format!("    and {} more: consign show {}", problems.len() - 1, message.id.short()));
            }
        }
        context.out.line("");
        data.push(json!({ "message": message, "problems": problems }));
    }
    context.out.data(&data);
    context.out.line(match messages.len() {
        0 => "nothing failed, waits or is held".to_string(),
        many if many == args.limit as usize => format!("the newest {many} that need a look; --limit shows more"),
        1 => "1 message needs a look".to_string(),
        many => format!("{many} messages need a look"),
    });
    Ok(Exit::Fine)
}
