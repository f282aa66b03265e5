//! A partner's zip of documents: each document becomes a message of its own, whose parent is the zip. The zip is whole or refused, so
//! that nothing of it goes in twice; and it is read with hard limits, since a small file can unpack to any size.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use zip::{ZipArchive, result::ZipError};

use super::{Engine, Summary, checkpoint, retry, storage::Storage};
use crate::{
    config::InFlow,
    journal::{Message, NewMessage},
    model::{MessageId, Problem, Problems, Stage, codes, pattern, problem::shown},
    transport::{Sink, join, leaf},
};

/// Files in one zip.
pub const ENTRIES: usize = 10_000;
/// Bytes of all documents of one zip together.
pub const TOTAL: u64 = 1 << 30;

/// How a zip begins: its first file, or its end where it holds none.
const BEGINS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
const END: &[u8] = b"PK\x05\x06";
/// Bytes at the end in which the directory of a zip is found: its own 22 and a comment.
const TAIL: u64 = 22 + 65_535;

/// Whether a file's first bytes are those of a zip.
pub fn begins(bytes: &[u8]) -> bool {
    BEGINS.iter().any(|begin| bytes.starts_with(begin))
}

/// Whether a zip's end is missing.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL as usize)..];
    memchr::memmem::rfind(tail, END).is_none()
}

/// Whether a message of a flow is a zip of documents. One that came in a zip is not opened again.
pub fn is_package(storage: &Storage, inbound: &InFlow, message: &Message) -> bool {
    let first = || -> Option<Vec<u8>> {
        let mut first = Vec::new();
        File::open(&*storage.place(message).ok()?).ok()?.take(4).read_to_end(&mut first).ok()?;
        Some(first)
    };
    !inbound.unpack.is_empty() && message.parent.is_none() && first().is_some_and(|first| begins(&first))
}

