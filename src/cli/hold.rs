//! `consign hold`: holds messages. They are not processed until they are released.

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
    let entry = args.by.reasoned("hold")?;
    let engine = context.engine().await?;
    let selection = args.choosing.of(args.flow.as_ref());
    let mut messages = chosen(context, &engine, &args.ids, &selection, &["received", "checked", "planned", "staged", "waiting"]).await?;
    for message in &mut messages {
        actions::hold(&engine, message, &entry).await?;
        context.out.line(format!("{}  {}  held", message.id.short(), shown(&message.name)));
    }
    context.out.data(&messages);
    engine.journal().close().await;
    Ok(Exit::Fine)
}
