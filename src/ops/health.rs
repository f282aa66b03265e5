//! Whether our own house is in order: storage, journal, room on the disk, and whether a consign is at work. For `consign doctor`.

use crate::{
    config::Workspace,
    journal::Journal,
    model::{Code, Problem, Stage, problem::reason},
    pipeline::{self, Lock},
};

/// What was looked at, with what was found or what is wrong.
pub type HealthCheck = (&'static str, Result<String, Problem>);

/// Looks at everything that is ours.
pub async fn house(workspace: &Workspace, least_mib: u64) -> Vec<HealthCheck> {
    let mut looks = vec![("storage", storage(workspace, least_mib)), ("consign run", at_work(workspace))];
    let path = workspace.storage.join(pipeline::JOURNAL);
    looks.push((
        "journal",
        match pipeline::belongs(workspace).await {
            Ok(false) => Ok("none yet: the first run makes it".into()),
            Ok(true) => journal(&path).await,
            Err(problem) => Err(problem),
        },
    ));
    looks
}

/// Whether files can be written there, and how much room there is.
fn storage(workspace: &Workspace, least_mib: u64) -> Result<String, Problem> {
    let place = &workspace.storage;
    let unable = |error: std::io::Error| {
        Problem::new(Code::DropIo, format!("nothing can be written in {} ({})", place.display(), reason(&error)))
            .hint("the folder belongs to the user that runs consign, and nobody else")
    };
    crate::storage::private_folder(place).map_err(unable)?;
    tempfile::tempfile_in(place).map_err(unable)?;
    let stat = rustix::fs::statvfs(place).map_err(|error| unable(error.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
    if free < least_mib {
        return Err(Problem::new(Code::DiskFull, format!("{free} MiB are free in {}; below {least_mib} it is reported", place.display()))
            .hint("make room, or let `consign keep` roll and forget what is old"));
    }
    Ok(format!("{}, {free} MiB free", place.display()))
}

/// Whether a consign is at work on the workspace. None is no mistake: cron may start one.
fn at_work(workspace: &Workspace) -> Result<String, Problem> {
    match Lock::take(workspace) {
        Ok(_) => Ok("not at work on this workspace now".into()),
        Err(problem) if problem.code == Code::Locked => Ok("at work on this workspace".into()),
        Err(problem) => Err(problem),
    }
}

/// Whether the journal is whole, and what is in it.
async fn journal(path: &std::path::Path) -> Result<String, Problem> {
    let journal = Journal::open(path).await?;
    let looked = async {
        journal.is_whole().await?;
        journal.stage_counts().await
    }
    .await;
    journal.close().await;
    let stage_counts = looked?;
    let count = |fits: &dyn Fn(Stage) -> bool| {
        stage_counts.iter().filter(|stage_count| fits(stage_count.stage)).map(|stage_count| stage_count.count).sum::<u64>()
    };
    Ok(format!(
        "whole; {} messages, {} failed, {} held, {} waiting",
        count(&|_| true),
        count(&|stage| stage == Stage::Failed),
        count(&|stage| stage == Stage::Held),
        count(&|stage| stage == Stage::Waiting)
    ))
}
