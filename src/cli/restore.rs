//! `consign restore FILE`: brings a backup back to a workspace that has no journal.

use std::path::PathBuf;

use super::{Context, Exit, output};
use crate::{model::Problems, ops::restore};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The backup.
    file: PathBuf,
    /// Only read it as a whole, and say what it is.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    if args.check {
        let done = restore::check(&args.file)?;
        context.out.data(&done);
        context.out.line(format!(
            "{}: whole, {} files, made at {} UTC by consign {}",
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
    context.out.line(format!("{} files are back in {}, as they were at {made} UTC", done.files, context.workspace.display()));
    for name in &done.kept {
        context.out.line(format!("    {name} was there and says something else: it is as it was here"));
    }
    if !context.out.json {
        context.out.problems(&done.broken);
    }
    context.out.line("next:\n");
    context.out.line("    consign doctor      are secrets, drops and Odoo there?");
    context.out.line("    consign errors      what was under way: it goes on with the next run");
    context.out.line("    consign run\n");
    context.out.line(format!("What was sent after {made} the journal does not know: what outbound flows find first is held (C912)."));
    context
        .out
        .line("Files taken after that lie in the partners' archive folders: `consign plan FLOW FILE --live` says what each would do; then drop it again.");
    Ok(Exit::Fine)
}
