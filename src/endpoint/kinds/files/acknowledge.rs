//! Moves processed files on the partner's server: to `archive/` when their effect is complete, to `error/` with a report when they were
//! refused.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::{folder::FilesIn, readiness::marker_of, report::partner_report, same::same};
use crate::{
    config::Partner,
    endpoint::{
        circuit_breaker::Breaker,
        site::Site,
        source::{Resting, Settled, Settlement},
    },
    failpoints::checkpoint,
    model::{BoxFuture, Code, Message, MessageId, Problem, codes::Scope, problem::shown},
    storage::{RefusedParts, digest, name_with_id},
    transport::{self, RemoteFs, join, leaf},
};

/// Moves the files of messages at rest, many at the same time, so that they wait for the partner's server together.
pub(super) async fn settle(of: &FilesIn<'_>, resting: &[Resting<'_>]) -> Result<Vec<Settled>, Problem> {
    let Some(partner) = of.site.workspace().partners.get(&of.flow.partner) else {
        return Ok(resting.iter().map(|_| Ok(Vec::new())).collect());
    };
    let drop = &*of.drop().await?;
    let breaker = &Breaker::beyond(Scope::Flow);
    let mut moving: Vec<BoxFuture<'_, Result<(), Problem>>> = Vec::with_capacity(resting.len());
    for one in resting {
        moving.push(Box::pin(breaker.call(async move {
            match &one.outcome {
                Settlement::Duplicate(_) => beside(of, drop, partner, one.message).await,
                Settlement::Partly(left) => leave(drop, partner, one.message, left).await,
                outcome => move_there(of, drop, partner, one.message, outcome).await,
            }
        })));
    }
    let mut moving = moving.into_iter();
    // One goes first: its result shows whether to try the others.
    let mut done: Vec<Result<(), Problem>> = Vec::with_capacity(resting.len());
    if let Some(first) = moving.next() {
        done.push(first.await);
    }
    done.extend(stream::iter(moving).buffered(drop.at_once().max(1)).collect::<Vec<_>>().await);
    checkpoint("moved").await;
    Ok(done.into_iter().map(|moved| moved.map(|()| Vec::new())).collect())
}

async fn move_there(
    of: &FilesIn<'_>,
    drop: &dyn RemoteFs,
    partner: &Partner,
    message: &Message,
    outcome: &Settlement,
) -> Result<(), Problem> {
    let name = name_with_id(&message.name, message.id);
    let (archived, refused) = (join(&partner.archive, &name), join(&partner.error, &name));
    let problems = match outcome {
        Settlement::Failed(problems) => Some(problems),
        _ => None,
    };
    let failed = problems.is_some();
    let (target, other) = if failed { (&refused, &archived) } else { (&archived, &refused) };
    drop.make_folder(if failed { &partner.error } else { &partner.archive }).await?;
    if message.is_part() {
        put_part(of.site, drop, message, failed, &refused).await?;
    } else if !put_away(drop, &File::of(message), target).await? {
        match drop.stat(other).await? {
            Some(_) => drop.rename(other, target).await?,
            None => {
                let (id, flow) = (message.id.short(), &of.flow.id);
                tracing::warn!(message = id, flow, "the file is no longer on the partner's server; consign keeps its copy");
            }
        }
    }
    if !message.is_part() {
        drop_marker(drop, of.files.marker.as_deref(), &message.path).await?;
    }
    let report = format!("{refused}.problem.txt");
    if let Some(problems) = problems {
        drop.write(&report, partner_report(message, problems, partner.language).as_bytes()).await
    } else if message.run > 1 && drop.stat(&report).await?.is_some() {
        drop.remove(&report).await
    } else {
        Ok(())
    }
}

/// The refused part of a file is in the error folder as a smaller file, with its report.
async fn leave(drop: &dyn RemoteFs, partner: &Partner, message: &Message, left: &RefusedParts) -> Result<(), Problem> {
    drop.make_folder(&partner.error).await?;
    let name = join(&partner.error, leaf(&left.name));
    drop.write(&name, &left.bytes).await?;
    drop.write(&format!("{name}.problem.txt"), partner_report(message, &left.problems, partner.language).as_bytes()).await
}

