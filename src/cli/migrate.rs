//! `consign migrate`: the new names of renamed keys.

use serde_json::json;

use super::{Context, Exit};
use crate::{model::Problems, ops::migrate};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Show the difference and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    let files = migrate::plan(&workspace)?;
    if !args.dry_run {
        migrate::write(&workspace.root, &files, || context.load())?;
    }
    for one in &files {
        let keys = if one.keys == 1 { "1 key" } else { &format!("{} keys", one.keys) };
        context.out.line(format!("{}: {keys} renamed", one.file));
        if args.dry_run {
            context.out.line(one.difference());
        }
    }
    let data = files.iter().map(|one| json!({ "file": one.file, "keys": one.keys, "difference": one.difference() })).collect::<Vec<_>>();
    context.out.data(&json!({ "files": data, "written": !args.dry_run }));
    context.out.line(match (files.is_empty(), args.dry_run) {
        (true, _) => "no flow, partner or mapping in use has an old key",
        (false, true) => "nothing was written: this was a dry run",
        (false, false) => "done",
    });
    Ok(Exit::Fine)
}
