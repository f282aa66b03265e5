//! A partner's zip of documents: each document becomes a message of its own, whose parent is the zip. The zip is whole or refused, so
//! that nothing of it goes in twice; and it is read with hard limits, since a small file can unpack to any size.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use super::{
    Engine, Summary, intake,
    react::{Next, react},
    storage::Storage,
};
use crate::{
    config::{Flow, InFlow, Unusual},
    failpoints::checkpoint,
    journal::{Message, NewMessage, Verdict},
    model::{
        Code, MessageId, Problem, Problems, Stage, pattern,
        problem::{reason, shown},
    },
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
///
/// # Errors
/// Our own copy cannot be read.
pub async fn is_package(storage: &Storage, inbound: &InFlow, message: &Message) -> Result<bool, Problem> {
    if inbound.unpack.is_empty() || message.parent.is_some() || message.stored.is_empty() {
        return Ok(false);
    }
    match storage.head(message, 4).await {
        Ok(first) => Ok(begins(&first)),
        // What is lost is told where it is needed.
        Err(problem) if problem.code == Code::OriginalLost => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// An error of our own disk is no fault of the partner's, and passes.
fn ours(error: &io::Error) -> Problem {
    Problem::new(Code::DropIo, format!("our copy of a zip cannot be read ({})", reason(error)))
}

/// What a zip's reader says: what is wrong with the bytes is the partner's, all else is ours.
fn broken(message: &Message, error: &ZipError) -> Problem {
    match error {
        ZipError::Io(error) => broken_off(message, error),
        ZipError::UnsupportedArchive(_) => refused(message, "a file in the zip is encrypted, or packed in a way that is not usual")
            .hint("pack it without a password, by the usual method (deflate)"),
        other => damaged(message, other),
    }
}

fn broken_off(message: &Message, error: &io::Error) -> Problem {
    match error.raw_os_error() {
        Some(_) => ours(error),
        None => damaged(message, error),
    }
}

fn damaged(message: &Message, error: &dyn std::fmt::Display) -> Problem {
    refused(message, format!("the zip cannot be read ({error})")).hint("it is damaged or cut off: ask for it again")
}

/// Carries a zip to its end; gives the documents that are to be carried behind it.
pub(super) async fn carry(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    message: &mut Message,
    summary: &mut Summary,
) -> Result<(Vec<Message>, Next), Problems> {
    let mut documents = Vec::new();
    loop {
        let now = engine.clock.now();
        let next = match message.stage {
            Stage::Waiting => message.resume.unwrap_or(Stage::Received),
            Stage::Received => match unpack(engine, flow, inbound, message, summary).await {
                Ok((unpacked, note)) => {
                    documents = unpacked;
                    engine.journal.advance(message, Stage::Checked, Some(&note), now).await?;
                    checkpoint("unpacked").await;
                    continue;
                }
                Err(problem) => {
                    let next = react(engine, flow, message, problem.into(), summary).await?;
                    return Ok((documents, next));
                }
            },
            Stage::Checked => Stage::Planned,
            Stage::Planned => Stage::Applied,
            Stage::Applied => {
                engine.journal.done(message, &[], None, now).await?;
                engine.settled(message, summary);
                return Ok((documents, Next::Go));
            }
            Stage::Done | Stage::Discarded | Stage::Failed | Stage::Held | Stage::Staged => return Ok((documents, Next::Go)),
        };
        engine.journal.advance(message, next, None, now).await?;
    }
}

/// Makes messages of the documents of a zip, those that are not there from an earlier try; with what is to be said of it.
async fn unpack(
    engine: &Engine,
    flow: &Flow,
    inbound: &InFlow,
    message: &Message,
    summary: &mut Summary,
) -> Result<(Vec<Message>, String), Problem> {
    let known = engine.journal.parts(message.id).await?;
    let mut spooled = Vec::new();
    let judged = async {
        let place = engine.storage.place(message).await?;
        let others = tokio::task::block_in_place(|| take(&engine.storage, &place, inbound, message, &known, &mut spooled))?;
        engine.storage.settle(spooled.iter().map(|new| new.id).collect()).await?;
        checkpoint("unzipped").await;
        // The ledger's verdict on each, as if it lay on the drop by itself.
        let (new, repeats) = intake::judged(engine, flow, inbound, spooled.clone()).await?;
        Ok::<_, Problem>((new, repeats, others))
    };
    let (new, repeats, others) = judged.await.inspect_err(|_| {
        // Nobody knows of them yet; a disk that is full must not be filled further.
        spooled.iter().for_each(|new| engine.storage.discard(&new.id.to_string()));
    })?;
    let twins: Vec<(NewMessage, MessageId)> = repeats.iter().map(|(file, known)| (file.clone(), known.id)).collect();
    // From here on they may be written down, whatever the journal says, unless it refuses them.
    let received = engine.journal.receive_all(Some(message), &new, &twins, engine.clock.now()).await;
    let mut documents = received.inspect_err(|problem| {
        if problem.code == Code::MessageMoved {
            spooled.iter().for_each(|new| engine.storage.discard(&new.id.to_string()));
        }
    })?;
    twins.iter().for_each(|(file, _)| engine.storage.discard(&file.id.to_string()));
    summary.duplicates += twins.len();
    let mut note = match (documents.len(), known.len()) {
        (new, 0) => format!("{new} documents in it, each a message of its own"),
        (0, known) => format!("its {known} documents are messages of their own already: do those again"),
        (new, known) => format!("{new} documents in it besides {known} that are messages already"),
    };
    if !twins.is_empty() {
        note.push_str(&format!("; {} repeat what came before", twins.len()));
    }
    documents.iter().filter(|document| document.stage != Stage::Received).for_each(|document| engine.settled(document, summary));
    documents.retain(|document| document.stage != Stage::Held);
    if !others.is_empty() {
        note.push_str(&format!("; not taken: {}", crate::model::problem::cut(&others.join(", "))));
    }
    Ok((documents, note))
}

fn refused(message: &Message, why: impl Into<String>) -> Problem {
    Problem::new(Code::Package, why).in_file(&message.name)
}

/// Spools the documents of a zip; gives the names of the files in it that the flow does not take.
fn take(
    storage: &Storage,
    place: &Path,
    inbound: &InFlow,
    message: &Message,
    known: &HashSet<String>,
    spooled: &mut Vec<NewMessage>,
) -> Result<Vec<String>, Problem> {
    let mut file = File::open(place).map_err(|error| ours(&error))?;
    match claimed(&mut file).map_err(|error| ours(&error))? {
        Claimed::Usual => {}
        Claimed::TooMany => return Err(too_many(message)),
        Claimed::Elsewhere => {
            return Err(refused(message, "the zip is in the form for very large ones (zip64), which is not taken")
                .hint("pack it in the usual form, which holds 65,534 files and 4 GiB"));
        }
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(message, &error))?;
    if archive.len() > ENTRIES {
        return Err(too_many(message));
    }
    if archive.has_duplicate_names() {
        return Err(twice(message));
    }
    let mut paths = HashSet::new();
    let (mut others, mut total, mut found) = (Vec::new(), 0, 0);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|error| broken(message, &error))?;
        let inner = entry.name().map_err(|error| damaged(message, &error))?.replace('\\', "/");
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
            name,
            path,
            verdict: Some(Verdict::New),
            parent: Some(message.id),
            ..NewMessage::of(&message.flow, message.direction)
        };
        if !paths.insert(new.path.clone()) {
            return Err(twice(message));
        }
        if known.contains(&new.path) {
            continue;
        }
        let mut spooling = storage.spooling(new.id)?;
        let limit = inbound.limits.bytes.min(TOTAL - total);
        new.size = copy(&mut entry, limit, &mut spooling).map_err(|stopped| match stopped {
            Stopped::Ours(problem) => problem,
            Stopped::Broken(error) => broken_off(message, &error),
            Stopped::Beyond if limit == inbound.limits.bytes => {
                refused(message, format!("`{}` in the zip has more than {limit} bytes", shown(&new.name)))
                    .hint("no file of it was taken; `max_bytes` of the flow is the limit of each document")
            }
            Stopped::Beyond => refused(message, format!("the files in the zip have more than {TOTAL} bytes together"))
                .hint("no file of it was taken; pack them into several zips"),
        })?;
        (new.stored, new.sha256) = spooling.finish()?;
        total += new.size;
        if new.size == 0 && inbound.empty != Unusual::Accept {
            new.rest = Some((Stage::Failed, Problem::new(Code::DocEmpty, "the file is empty").in_file(&new.name)));
        }
        spooled.push(new);
    }
    if found == 0 {
        let patterns = inbound.unpack.join(", ");
        return Err(refused(message, format!("no file in the zip is a document of this flow ({patterns})")));
    }
    Ok(others)
}

