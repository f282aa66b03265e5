//! `consign answer ID`: records a partner's acknowledgement of a document that we sent, when it did not come as a file.

use super::{Context, Exit, selection_args::By};
use crate::{
    model::{Problems, answer::AckStatus, problem::shown},
    ops::actions,
};

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("reply").required(true))]
pub(super) struct Args {
    /// Message ids, or their first or last digits.
    #[arg(required = true)]
    ids: Vec<String>,
    /// The partner accepted the document.
    #[arg(long, group = "reply")]
    accepted: bool,
    /// The partner refused the document.
    #[arg(long, group = "reply")]
    refused: bool,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (reply, action) = if args.accepted { (AckStatus::Accepted, "accepted") } else { (AckStatus::Refused, "refused") };
    let entry = args.by.reasoned(action)?;
    let engine = context.engine().await?;
    let mut messages = Vec::new();
    for id in &args.ids {
        messages.push(engine.journal().find(id).await?);
    }
    for message in &messages {
        actions::settle(&engine, message, reply, &entry).await?;
        context.out.line(format!("{}  {}  {action}", message.id.short(), shown(&message.name)));
    }
    context.out.data(&messages);
    engine.journal().close().await;
    Ok(Exit::Fine)
}
