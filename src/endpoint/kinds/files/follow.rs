//! What became of sent files: collected by the partner, or acknowledged by files.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::folder::FilesOut;
use crate::{
    endpoint::target::{Followed, Signal},
    journal::Answered,
    model::{Code, Message, Problem, Stage, answer::AckStatus, foreign, pattern, problem::shown},
    transport::{DirEntry, RemoteFs, join},
};

/// Bytes to read from a file with the reason.
const REASON: u64 = 64 << 10;
/// Characters of it to store.
const WORDS: usize = 500;

/// When the acknowledgement of a document that is sent now is due, if its flow expects one.
pub(super) fn due(of: &FilesOut<'_>) -> Option<DateTime<Utc>> {
    let within = TimeDelta::from_std(of.files.answer.as_ref()?.within).unwrap_or(TimeDelta::MAX);
    Some(of.site.clock().now().checked_add_signed(within).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// Checks what became of sent files. If a drop can be written but not listed, consign still sends files.
pub(super) async fn follow(of: &FilesOut<'_>) -> Followed {
    let mut followed = Followed::default();
    for looked in [collected(of, &mut followed).await, answered(of, &mut followed).await] {
        followed.findings.extend(looked.err());
    }
    followed
}

/// Whether the partner has collected our files. Files that stay too long are reported in one problem.
async fn collected(of: &FilesOut<'_>, followed: &mut Followed) -> Result<(), Problem> {
    let Some(patience) = of.files.pickup else { return Ok(()) };
    let sent = of.site.journal().uncollected(&of.flow.id).await?;
    if sent.is_empty() {
        return Ok(());
    }
    let there: HashSet<String> = of.drop().await?.list(&of.files.folder).await?.into_iter().map(|entry| entry.name).collect();
    let now = of.site.clock().now();
    let (lying, gone): (Vec<Message>, Vec<Message>) = sent.into_iter().partition(|message| there.contains(&message.name));
    followed.signals.extend(gone.into_iter().map(Signal::Collected));
    let late: Vec<&Message> = lying.iter().filter(|message| (now - message.updated).to_std().is_ok_and(|age| age > patience)).collect();
    if let Some(oldest) = late.first() {
        let since = oldest.updated.format("%Y-%m-%d %H:%M UTC");
        let more = if late.len() == 1 { String::new() } else { format!(", and {} more", late.len() - 1) };
        let text = format!("`{}` (message {}) has been on the drop since {since}{more}", oldest.name, oldest.id.short());
        let hint = "ask the partner whether it still collects files; `consign drops` lists them";
        followed.findings.push(Problem::new(Code::NotCollected, text).hint(hint));
    }
    Ok(())
}

/// Looks on the drop for files that acknowledge sent documents.
async fn answered(of: &FilesOut<'_>, followed: &mut Followed) -> Result<(), Problem> {
    let Some(awaited) = of.files.answer.as_ref().filter(|awaited| !awaited.accepted.is_empty() || !awaited.refused.is_empty()) else {
        return Ok(());
    };
    let open = of.site.journal().awaiting(&of.flow.id).await?;
    if open.is_empty() {
        return Ok(());
    }
    let drop = of.drop().await?;
    let mut folders: HashMap<String, Vec<DirEntry>> = HashMap::new();
    // A file acknowledges one document: if several have the same name, the youngest, which comes first.
    let mut taken: HashSet<String> = HashSet::new();
    for message in open.iter().filter(|message| matches!(message.stage, Stage::Applied | Stage::Done)) {
        for (folder, wanted, accepts) in awaited.patterns(&message.name) {
            let mut found = None;
            for entry in listed(&*drop, folder, &mut folders).await?.iter().filter(|entry| pattern::fits(&wanted, &entry.name)) {
                let time = entry.modified.map(|time| time.to_rfc3339()).unwrap_or_default();
                let mark = format!("{} {} {time}", join(folder, &entry.name), entry.size);
                if !taken.contains(&mark) && !of.site.journal().has_answered(&of.flow.id, &mark).await? {
                    found = Some((entry.clone(), mark));
                    break;
                }
            }
            let Some((entry, mark)) = found else { continue };
            let note = match awaited.reason(&message.name) {
                Some((folder, wanted)) => {
                    let there =
                        listed(&*drop, folder, &mut folders).await?.iter().find(|entry| pattern::fits(&wanted, &entry.name)).cloned();
                    match there {
                        Some(reason) => words(&*drop, &join(folder, &reason.name), reason.size).await?,
                        None => None,
                    }
                }
                // A file that is not the document itself may contain the reason.
                None if entry.name != message.name => words(&*drop, &join(folder, &entry.name), entry.size).await?,
                None => None,
            };
            taken.insert(mark.clone());
            let reply = if accepts { AckStatus::Accepted } else { AckStatus::Refused };
            let answered = Answered { reply, note, by_message: None, mark: Some(mark) };
            followed.signals.push(Signal::Answered(message.clone(), answered));
            break;
        }
    }
    Ok(())
}

/// The files of a folder, listed once; a missing folder has none.
async fn listed<'f>(drop: &dyn RemoteFs, folder: &str, folders: &'f mut HashMap<String, Vec<DirEntry>>) -> Result<&'f [DirEntry], Problem> {
    if !folders.contains_key(folder) {
        let entries = match drop.list(folder).await {
            Err(problem) if problem.code == Code::DropMissing => Vec::new(),
            other => other?,
        };
        folders.insert(folder.to_string(), entries);
    }
    Ok(folders.get(folder).map(Vec::as_slice).unwrap_or_default())
}

/// The text of a small file, in one line.
async fn words(drop: &dyn RemoteFs, path: &str, size: u64) -> Result<Option<String>, Problem> {
    if size == 0 || size > REASON {
        return Ok(None);
    }
    let bytes = match drop.read(path, size, REASON).await {
        // Removed meanwhile: the acknowledgement is known without it.
        Err(problem) if problem.code == Code::DropMissing => return Ok(None),
        other => other?,
    };
    let text = foreign::without_secrets(&String::from_utf8_lossy(&bytes));
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
    Ok(Some(shown(&line).to_string()).filter(|line| !line.is_empty()))
}
