//! `consign edit ID`: replaces a message with an edited copy and processes the copy. Without a file it prints the original.

use std::{fs, io::Write as _, path::PathBuf};

use super::{Context, Exit, reprocess, selection_args::By};
use crate::{
    model::{Code, Place, Problem, Problems, problem::reason},
    ops::edit,
    pipeline::Lock,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Message id, or its first or last digits.
    id: String,
    /// Edited file; without it the original is printed.
    #[arg(long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let mut message = engine.journal().find(&args.id).await?;
    let Some(path) = &args.file else {
        let bytes = engine.storage().read(&message).await?;
        // A closed pipe is not an error.
        let _ = std::io::stdout().write_all(&bytes);
        return Ok(Exit::Fine);
    };
    let entry = args.by.reasoned("edit")?;
    let bytes = fs::read(path).map_err(|error| {
        let text = format!("cannot read the file ({})", reason(&error));
        Problems::from(Problem::new(Code::DropIo, text).at(Place::file(path.display().to_string())))
    })?;
    let lock = match Lock::take(engine.workspace()) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.code == Code::Locked => None,
        Err(problem) => return Err(Problems::from(problem)),
    };
    let copy = edit::edit(&engine, &mut message, &bytes, &entry).await?;
    context.out.line(format!("{}  created as the edited copy of {}", copy.id.short(), message.id.short()));
    reprocess::settle(context, &engine, vec![copy], lock.is_some(), Vec::new()).await
}