/// Carries a zip to its end; gives the documents that are to be carried behind it.
pub(super) async fn carry(
    engine: &Engine,
    inbound: &InFlow,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<Vec<Message>, Problems> {
    let told = |problem: Problem| vec![problem];
    let mut documents = Vec::new();
    loop {
        let now = engine.clock.now();
        let next = match message.stage {
            Stage::Waiting => message.resume.unwrap_or(Stage::Received),
            Stage::Received => match unpack(engine, inbound, message).await {
                Ok((unpacked, note)) => {
                    documents = unpacked;
                    engine.journal.advance(message, Stage::Checked, Some(&note), now).await.map_err(told)?;
                    checkpoint::reach("unpacked").await;
                    continue;
                }
                Err(problem) => {
                    let problems = vec![problem];
                    if retry::is_temporary(&problems) {
                        let until = retry::next_try(message.id, message.attempts, &problems, now);
                        engine.journal.wait(message, until, &problems, now).await.map_err(told)?;
                    } else {
                        engine.journal.fail(message, &problems, now).await.map_err(told)?;
                    }
                    engine.settled(message, summary);
                    return Ok(documents);
                }
            },
            Stage::Checked => Stage::Planned,
            Stage::Planned => Stage::Applied,
            Stage::Applied => {
                engine.journal.succeeded(message, now).await.map_err(told)?;
                engine.journal.advance(message, Stage::Done, None, now).await.map_err(told)?;
                engine.settled(message, summary);
                return Ok(documents);
            }
            Stage::Done | Stage::Discarded | Stage::Failed | Stage::Held | Stage::Staged => return Ok(documents),
        };
        engine.journal.advance(message, next, None, now).await.map_err(told)?;
    }
}

/// Makes messages of the documents of a zip, those that are not there from an earlier try; with what is to be said of it.
async fn unpack(engine: &Engine, inbound: &InFlow, message: &Message) -> Result<(Vec<Message>, String), Problem> {
    let known = engine.journal.parts(message.id).await?;
    let mut spooled = Vec::new();
    let taken = tokio::task::block_in_place(|| take(&engine.storage, inbound, message, &known, &mut spooled));
    let received = async {
        let others = taken?;
        engine.storage.settle(spooled.iter().map(|new| new.id).collect()).await?;
        checkpoint::reach("unzipped").await;
        Ok((engine.journal.receive_all(&spooled, &[], engine.clock.now()).await?, others))
    };
    match received.await {
        Ok((documents, others)) => {
            let mut note = match (documents.len(), known.len()) {
                (new, 0) => format!("{new} documents in it, each a message of its own"),
                (0, known) => format!("its {known} documents are messages of their own already: do those again"),
                (new, known) => format!("{new} documents in it besides {known} that are messages already"),
            };
            if !others.is_empty() {
                note.push_str(&format!("; not taken: {}", crate::model::problem::cut(&others.join(", "))));
            }
            Ok((documents, note))
        }
        Err(problem) => {
            spooled.iter().for_each(|new| engine.storage.discard(&new.id.to_string()));
            Err(problem)
        }
    }
}

fn refused(message: &Message, why: impl Into<String>) -> Problem {
    Problem::new(codes::PACKAGE, why).in_file(&message.name)
}

/// Spools the documents of a zip; gives the names of the files in it that the flow does not take.
fn take(
    storage: &Storage,
    inbound: &InFlow,
    message: &Message,
    known: &HashSet<String>,
    spooled: &mut Vec<NewMessage>,
) -> Result<Vec<String>, Problem> {
    let place = storage.place(message)?;
    let broken = |error: &dyn std::fmt::Display| {
        refused(message, format!("the zip cannot be read ({error})")).hint("it is damaged or cut off: ask for it again")
    };
    let mut file = File::open(&*place).map_err(|error| broken(&error))?;
    if claims_too_many(&mut file).map_err(|error| broken(&error))? {
        return Err(too_many(message));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&error))?;
    if archive.len() > ENTRIES {
        return Err(too_many(message));
    }
    let (mut others, mut total, mut found) = (Vec::new(), 0, 0);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|error| match error {
            ZipError::UnsupportedArchive(_) => refused(message, "a file in the zip is encrypted, or packed in a way that is not usual")
                .hint("pack it without a password, by the usual method (deflate)"),
            other => broken(&other),
        })?;
        let inner = entry.name().map_err(|error| broken(&error))?.replace('\\', "/");
        let name = leaf(&inner).to_string();
        if entry.is_dir() {
            continue;
        }
        if !inbound.unpack.iter().any(|pattern| pattern::fits(pattern, &name)) {
            others.push(shown(&name));
            continue;
        }
        found += 1;
        let path = join(&message.path, &inner);
        let mut new = NewMessage {
            id: MessageId::new(),
            flow: message.flow.clone(),
            direction: message.direction,
            name,
            path,
            size: 0,
            modified: None,
            sha256: String::new(),
            stored: String::new(),
            verdict: None,
            claims: Vec::new(),
            rest: None,
            sequence: None,
            parent: Some(message.id),
            edited: false,
        };
        if known.contains(&new.path) {
            continue;
        }
        let mut spooling = storage.spooling(new.id)?;
        let limit = inbound.limits.bytes.min(TOTAL - total);
        new.size = copy(&mut entry, limit, &mut spooling).map_err(|stopped| match stopped {
            Stopped::Ours(problem) => problem,
            Stopped::Broken(error) => broken(&error),
            Stopped::Beyond if limit == inbound.limits.bytes => {
                refused(message, format!("`{}` in the zip has more than {limit} bytes", shown(&new.name)))
                    .hint("no file of it was taken; `max_bytes` of the flow is the limit of each document")
            }
            Stopped::Beyond => refused(message, format!("the files in the zip have more than {TOTAL} bytes together"))
                .hint("no file of it was taken; pack them into several zips"),
        })?;
        (new.stored, new.sha256) = spooling.finish()?;
        total += new.size;
        spooled.push(new);
    }
    if found == 0 {
        let patterns = inbound.unpack.join(", ");
        return Err(refused(message, format!("no file in the zip is a document of this flow ({patterns})")));
    }
    Ok(others)
}

fn too_many(message: &Message) -> Problem {
    refused(message, format!("the zip holds more than {ENTRIES} files")).hint("no file of it was taken; pack them into several zips")
}

/// Whether the directory of a zip says that it has more files than are taken: asked before it is read, since each costs memory.
fn claims_too_many(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let count = |at: usize| tail.get(at + 10..at + 12).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes);
    // Several places can look like the end; none of them may say so. 65,535 stands for more than the number can hold.
    Ok(memchr::memmem::find_iter(&tail, END).any(|at| usize::from(count(at)) > ENTRIES))
}

enum Stopped {
    Ours(Problem),
    Broken(io::Error),
    Beyond,
}

/// Copies a file of a zip, whatever size its directory claims, up to a limit.
fn copy(from: &mut impl Read, limit: u64, to: &mut dyn Sink) -> Result<u64, Stopped> {
    let (mut part, mut size) = (vec![0; 64 << 10], 0u64);
    loop {
        let count = match from.read(&mut part) {
            Ok(0) => return Ok(size),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stopped::Broken(error)),
        };
        size += count as u64;
        if size > limit {
            return Err(Stopped::Beyond);
        }
        to.put(&part[..count]).map_err(Stopped::Ours)?;
    }
}
