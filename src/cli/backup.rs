//! `consign backup FILE`: saves the journal, originals and workspace files as one zip. Consign may be running.

use std::path::PathBuf;

use chrono::Utc;

use super::{Context, Exit};
use crate::{model::Problems, ops::backup};

#[derive(clap::Args)]
pub(super) struct Args {
    /// File to write; it must not exist yet.
    file: PathBuf,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (workspace, _) = context.load_whole_flows()?;
    let done = backup::backup(&workspace, &args.file, Utc::now()).await?;
    context.out.data(&done);
    context.out.line(format!("{}: {} files, {} bytes uncompressed, verified", args.file.display(), done.files, done.bytes));
    if !done.lost.is_empty() {
        context.out.line(format!("not in the backup, as their originals are no longer in our storage: messages {}", done.lost.join(", ")));
    }
    context.out.line("secrets and keys are not in the backup: save them separately");
    Ok(Exit::Fine)
}
