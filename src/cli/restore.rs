//! `consign restore FILE`: restores a backup into a workspace that has no journal.

use std::path::PathBuf;

use super::{Context, Exit, output};
use crate::{model::Problems, ops::restore};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Backup file.
    file: PathBuf,
    /// Only verify the backup and show its details.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    if args.check {
        let done = restore::check(&args.file)?;
        context.out.data(&done);
        context.out.line(format!(
            "{}: intact, {} files, made at {} UTC by consign {}",
            args.file.display(),
            done.files,
            output::at(done.about.made),
            done.about.consign
        ));
        return Ok(Exit::Fine);
    }
    let done = restore::restore(&args.file, &context.workspace).await?;
    context.out.data(&done);
    let made = output::at(done.about.made);
    context.out.line(format!("restored {} files to {}, as of {made} UTC", done.files, context.workspace.display()));
    for name in &done.kept {
        context.out.line(format!("    kept {name}: the workspace has a different version"));
    }
    if !context.out.json {
        context.out.problems(&done.broken);
    }
    context.out.line("next:\n");
    context.out.line("    consign doctor      test secrets, drops and Odoo");
    context.out.line("    consign errors      list unfinished messages; the next run continues them");
    context.out.line("    consign run\n");
    context
        .out
        .line(format!("The journal does not know what was sent after {made}: the first records that outbound flows find are held (C912)."));
    context
        .out
        .line("Later files are in the partners' archive folders: check each with `consign plan FLOW FILE --live`, then drop it again.");
    Ok(Exit::Fine)
}
