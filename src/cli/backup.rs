//! `consign backup FILE`: journal, originals and the workspace's files as one zip, while consign runs.

use std::path::PathBuf;

use chrono::Utc;

use super::{Context, Exit};
use crate::{model::Problems, ops::backup};

#[derive(clap::Args)]
pub(super) struct Args {
    /// File to write; it must not be there yet.
    file: PathBuf,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (workspace, _) = context.load_whole_flows()?;
    let done = backup::backup(&workspace, &args.file, Utc::now()).await?;
    context.out.data(&done);
    context.out.line(format!(
        "{}: {} files, {} bytes before they were packed, read again and whole",
        args.file.display(),
        done.files,
        done.bytes
    ));
    if !done.lost.is_empty() {
        context.out.line(format!("originals that are no longer in our storage are not in the backup: messages {}", done.lost.join(", ")));
    }
    context.out.line("secrets and keys are not in it: keep them where you keep secrets");
    Ok(Exit::Fine)
}
