//! The state of each file on a drop: ready, incomplete, belonging to a message that is not settled yet, or not for this flow.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};

use super::same::same;
use crate::{
    config::{Documents, FilesSource, OnUnusualFile},
    endpoint::{
        history::History,
        source::{Candidate, ItemOrigin, Readiness},
    },
    journal::HeldFile,
    model::{Code, Problem, names::is_never_received, pattern::fits, problem::shown},
    transport::{DirEntry, join},
};

/// The name of the marker file of `name`.
pub(super) fn marker_of(marker: &str, name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    marker.replace("{name}", name).replace("{stem}", stem)
}

/// Every file of a folder with its state.
pub(super) fn assess_all(
    entries: Vec<DirEntry>,
    files: &FilesSource,
    documents: &Documents,
    known: &History,
    now: DateTime<Utc>,
) -> Vec<Candidate> {
    // If a listing has a name twice, it counts once.
    let mut names = HashSet::new();
    let entries: Vec<DirEntry> = entries.into_iter().filter(|entry| names.insert(entry.name.clone())).collect();
    let judged = |entry: DirEntry| {
        let readiness = assess_one(&entry, files, documents, known, &names, now);
        let key = join(&files.folder, &entry.name);
        let is_ready = matches!(readiness, Readiness::Ready);
        let was_cut = |hold: &HeldFile| hold.code == Code::DocCut.as_str() && same(hold.size, hold.modified, &entry);
        let as_it_is = is_ready && known.holds.get(&key).is_some_and(was_cut);
        let (size, modified) = (entry.size, entry.modified);
        Candidate { origin: ItemOrigin { key, name: entry.name, size, modified, as_it_is, claims: Vec::new() }, readiness }
    };
    entries.into_iter().map(judged).collect()
}

fn assess_one(
    entry: &DirEntry,
    files: &FilesSource,
    documents: &Documents,
    known: &History,
    names: &HashSet<String>,
    now: DateTime<Utc>,
) -> Readiness {
    let name = &entry.name;
    if is_never_received(name) || files.ignore.iter().any(|pattern| fits(pattern, name)) {
        return Readiness::Temporary;
    }
    if !files.patterns.iter().any(|pattern| fits(pattern, name)) {
        return Readiness::Foreign;
    }
    let path = join(&files.folder, name);
    if let Some(here) = known.taken.get(&path)
        && same(here.size, here.modified, entry)
    {
        return Readiness::Taken(here.id.clone());
    }
    // How long the file has been there with this size and time.
    let hold = known.holds.get(&path).filter(|hold| same(hold.size, hold.modified, entry));
    // A clock that was set back must not hold a file until it has caught up.
    let since = hold.map_or(now, |hold| hold.since.min(now));
    let stood = (now - since).to_std().unwrap_or(Duration::ZERO);
    let held = |code: Code, why: String, hint: &str| Readiness::Held(Problem::new(code, why).hint(hint).in_file(name), since);
    if entry.unreachable {
        return held(
            Code::DropIo,
            format!("this transport cannot use the name `{}`", shown(name)),
            "ask the partner to use plain letters in the name",
        );
    }
    if let Some(marker) = &files.marker {
        let marker = marker_of(marker, name);
        if !names.contains(&marker) {
            return held(
                Code::MarkerAwaited,
                format!("`{}` is not there yet", shown(&marker)),
                "the partner creates it when the file is complete",
            );
        }
    }
    if entry.size == 0 && documents.empty == OnUnusualFile::Hold {
        return held(
            Code::HeldSize,
            "the file has 0 bytes".into(),
            "consign checks it again when it changes; otherwise ask the partner to send it again",
        );
    }
    if entry.size > documents.limits.bytes && files.large == OnUnusualFile::Hold {
        let why = format!("the file has {} bytes; the limit is {}", entry.size, documents.limits.bytes);
        return held(Code::HeldLarge, why, "raise the flow's `max_bytes` if such files are expected");
    }
    let held_as = |code: Code| hold.filter(|hold| hold.code == code.as_str());
    if let Some(hold) = held_as(Code::Duplicate).filter(|_| stood < AGAIN) {
        return held(Code::Duplicate, hold.why.clone(), hold.hint.as_deref().unwrap_or_default());
    }
    // A truncated file has been stable before, and gets a longer wait.
    if let Some(hold) = held_as(Code::DocCut) {
        return if stood < files.cut {
            held(Code::DocCut, hold.why.clone(), hold.hint.as_deref().unwrap_or_default())
        } else {
            Readiness::Ready
        };
    }
    if files.marker.is_none() && stood < files.settle {
        let why = format!("its size and time must not change for {} s", files.settle.as_secs_f32());
        return held(Code::StillChanging, why, "none needed: it is received once it is stable");
    }
    Readiness::Ready
}

/// How long a duplicate that could not be moved is left before the next attempt.
const AGAIN: Duration = Duration::from_secs(3600);

/// Longest wait within a poll for files to become stable; longer waits are left to the next poll.
pub(super) const WAIT: Duration = Duration::from_secs(30);
