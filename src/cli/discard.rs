//! `consign discard`: ends messages. They are not processed any further and no longer reported as failures.

use super::{
    Context, Exit,
    selection_args::{By, Choosing, chosen},
};
use crate::{
    model::{Problems, problem::shown},
    ops::actions,
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
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let entry = args.by.reasoned("discard")?;
    let engine = context.engine().await?;
    let selection = args.choosing.of(args.flow.as_ref());
    let mut messages = chosen(context, &engine, &args.ids, &selection, &["failed", "held", "waiting"]).await?;
    for message in &mut messages {
        let open = actions::discard(&engine, message, &entry).await?;
        context.out.line(format!("{}  {}  discarded", message.id.short(), shown(&message.name)));
        for intent in open {
            context.out.line(format!("    outcome unknown: {}", shown(&intent.effect.to_string())));
        }
    }
    context.out.data(&messages);
    engine.journal().close().await;
    Ok(Exit::Fine)
}
