//! Checks of our own side, for `consign doctor`: storage, journal, free disk space, and whether consign is running.

use crate::{
    config::Workspace,
    journal::Journal,
    model::{Code, Problem, Stage, problem::reason},
    pipeline::{self, Lock},
};

/// A check's name, with its finding or problem.
pub type HealthCheck = (&'static str, Result<String, Problem>);

/// Runs all checks of our own side.
pub async fn house(workspace: &Workspace, least_mib: u64) -> Vec<HealthCheck> {
    let mut looks = vec![("storage", storage(workspace, least_mib)), ("consign run", at_work(workspace))];
    let path = workspace.storage.join(pipeline::JOURNAL);
    looks.push((
        "journal",
        match pipeline::belongs(workspace).await {
            Ok(false) => Ok("none yet: the first run creates it".into()),
            Ok(true) => journal(&path).await,
            Err(problem) => Err(problem),
        },
    ));
    looks
}

/// Checks that files can be written there, and the free space.
fn storage(workspace: &Workspace, least_mib: u64) -> Result<String, Problem> {
    let place = &workspace.storage;
    let unable = |error: std::io::Error| {
        Problem::new(Code::DropIo, format!("cannot write to {} ({})", place.display(), reason(&error)))
            .hint("the folder must belong to the user that runs consign, and to nobody else")
    };
    crate::storage::private_folder(place).map_err(unable)?;
    tempfile::tempfile_in(place).map_err(unable)?;
    let stat = rustix::fs::statvfs(place).map_err(|error| unable(error.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
    if free < least_mib {
        return Err(Problem::new(Code::DiskFull, format!("only {free} MiB are free in {}; the minimum is {least_mib}", place.display()))
            .hint("free some space, or run `consign keep` to compress and delete old data"));
    }
    Ok(format!("{}, {free} MiB free", place.display()))
}

/// Whether consign is running on the workspace. If not, that is no error: cron may start it.
fn at_work(workspace: &Workspace) -> Result<String, Problem> {
    match Lock::take(workspace) {
        Ok(_) => Ok("not running on this workspace".into()),
        Err(problem) if problem.code == Code::Locked => Ok("running on this workspace".into()),
        Err(problem) => Err(problem),
    }
}

/// Checks the journal's integrity, and counts its messages.
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
        "intact; {} messages, {} failed, {} held, {} waiting",
        count(&|_| true),
        count(&|stage| stage == Stage::Failed),
        count(&|stage| stage == Stage::Held),
        count(&|stage| stage == Stage::Waiting)
    ))
}
