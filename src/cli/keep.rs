//! `consign keep`: compresses old days of the archive into zips, and deletes what is older than `[keep]` allows. `consign run` does
//! this every hour.

use super::{Context, Exit};
use crate::{model::Problems, ops::keep, pipeline::Lock};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only show what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let _lock = match args.dry_run {
        true => None,
        false => Some(Lock::take(engine.workspace())?),
    };
    let kept = keep::keep(&engine, engine.clock().now(), args.dry_run).await?;
    context.out.data(&kept);
    for (what, days) in [("compress", &kept.rolled), ("delete", &kept.deleted)].into_iter().filter(|_| args.dry_run) {
        days.iter().for_each(|day| context.out.line(format!("would {what} {day}")));
    }
    if !args.dry_run || (kept.rolled.is_empty() && kept.deleted.is_empty()) {
        context.out.line(kept.line().unwrap_or_else(|| "nothing is old enough".into()));
    }
    engine.journal().close().await;
    Ok(Exit::Fine)
}
