//! `consign errors`: what needs someone, with the first problem and the way out.

use serde_json::{Value as Json, json};

use super::{Context, Exit, output};
use crate::{
    flow::Engine,
    journal::Filter,
    model::{
        Problem, Problems, Stage,
        codes::Code,
        problem::{Who, shown},
    },
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
    let held = held(context, &engine, args.flow.as_deref(), &mut data).await?;
    context.out.data(&data);
    context.out.line(match messages.len() + held {
        0 => "nothing failed, waits or is held".to_string(),
        many if many == args.limit as usize => format!("the newest {many} that need a look; --limit shows more"),
        1 => "1 message needs a look".to_string(),
        many => format!("{many} messages need a look"),
    });
    Ok(Exit::Fine)
}

/// Files that are held on a drop for a person, not only until they are complete.
async fn held(context: &Context, engine: &Engine, flow: Option<&str>, data: &mut Vec<Json>) -> Result<usize, Problems> {
    let mut count = 0;
    for id in engine.workspace().flows.keys().filter(|id| flow.is_none_or(|wanted| wanted == *id)) {
        let mut holds: Vec<_> = engine.journal().holds(id).await.map_err(output::one)?.into_values().collect();
        holds.sort_by(|a, b| a.path.cmp(&b.path));
        for hold in holds {
            let Some(code) = Code::find(&hold.code).filter(|code| code.info().who != Who::Nobody) else { continue };
            count += 1;
            context.out.line(format!("left      {}  {id}  on the drop  {}", output::at(hold.since), shown(&hold.path)));
            let problem = Problem::new(code, hold.why.clone()).maybe_hint(hold.hint.clone());
            problem.to_string().lines().for_each(|line| context.out.line(format!("    {line}")));
            context.out.line("");
            data.push(json!({ "flow": id, "held": hold }));
        }
    }
    Ok(count)
}
