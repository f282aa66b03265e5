//! What lies on a drop, and what may be done with each file: taken, left until it is complete, left because a message has not let
//! go of it, or not this flow's at all. `consign drops` shows the very same judgement that a poll acts on.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{Engine, Summary, same::same};
use crate::{
    config::{Flow, Inbound, Order, Unusual},
    journal::{Here, Hold, NewMessage},
    model::{Code, Message, Problem, pattern::fits, problem::shown},
    transport::{Entry, RemoteFs, join, leaf},
};

/// A file on a drop, judged.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The file.
    pub entry: Entry,
    /// What may be done with it.
    pub state: Readiness,
}

/// What may be done with a file.
#[derive(Debug, Clone)]
pub enum Readiness {
    /// It is complete and may be taken.
    Ready,
    /// It is left where it is, and why; since when it has been so.
    Held(Problem, DateTime<Utc>),
    /// A message was made of it and has not let go of it yet: the message's id.
    Taken(String),
    /// The name is one that is used while a file is being written.
    Temporary,
    /// The flow does not want such names.
    Foreign,
}

/// Names that writers use while they write; never taken whatever the flow's patterns say.
fn is_temporary_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.') || [".tmp", ".part", ".filepart", ".partial", ".crdownload"].iter().any(|ending| lower.ends_with(ending))
}

/// The name of the file that says that `name` is complete.
pub(super) fn marker_of(marker: &str, name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    marker.replace("{name}", name).replace("{stem}", stem)
}

/// What the journal knows of a drop's folder.
pub(super) struct FolderHistory {
    here: HashMap<String, Here>,
    holds: HashMap<String, Hold>,
}

impl FolderHistory {
    async fn of(engine: &Engine, flow: &Flow) -> Result<Self, Problem> {
        Ok(Self { here: engine.journal.here(&flow.id).await?, holds: engine.journal.holds(&flow.id).await? })
    }
}

/// Every file of a flow's folder, judged.
///
/// # Errors
/// The drop or the journal cannot be read.
pub async fn assess(engine: &Engine, drop: &dyn RemoteFs, flow: &Flow, inbound: Inbound<'_>) -> Result<Vec<Candidate>, Problem> {
    let memory = FolderHistory::of(engine, flow).await?;
    Ok(assess_all(listed(drop, flow).await?, flow, inbound, &memory, engine.clock.now()))
}

/// The files of a flow's folder; a folder that is missing says where it was looked for.
async fn listed(drop: &dyn RemoteFs, flow: &Flow) -> Result<Vec<Entry>, Problem> {
    drop.list(flow.folder()).await.map_err(|problem| {
        if problem.code != Code::DropMissing {
            return problem;
        }
        let text = format!("there is no folder `{}` on the drop of {} ({})", flow.folder(), flow.partner, drop.name());
        Problem::new(Code::DropMissing, text).hint(format!("make it, or correct `folder` in {} or `path` in the partner's drop", flow.file))
    })
}

fn assess_all(entries: Vec<Entry>, flow: &Flow, inbound: Inbound<'_>, memory: &FolderHistory, now: DateTime<Utc>) -> Vec<Candidate> {
    // A listing that has a name twice has one file of it.
    let mut names = HashSet::new();
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| names.insert(entry.name.clone())).collect();
    entries.into_iter().map(|entry| Candidate { state: assess_one(&entry, flow, inbound, memory, &names, now), entry }).collect()
}

