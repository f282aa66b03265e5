//! `consign errors`: everything that needs a person, with its fix. Messages with the same cause are one entry.

use serde_json::{Value as Json, json};

use super::{Context, Exit, output};
use crate::{
    config::FilesTarget,
    journal::Filter,
    model::{Code, Problem, Problems, Stage, codes::Who, problem::shown},
    pipeline::Engine,
};

/// Causes listed. More than these usually have one common cause.
const CAUSES: u32 = 50;

/// Messages named for each cause.
const EXAMPLES: u32 = 3;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only messages of this flow.
    flow: Option<String>,
    /// List each message, without grouping by cause.
    #[arg(long)]
    each: bool,
    /// Maximum number of messages.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), args.flow.as_ref())?;
    let journal = engine.journal();
    let filter = Filter {
        flows: args.flow.iter().cloned().collect(),
        stages: vec![Stage::Failed, Stage::Held, Stage::Waiting],
        unmoved: true,
        answers: true,
        alone: !args.each,
        limit: args.limit,
        ..Filter::default()
    };
    let messages = journal.list(&filter).await?;
    let mut data = Vec::new();
    let shared = if args.each { 0 } else { causes(context, &engine, &filter.flows, &mut data).await? };
    for message in &messages {
        let problems = journal.attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default();
        context.out.line(format!(
            "{}  {}  {}  {}  {}",
            message.id.short(),
            output::at(message.updated),
            message.flow,
            message.stage,
            shown(&message.name)
        ));
        if message.stage == Stage::Done {
            context.out.line(match message.pipeline().maps() {
                true => "    processed, but the file could not be moved on the partner's drop; each run retries the move",
                false => "    sent, but the note in Odoo is not written yet; each run retries it",
            });
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
    let left =
        held(context, &engine, args.flow.as_deref(), &mut data).await? + late(context, &engine, args.flow.as_deref(), &mut data).await?;
    context.out.data(&data);
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        many => Some(format!("{many} {what}s")),
    };
    let all = messages.len() == args.limit as usize;
    let count = messages.len() + shared;
    let parts: Vec<String> =
        [counted(count, "message"), counted(left, "file").map(|text| format!("{text} on a drop"))].into_iter().flatten().collect();
    context.out.line(match (parts.is_empty(), count + left) {
        (true, _) => "nothing failed, waits or is held".to_string(),
        (false, 1) => format!("{} needs attention", parts.join(" and ")),
        (false, _) => format!("{} need attention", parts.join(" and ")),
    });
    if all {
        context.out.line(format!("only the newest {} messages are listed; for more use --limit", args.limit));
    }
    Ok(Exit::Fine)
}

/// Lists each cause of several failures once, with the command that reprocesses their messages. Returns the number of messages.
async fn causes(context: &Context, engine: &Engine, flows: &[String], data: &mut Vec<Json>) -> Result<usize, Problems> {
    let journal = engine.journal();
    for trouble in journal.troubles(flows, CAUSES).await?.into_iter().filter(|trouble| trouble.messages > 1) {
        let head = format!("{} messages  since {}  {}", trouble.messages, output::at(trouble.since), trouble.flows.join(", "));
        context.out.line(head);
        context.out.line(format!("    error[{}]: {}", trouble.code, shown(&trouble.sentence)));
        context.out.line(format!("    owner: {}", trouble.owner));
        if let Some(hint) = &trouble.hint {
            context.out.line(format!("    fix: {}", shown(hint)));
        }
        let some = Filter { cause: Some(trouble.cause.clone()), answers: true, limit: EXAMPLES, ..Filter::default() };
        let some = journal.list(&some).await?;
        let names: Vec<String> = some.iter().map(|message| format!("{} ({})", shown(&message.name), message.id.short())).collect();
        let more = trouble.messages.saturating_sub(names.len() as u64);
        let more = if more > 0 { format!(" and {more} more: consign log --cause {}", trouble.cause) } else { String::new() };
        context.out.line(format!("    files: {}{more}", names.join(", ")));
        context.out.line(format!("    after the fix: consign reprocess --cause {}", trouble.cause));
        context.out.line("");
        data.push(json!({ "cause": trouble }));
    }
    let kept = journal.kept_by_shared_causes(flows).await?;
    Ok(usize::try_from(kept).unwrap_or(usize::MAX))
}

/// Lists files that are held on a drop for a person, not only until they are complete. Returns their number.
async fn held(context: &Context, engine: &Engine, flow: Option<&str>, data: &mut Vec<Json>) -> Result<usize, Problems> {
    let mut count = 0;
    for id in engine.workspace().flows.keys().filter(|id| flow.is_none_or(|wanted| wanted == *id)) {
        let mut holds: Vec<_> = engine.journal().holds(id).await?.into_values().collect();
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

/// Lists our files that the partner has not collected in time, as of the last run. Returns their number.
async fn late(context: &Context, engine: &Engine, flow: Option<&str>, data: &mut Vec<Json>) -> Result<usize, Problems> {
    let mut count = 0;
    let now = engine.clock().now();
    for (id, flow) in engine.workspace().flows.iter().filter(|(id, _)| flow.is_none_or(|wanted| wanted == *id)) {
        let Some(patience) = flow.target_as::<FilesTarget>().and_then(|files| files.pickup) else { continue };
        for message in engine.journal().uncollected(id).await? {
            if (now - message.updated).to_std().is_ok_and(|age| age > patience) {
                count += 1;
                let head =
                    format!("{}  {}  {id}  not collected  {}", message.id.short(), output::at(message.updated), shown(&message.name));
                context.out.line(head);
                context.out.line("");
                data.push(json!({ "message": message, "not_collected": true }));
            }
        }
    }
    Ok(count)
}
