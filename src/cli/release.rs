//! `consign release`: releases held messages.

use super::{
    Context, Exit, reprocess,
    selection_args::{By, Choosing, chosen},
};
use crate::{
    model::{Code, Problems},
    ops::actions,
    pipeline::Lock,
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
    let engine = context.engine().await?;
    let selection = args.choosing.of(args.flow.as_ref());
    let mut messages = chosen(context, &engine, &args.ids, &selection, &["held"]).await?;
    let lock = match Lock::take(engine.workspace()) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.code == Code::Locked => None,
        Err(problem) => return Err(Problems::from(problem)),
    };
    for message in &mut messages {
        actions::release(&engine, message, &args.by.entry("release")).await?;
    }
    reprocess::settle(context, &engine, messages, lock.is_some(), Vec::new()).await
}
