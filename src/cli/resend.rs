//! `consign resend`: sends documents again: the same file, or a new one from Odoo's current data.

use super::{
    Context, Exit, reprocess,
    selection_args::{By, Choosing, chosen},
};
use crate::model::{Code, Problem, Problems, ReprocessOptions};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Message ids, or their first or last digits.
    ids: Vec<String>,
    /// Only messages of this flow.
    #[arg(long)]
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// Render a new document from Odoo's current data, instead of sending the same file.
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
        let text = format!("message {} is inbound: only outbound documents can be resent", came.id.short());
        return Err(Problems::from(Problem::new(Code::Usage, text).hint("for inbound messages: consign reprocess")));
    }
    if messages.is_empty() {
        context.out.line("no messages match");
        return Ok(Exit::Fine);
    }
    let again = ReprocessOptions { checked: !args.anew, ..ReprocessOptions::default() };
    reprocess::restart(context, &engine, messages, again, &args.by.entry("resend")).await
}