fn twice(message: &Message) -> Problem {
    refused(message, "two files in the zip have the same name").hint("no file of it was taken; which of them is meant cannot be decided")
}

fn too_many(message: &Message) -> Problem {
    refused(message, format!("the zip holds more than {ENTRIES} files")).hint("no file of it was taken; pack them into several zips")
}

/// What the end of a zip says about its directory.
enum Claimed {
    Usual,
    TooMany,
    Elsewhere,
}

/// What a zip's directory is said to hold: asked before it is read, since each file in it costs memory.
fn claimed(file: &mut (impl Read + Seek)) -> io::Result<Claimed> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let count = |at: usize| tail.get(at + 10..at + 12).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes);
    // All ones refer to another record, whose numbers are not bounded by this one; a file below 4 GiB has no need of it.
    let elsewhere = |at: usize| {
        count(at) == u16::MAX || tail.get(at + 12..at + 20).is_some_and(|both| both[..4] == [0xff; 4] || both[4..] == [0xff; 4])
    };
    // Several places can look like the end; none of them may say so.
    let mut found = Claimed::Usual;
    for at in memchr::memmem::find_iter(&tail, END) {
        if elsewhere(at) {
            return Ok(Claimed::Elsewhere);
        }
        if usize::from(count(at)) > ENTRIES {
            found = Claimed::TooMany;
        }
    }
    Ok(found)
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
