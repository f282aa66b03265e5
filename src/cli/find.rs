//! `consign find WORD`: finds messages by file name, order number, GTIN or Odoo record.

use super::{Context, Exit, log, selection_args::Choosing};
use crate::{model::Problems, ops::message_filter::Selection};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Part of a file name, business number or Odoo record name; or an id.
    word: String,
    /// Only messages of this flow.
    #[arg(long)]
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// Maximum number of messages.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let selection = Selection { find: Some(args.word.clone()), ..args.choosing.of(args.flow.as_ref()) };
    log::list(context, &selection, args.limit).await
}
