//! `consign resolve ID`: records a person's decision whether an effect with unknown outcome took place.

use super::{Context, Exit, reprocess, selection_args::By};
use crate::{
    model::{Code, Intent, Message, Outcome, Problem, Problems, Stage, problem::shown},
    ops::actions,
    pipeline::Lock,
};

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("outcome").required(true).args(["happened", "did_not_happen"])))]
pub(super) struct Args {
    /// Message id, or its first or last digits. The message is held with C417, or discarded; --reason is required.
    id: String,
    /// The effect took place; consign does not repeat it.
    #[arg(long)]
    happened: bool,
    /// The effect did not take place; consign does it now.
    #[arg(long)]
    did_not_happen: bool,
    /// Only this effect, by its number in `consign show`; by default all undecided effects of the message.
    #[arg(long, value_name = "NUMBER")]
    only: Option<i64>,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let entry = args.by.reasoned("resolve")?;
    let engine = context.engine().await?;
    let mut message = engine.journal().find(&args.id).await?;
    let lock = match Lock::take(engine.workspace()) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.code == Code::Locked => None,
        Err(problem) => return Err(Problems::from(problem)),
    };
    let outcome = if args.happened { Outcome::Happened } else { Outcome::NotHappened };
    let decided = actions::resolve(&engine, &mut message, args.only, outcome, &entry).await?;
    for intent in &decided {
        context.out.line(format!("{}  {}: {}", message.id.short(), said(outcome), shown(&intent.effect.to_string())));
    }
    if matches!(message.stage, Stage::Held | Stage::Failed | Stage::Discarded) {
        let next = left(&engine.journal().intents_of_run(&message).await?, &message);
        context.out.line(format!("{}  {}  {next}", message.id.short(), message.stage));
        context.out.data(&[&message]);
        engine.journal().close().await;
        return Ok(Exit::Fine);
    }
    reprocess::settle(context, &engine, vec![message], lock.is_some(), Vec::<Problem>::new()).await
}

fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Happened => "took place",
        Outcome::NotHappened | Outcome::Unknown => "did not take place",
    }
}

/// The next step for a message that does not continue automatically.
fn left(intents: &[Intent], message: &Message) -> String {
    match intents.iter().filter(|intent| intent.needs_a_person()).count() {
        0 if message.stage == Stage::Held => format!("to release it: consign release {}", message.id.short()),
        0 if intents.iter().any(Intent::sent) => {
            format!("it was sent: to complete it, consign reprocess {0}; to send it once more, consign resend {0}", message.id.short())
        }
        0 => format!("to reprocess it: consign reprocess {}", message.id.short()),
        open => format!("{open} more undecided: consign show {}", message.id.short()),
    }
}