fn assess_one(
    entry: &Entry,
    flow: &Flow,
    inbound: Inbound<'_>,
    memory: &FolderHistory,
    names: &HashSet<String>,
    now: DateTime<Utc>,
) -> Readiness {
    let name = &entry.name;
    if is_temporary_name(name) || inbound.files.ignore.iter().any(|pattern| fits(pattern, name)) {
        return Readiness::Temporary;
    }
    if !inbound.files.patterns.iter().any(|pattern| fits(pattern, name)) {
        return Readiness::Foreign;
    }
    let path = join(flow.folder(), name);
    if let Some(here) = memory.here.get(&path)
        && same(here.size, here.modified, entry)
    {
        return Readiness::Taken(here.id.clone());
    }
    // How long the file has been there with this size and time.
    let hold = memory.holds.get(&path).filter(|hold| same(hold.size, hold.modified, entry));
    // A clock that was set back must not hold a file until it has caught up.
    let since = hold.map_or(now, |hold| hold.since.min(now));
    let stood = (now - since).to_std().unwrap_or(Duration::ZERO);
    let held = |code: Code, why: String, hint: &str| Readiness::Held(Problem::new(code, why).hint(hint).in_file(name), since);
    if entry.unreachable {
        return held(
            Code::DropIo,
            format!("the name of `{}` cannot be carried by this transport", shown(name)),
            "ask the partner to name it in plain letters",
        );
    }
    if let Some(marker) = &inbound.files.marker {
        let marker = marker_of(marker, name);
        if !names.contains(&marker) {
            return held(
                Code::MarkerAwaited,
                format!("`{}` is not there yet", shown(&marker)),
                "the partner puts it there when the file is complete",
            );
        }
    }
    if entry.size == 0 && inbound.files.empty == Unusual::Hold {
        return held(
            Code::HeldSize,
            "the file has 0 bytes".into(),
            "it is looked at again as soon as it changes; otherwise ask the partner to send it again",
        );
    }
    if entry.size > inbound.files.limits.bytes && inbound.files.large == Unusual::Hold {
        let why = format!("the file has {} bytes; the limit is {}", entry.size, inbound.files.limits.bytes);
        return held(Code::HeldLarge, why, "raise the flow's `max_bytes` if such files are meant to come");
    }
    let known = |code: Code| hold.filter(|hold| hold.code == code.info().code);
    if let Some(hold) = known(Code::Duplicate).filter(|_| stood < AGAIN) {
        return held(Code::Duplicate, hold.why.clone(), hold.hint.as_deref().unwrap_or_default());
    }
    // One that was cut off has stood still before, and is waited for longer.
    if let Some(hold) = known(Code::DocCut) {
        return if stood < inbound.files.cut {
            held(Code::DocCut, hold.why.clone(), hold.hint.as_deref().unwrap_or_default())
        } else {
            Readiness::Ready
        };
    }
    if inbound.files.marker.is_none() && stood < inbound.files.settle {
        let why = format!("its size and time must stand still for {} s", inbound.files.settle.as_secs_f32());
        return held(Code::StillChanging, why, "nothing: it is taken once it does");
    }
    Readiness::Ready
}

/// A duplicate that could not be moved away is left so long before it is tried again.
const AGAIN: Duration = Duration::from_secs(3600);

/// Longest wait for files to stand still within a poll; a longer one is left to the next poll.
const WAIT: Duration = Duration::from_secs(30);

/// What a poll found.
pub(super) struct Intake {
    /// Files that may be taken, in the flow's order.
    pub(super) ready: Vec<Entry>,
    /// Those among them that were held as cut off so long that they are taken as they are.
    pub(super) given_up: HashSet<String>,
}

/// Files that may be taken. What is held is written down and told once; where files must stand still first, they are looked at again
/// after that time, unless an earlier poll has seen them already.
pub(super) async fn poll(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    inbound: Inbound<'_>,
    summary: &mut Summary,
) -> Result<Intake, Problem> {
    let first = remember(engine, flow, assess_and_release(engine, drop, flow, inbound).await?).await?;
    let changing = |seen: &Candidate| matches!(&seen.state, Readiness::Held(problem, _) if problem.code == Code::StillChanging);
    let seen = if first.seen.iter().any(changing) && inbound.files.settle <= WAIT {
        // A little more than the time, since clocks have ticks; a stop is not kept waiting for it.
        let until = tokio::time::Instant::now() + inbound.files.settle + Duration::from_millis(20);
        while tokio::time::Instant::now() < until && !engine.is_stopping() {
            tokio::time::sleep_until(until.min(tokio::time::Instant::now() + Duration::from_millis(200))).await;
        }
        let again = remember(engine, flow, assess_and_release(engine, drop, flow, inbound).await?).await?;
        summary.held += first.new + again.new;
        again.seen
    } else {
        summary.held += first.new;
        first.seen
    };
    let mut found = Intake { ready: Vec::new(), given_up: HashSet::new() };
    let holds = engine.journal.holds(&flow.id).await?;
    for one in seen {
        match one.state {
            Readiness::Ready => {
                let path = join(flow.folder(), &one.entry.name);
                if holds.get(&path).is_some_and(|hold| hold.code == Code::DocCut.info().code && same(hold.size, hold.modified, &one.entry))
                {
                    found.given_up.insert(one.entry.name.clone());
                }
                found.ready.push(one.entry);
            }
            Readiness::Held(problem, _) if is_incomplete(problem.code) => {
                summary.changing += 1;
                tracing::info!(
                    flow = flow.id,
                    name = shown(&one.entry.name),
                    code = problem.code.as_str(),
                    "{}; left for the next poll",
                    problem.message
                );
            }
            Readiness::Held(..) => summary.left += 1,
            _ => {}
        }
    }
    match inbound.files.order {
        Order::Time => found.ready.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name))),
        Order::Name => found.ready.sort_by(|a, b| a.name.cmp(&b.name)),
    }
    Ok(found)
}

