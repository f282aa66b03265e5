//! `consign resend`: send documents again, the same file or made anew.

use super::{
    Context, Exit, reprocess,
    selection_args::{By, Choosing, chosen},
};
use crate::model::{Code, Problem, Problems, ReprocessOptions};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Ids of messages, or their first or last digits.
    ids: Vec<String>,
    /// Only of this flow.
    #[arg(long)]
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// Make the document again of what Odoo says now, instead of sending the same file.
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let selection = args.choosing.of(args.flow.as_ref());
    let messages = chosen(context, &engine, &args.ids, &selection, &["done"]).await?;
    if let Some(came) = messages.iter().find(|message| message.pipeline().maps()) {
        let text = format!("message {} came from the partner: only what we sent is sent again", came.id.short());
        return Err(Problems::from(Problem::new(Code::Usage, text).hint("consign reprocess does it again")));
    }
    if messages.is_empty() {
        context.out.line("no such message");
        return Ok(Exit::Fine);
    }
    let again = ReprocessOptions { checked: !args.anew, ..ReprocessOptions::default() };
    reprocess::restart(context, &engine, messages, again, &args.by.entry("resend")).await
}