/// A duplicate is archived beside the first file.
async fn beside(of: &FilesIn<'_>, drop: &dyn RemoteFs, partner: &Partner, copy: &Message) -> Result<(), Problem> {
    let target = join(&partner.archive, &name_with_id(&format!("duplicate-{}", copy.name), copy.id));
    drop.make_folder(&partner.archive).await?;
    put_away(drop, &File::of(copy), &target).await?;
    drop_marker(drop, of.files.marker.as_deref(), &copy.path).await
}

/// A document from a zip has no file of its own on the drop until it is refused. Then the partner finds it beside its report.
async fn put_part(site: &Site, drop: &dyn RemoteFs, message: &Message, failed: bool, refused: &str) -> Result<(), Problem> {
    if failed {
        let bytes = site.storage().read(message).await?;
        return drop.write(refused, &bytes).await;
    }
    // It was refused earlier, but is not any more.
    match message.run > 1 && drop.stat(refused).await?.is_some() {
        true => drop.remove(refused).await,
        false => Ok(()),
    }
}

/// A file as it was received.
struct File<'a> {
    name: &'a str,
    path: &'a str,
    size: u64,
    modified: Option<DateTime<Utc>>,
    sha256: &'a str,
}

impl<'a> File<'a> {
    fn of(message: &'a Message) -> Self {
        let Message { name, path, size, modified, sha256, .. } = message;
        Self { name, path, size: *size, modified: *modified, sha256 }
    }
}

/// Moves a file as it was received to `target`, a name that only it uses; `false` if it is in neither place. Only this very file is moved:
/// a later file under its name is a new one.
async fn put_away(drop: &dyn RemoteFs, file: &File<'_>, target: &str) -> Result<bool, Problem> {
    let here = drop.stat(file.path).await?.is_some_and(|entry| same(file.size, file.modified, &entry));
    if here {
        match drop.rename(file.path, target).await {
            Ok(()) => {}
            // It was moved before, and a file of the same name and time appeared: a new file, for the next poll.
            Err(problem) if transport::is_taken(&problem) => return Ok(true),
            Err(problem) => return Err(problem),
        }
    } else if drop.stat(target).await?.is_none() {
        return Ok(false);
    }
    give_back_another(drop, file, target).await?;
    Ok(true)
}

/// Files up to this size are read again after the move.
const VERIFIED: u64 = 1 << 20;

/// If the partner replaced the file just before the move, consign moved the wrong one. Its size or digest shows this; it is moved back for
/// the next poll.
async fn give_back_another(drop: &dyn RemoteFs, file: &File<'_>, target: &str) -> Result<(), Problem> {
    if file.sha256.is_empty() {
        return Ok(());
    }
    // If the partner empties the archive at once, or we may not read there, there is nothing to give back.
    let gone = |problem: &Problem| matches!(problem.code, Code::DropMissing | Code::DropDenied);
    let Some(there) = drop.stat(target).await? else { return Ok(()) };
    let ours = there.size == file.size
        && (file.size > VERIFIED
            || match drop.read(target, file.size, VERIFIED).await {
                Ok(bytes) => digest(&bytes) == file.sha256,
                Err(problem) if gone(&problem) => true,
                Err(problem) => return Err(problem),
            });
    if ours {
        return Ok(());
    }
    tracing::warn!(name = shown(file.name), "another file had replaced it; consign gives it back");
    let back = if drop.stat(file.path).await?.is_none() {
        file.path.to_string()
    } else {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        join(folder, &name_with_id(file.name, MessageId::new()))
    };
    drop.rename(target, &back).await
}

/// The marker file moves with the file, unless another file has its name by now: then the marker belongs to that one.
async fn drop_marker(drop: &dyn RemoteFs, marker: Option<&str>, path: &str) -> Result<(), Problem> {
    let Some(marker) = marker else { return Ok(()) };
    if drop.stat(path).await?.is_some() {
        return Ok(());
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    drop.remove(&join(folder, &marker_of(marker, leaf(path)))).await
}