/// Whether a file is held only until it is complete.
pub(super) fn is_incomplete(code: Code) -> bool {
    matches!(code, Code::StillChanging | Code::MarkerAwaited | Code::DocCut)
}

/// Looks, and lets go of files in whose place the partner has put another: the message has nothing left to move.
async fn assess_and_release(
    engine: &Engine,
    drop: &dyn RemoteFs,
    flow: &Flow,
    inbound: Inbound<'_>,
) -> Result<(Vec<Candidate>, FolderHistory), Problem> {
    let entries = listed(drop, flow).await?;
    let mut memory = FolderHistory::of(engine, flow).await?;
    let replaced: Vec<String> = entries
        .iter()
        .filter_map(|entry| {
            let path = join(flow.folder(), &entry.name);
            memory.here.get(&path).is_some_and(|here| !same(here.size, here.modified, entry)).then_some(path)
        })
        .collect();
    for path in replaced {
        if let Some(here) = memory.here.remove(&path) {
            let mut message = engine.journal.find(&here.id).await?;
            let stored = message.stored.clone();
            engine.journal.shelved(&mut message, &stored, true).await?;
        }
    }
    let seen = assess_all(entries, flow, inbound, &memory, engine.clock.now());
    Ok((seen, memory))
}

struct Remembered {
    seen: Vec<Candidate>,
    /// Files that are held for a person and were not before.
    new: usize,
}

/// Writes down what is held now.
async fn remember(engine: &Engine, flow: &Flow, (seen, memory): (Vec<Candidate>, FolderHistory)) -> Result<Remembered, Problem> {
    let mut held = Vec::new();
    let mut still: HashSet<String> = HashSet::new();
    let mut new = 0;
    for one in &seen {
        let path = join(flow.folder(), &one.entry.name);
        let (problem, since) = match &one.state {
            Readiness::Held(problem, since) => (problem, since),
            // The row stays until the file is taken: it tells how long a file that was cut off has been waited for.
            Readiness::Ready => {
                still.insert(path);
                continue;
            }
            _ => continue,
        };
        let hold = Hold {
            size: one.entry.size,
            modified: one.entry.modified,
            code: problem.code.as_str().to_string(),
            why: problem.message.clone(),
            hint: problem.hint.clone(),
            since: *since,
            path: path.clone(),
        };
        let before = memory.holds.get(&path);
        if before.is_none_or(|before| before.code != hold.code || before.size != hold.size) && !is_incomplete(problem.code) {
            new += 1;
            tracing::warn!(flow = flow.id, name = shown(&one.entry.name), code = hold.code, "held on the drop: {}", problem.message);
        }
        if before.is_none_or(|before| before.code != hold.code || before.since != hold.since || before.why != hold.why) {
            held.push(hold);
        }
        still.insert(path);
    }
    let gone: Vec<String> = memory.holds.into_keys().filter(|path| !still.contains(path)).collect();
    engine.journal.hold_files(&flow.id, &held, &gone).await?;
    Ok(Remembered { seen, new })
}

/// Holds a file whose own end is missing.
pub(super) async fn hold_cut(engine: &Engine, flow: &Flow, inbound: Inbound<'_>, entry: &Entry) -> Result<(), Problem> {
    let path = join(flow.folder(), &entry.name);
    let hold = Hold {
        size: entry.size,
        modified: entry.modified,
        code: Code::DocCut.info().code.to_string(),
        why: format!("`{}` ends before it is complete", shown(leaf(&path))),
        hint: Some(format!("the upload was broken off or goes on; after {} s without a change it is refused", inbound.files.cut.as_secs())),
        // Waited for from now on, not from when it was first seen to stand still.
        since: engine.clock.now(),
        path,
    };
    engine.journal.hold_files(&flow.id, &[hold], &[]).await
}

/// Leaves duplicates that could not be moved away, so that they are not fetched again at every poll.
pub(super) async fn hold_duplicates(engine: &Engine, flow: &Flow, copies: &[(&NewMessage, &Message, Problem)]) -> Result<(), Problem> {
    let now = engine.clock.now();
    let holds: Vec<Hold> = copies
        .iter()
        .map(|(copy, known, problem)| Hold {
            path: copy.path.clone(),
            size: copy.size,
            modified: copy.modified,
            code: Code::Duplicate.info().code.to_string(),
            why: format!("it repeats message {} and could not be moved: {}", known.id.short(), problem.message),
            hint: Some("remove it, or give the user the right to rename; it is tried again after an hour".into()),
            since: now,
        })
        .collect();
    engine.journal.hold_files(&flow.id, &holds, &[]).await
}
