//! `consign restore FILE`: brings a backup back to a workspace that has no journal.

use std::path::PathBuf;

use super::{Context, Exit, output};
use crate::{model::Problems, ops::backup};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The backup.
    file: PathBuf,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let done = backup::restore(&args.file, &context.workspace).await?;
    context.out.data(&done);
    let made = output::at(done.about.made);
    context.out.line(format!("{} files are back in {}, as they were at {made} UTC", done.files, context.workspace.display()));
    for name in &done.kept {
        context.out.line(format!("    {name} was there and says something else: it is as it was here"));
    }
    context.out.line("next:\n");
    context.out.line("    consign doctor      are secrets, drops and Odoo there?");
    context.out.line("    consign errors      what was under way: it goes on with the next run");
    context.out.line(format!("    consign run         files taken after {made} are in the partners' archive folders"));
    Ok(Exit::Fine)
}
