//! `consign find WORD`: the messages of a file name, an order number, a GTIN, a record of Odoo's.

use super::{Context, Exit, log, selection_args::Choosing};
use crate::{model::Problems, ops::message_filter::Selection};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Part of a file's name, of a business number or of a record's name; or an id.
    word: String,
    /// Only of this flow.
    #[arg(long)]
    flow: Option<String>,
    #[command(flatten)]
    choosing: Choosing,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let selection = Selection { find: Some(args.word.clone()), ..args.choosing.of(args.flow.as_ref()) };
    log::list(context, &selection, args.limit).await
}
