//! Starts a new journal when a person says that the old one is lost for good. Nothing in the storage is deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    config::Workspace,
    journal::{Before, Journal},
    model::{Code, Problem, Problems, problem::reason},
    pipeline::{self, Lock},
    storage::{Storage, private_folder},
};

/// Result of a new journal.
#[derive(Debug, Serialize)]
pub struct Begun {
    /// Outbound flows: the first records that they find are held.
    pub held: Vec<String>,
    /// The next number of the flows that number their documents.
    pub next: Vec<(String, i64)>,
    /// Files that were moved aside, relative to the storage.
    pub aside: Vec<String>,
}

/// Name of the journal until it is complete.
const UNSETTLED: &str = ".begun.sqlite";

fn unable(text: String) -> Problem {
    Problem::new(Code::Usage, text)
}

/// Starts a journal in a workspace that has none. `next` is the next number of each flow that numbers its documents, as only the partner
/// knows the numbers that were used.
///
/// # Errors
/// There is a journal, another process works on the workspace, or a number is missing.
pub async fn begin(workspace: &Workspace, next: &BTreeMap<String, i64>, now: DateTime<Utc>) -> Result<Begun, Problems> {
    let journal = workspace.storage.join(pipeline::JOURNAL);
    if Journal::is_there(&journal) {
        let text = format!("there is already a journal at {}", journal.display());
        return Err(unable(text).hint("to start a new one anyway, move it away first").into());
    }
    let next = numbers(workspace, next)?;
    let reported = |error: io::Error| unable(format!("cannot use the storage {} ({})", workspace.storage.display(), reason(&error)));
    private_folder(&workspace.storage).map_err(reported)?;
    let _lock = Lock::take(workspace)?;
    let aside = move_aside(&workspace.storage, now).map_err(reported)?;
    let storage = Storage::open(&workspace.storage)?;
    let held: Vec<String> = workspace.flows.values().filter(|flow| flow.sends()).map(|flow| flow.id.clone()).collect();
    // Under another name until it is complete: an interruption leaves no journal, and the command can be repeated.
    let unsettled = workspace.storage.join(UNSETTLED);
    for ending in ["", "-wal", "-shm"] {
        // Left by an interrupted attempt; usually there is none.
        let _ = fs::remove_file(workspace.storage.join(format!("{UNSETTLED}{ending}")));
    }
    let begun = Journal::open(&unsettled).await?;
    let marked = begun.mark_begun(&held, &next, now).await;
    let mark = begun.mark().await;
    begun.close().await;
    marked?;
    let mark = mark?;
    // The marker first: an interruption leaves a storage whose journal is missing, and the command can be repeated.
    storage.mark(mark).await?;
    fs::rename(&unsettled, &journal).map_err(reported)?;
    File::open(&workspace.storage).and_then(|folder| folder.sync_all()).map_err(reported)?;
    Ok(Begun { held, next, aside })
}

/// Accepts the existing journal, although it is a different one or an earlier copy. As after a restore, the first records that outbound
/// flows find are held. Returns those flows.
///
/// # Errors
/// There is no journal, or another process works on the workspace.
pub async fn accept(workspace: &Workspace, now: DateTime<Utc>) -> Result<Vec<String>, Problems> {
    let path = workspace.storage.join(pipeline::JOURNAL);
    if !Journal::is_there(&path) {
        return Err(unable(format!("there is no journal at {}", path.display())).hint("to start one: `consign init --new-journal`").into());
    }
    let _lock = Lock::take(workspace)?;
    let journal = Journal::open_as(&path, Before::CopyAside).await?;
    let settled = super::restore::settle(&journal, workspace, now).await;
    let (flows, mark) = (journal.sending_flows().await, journal.mark().await);
    journal.close().await;
    settled?;
    let mark = mark?;
    Storage::open(&workspace.storage)?.mark(mark).await?;
    Ok(flows?)
}

/// The next numbers: exactly one for each flow that numbers its documents.
fn numbers(workspace: &Workspace, given: &BTreeMap<String, i64>) -> Result<Vec<(String, i64)>, Problems> {
    let numbered: BTreeSet<&str> = workspace
        .flows
        .values()
        .filter(|flow| flow.outbound().is_some_and(|outbound| outbound.render.sequence.is_some()))
        .map(|flow| flow.id.as_str())
        .collect();
    let mut problems = Vec::new();
    for flow in given.keys().filter(|flow| !numbered.contains(flow.as_str())) {
        problems.push(unable(format!("`{flow}` is not a flow that numbers its documents")));
    }
    let missing: Vec<&str> = numbered.iter().copied().filter(|flow| !given.contains_key(*flow)).collect();
    if !missing.is_empty() {
        let flags: Vec<String> = missing.iter().map(|flow| format!("--next {flow}=NUMBER")).collect();
        let text = format!("documents of {} are numbered, and the last number is not known here", missing.join(" and "));
        problems.push(
            unable(text).hint(format!("find the last number in the last sent file or ask the partner, then add {}", flags.join(" "))),
        );
    }
    Problems::check(problems)?;
    Ok(given.iter().map(|(flow, number)| (flow.clone(), *number)).collect())
}

/// Moves aside the remains of the old journal, and the spool, whose files only that journal knew.
fn move_aside(storage: &Path, now: DateTime<Utc>) -> io::Result<Vec<String>> {
    let at = now.format("%Y%m%d-%H%M%S");
    let mut moved = Vec::new();
    for ending in ["", "-wal", "-shm", "-journal"] {
        let name = format!("{}{ending}", pipeline::JOURNAL);
        let to = format!("lost-{at}-{name}");
        match fs::rename(storage.join(&name), storage.join(&to)) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let spool = storage.join("spool");
    if fs::read_dir(&spool).is_ok_and(|mut files| files.next().is_some()) {
        let to = format!("lost-{at}-spool");
        fs::rename(&spool, storage.join(&to))?;
        moved.push(to);
    }
    Ok(moved)
}
