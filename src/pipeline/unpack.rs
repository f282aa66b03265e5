//! A partner's zip of documents: each document becomes a separate message, whose parent is the zip. A zip is processed as a whole or
//! refused, so that none of its documents is processed twice.

use std::{collections::HashSet, path::Path};

use super::{
    Run, Summary,
    carry::{self, StageSteps, foreign},
    dedup::classify,
    react::Next,
};
use crate::{
    config::{Documents, OnUnusualFile},
    failpoints::checkpoint,
    format::zip::{self, Archive},
    journal::{NewMessage, Novelty},
    model::{
        BoxFuture, Code, Message, MessageId, Pipeline, Problem, Problems, Stage, i18n::say, names::is_no_document, pattern, problem::shown,
    },
    storage::{Storage, Unclaimed},
    transport::{join, leaf},
};

/// Maximum bytes of all documents of one zip together.
pub const TOTAL: u64 = 1 << 30;

/// Maximum number of documents in a zip that are identical to another one, including empty ones.
const ALIKE: usize = 100;

/// Whether a message of a flow is a zip of documents. A zip inside a zip is not opened.
///
/// # Errors
/// Our own copy cannot be read.
pub async fn is_package(storage: &Storage, documents: &Documents, message: &Message) -> Result<bool, Problem> {
    if documents.unpack.is_empty() || message.parent.is_some() || message.stored.is_empty() {
        return Ok(false);
    }
    match storage.head(message, 4).await {
        Ok(first) => Ok(zip::begins(&first)),
        // A lost original is reported where it is needed.
        Err(problem) if problem.code == Code::OriginalLost => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Carries a zip to its end; returns its documents, which are carried after it.
pub(super) async fn carry(run: &Run<'_>, message: &mut Message, summary: &mut Summary) -> Result<(Vec<Message>, Next), Problems> {
    let mut steps = Package { run, documents: Vec::new() };
    let next = carry::carry(run, &mut steps, message, summary).await?;
    Ok((steps.documents, next))
}

/// The steps of a zip: its documents become separate messages, and nothing else happens.
struct Package<'f> {
    run: &'f Run<'f>,
    documents: Vec<Message>,
}

impl StageSteps for Package<'_> {
    fn pipeline(&self) -> &'static Pipeline {
        self.run.flow.pipeline()
    }

    fn step<'s>(&'s mut self, message: &'s mut Message, summary: &'s mut Summary) -> BoxFuture<'s, Result<(), Problems>> {
        Box::pin(async move {
            let (journal, clock) = (self.run.engine.journal(), self.run.engine.clock());
            match (message.stage, self.pipeline().behind(message.stage)) {
                (Stage::Received, Some(next)) => {
                    let (documents, note) = unpack(self.run, message, summary).await?;
                    self.documents = documents;
                    journal.advance(message, next, Some(&note), clock.now()).await?;
                    checkpoint("unpacked").await;
                }
                (Stage::Applied, _) => journal.done(message, None, clock.now()).await?,
                // Its documents are separate messages, and nothing else happens.
                (_, Some(next)) => journal.advance(message, next, None, clock.now()).await?,
                (_, None) => return Err(foreign(message)),
            }
            Ok(())
        })
    }
}

/// Makes messages of the documents of a zip, except those from an earlier attempt; returns them with a remark.
async fn unpack(run: &Run<'_>, message: &Message, summary: &mut Summary) -> Result<(Vec<Message>, String), Problem> {
    let engine = run.engine;
    let Some(read_as) = &run.flow.documents else { return Ok((Vec::new(), String::new())) };
    let known = engine.journal().parts(message.id).await?;
    let (mut spooled, mut unclaimed) = (Vec::new(), Vec::new());
    let judged = async {
        let place = engine.storage().place(message).await?;
        let others =
            tokio::task::block_in_place(|| take(engine.storage(), &place, read_as, message, &known, (&mut spooled, &mut unclaimed)))?;
        engine.storage().sync_spooled(spooled.iter().map(|new| new.id).collect()).await?;
        checkpoint("unzipped").await;
        // The ledger's verdict on each, as if it were on the drop by itself.
        let (new, repeats) = classify(engine, &message.flow, read_as, spooled.clone()).await?;
        Ok::<_, Problem>((new, repeats, others))
    };
    // They are not recorded yet: if this ends early, nothing stays in the spool.
    let (new, repeats, others) = judged.await?;
    let twins: Vec<(NewMessage, MessageId)> = repeats.iter().map(|(file, known)| (file.clone(), known.id)).collect();
    // From here on the journal may have them, whatever it returns and whatever interrupts this.
    unclaimed.into_iter().for_each(Unclaimed::keep);
    let received = engine.journal().receive_all(Some(message), &new, &twins, engine.clock().now()).await;
    let mut documents = match received {
        Ok(documents) => documents,
        Err(problem) => {
            engine.discard_unknown(spooled.iter().map(|new| new.id).collect()).await;
            return Err(problem);
        }
    };
    engine.storage().discard(twins.iter().map(|(file, _)| file.id)).await;
    summary.duplicates += twins.len();
    let mut note = match (documents.len(), known.len()) {
        (new, 0) => format!("{new} documents in it, each a separate message"),
        (0, known) => format!("its {known} documents are already separate messages: reprocess those"),
        (new, known) => format!("{new} new documents in it; {known} are already messages"),
    };
    if !twins.is_empty() {
        note.push_str(&format!("; {} are duplicates", twins.len()));
    }
    documents.iter().filter(|document| document.stage != Stage::Received).for_each(|document| engine.settled(document, summary));
    documents.retain(|document| document.stage != Stage::Held);
    if !others.is_empty() {
        note.push_str(&format!("; ignored: {}", crate::model::problem::cut(&others.join(", "))));
    }
    Ok((documents, note))
}

/// Spools the documents of a zip; returns the names of the files in it that the flow ignores.
fn take(
    storage: &Storage,
    place: &Path,
    read_as: &Documents,
    message: &Message,
    known: &HashSet<String>,
    (spooled, unclaimed): (&mut Vec<NewMessage>, &mut Vec<Unclaimed>),
) -> Result<Vec<String>, Problem> {
    let mut archive = Archive::open(place, &message.name)?;
    let mut paths = HashSet::new();
    let mut contents = HashSet::new();
    let (mut others, mut total, mut found, mut alike) = (Vec::new(), 0, 0_usize, 0_usize);
    for number in 0..archive.len() {
        let mut entry = archive.entry(number)?;
        let name = leaf(&entry.path).to_string();
        if entry.is_folder {
            continue;
        }
        if is_no_document(&entry.path) || !read_as.unpack.iter().any(|pattern| pattern::fits(pattern, &name)) {
            others.push(shown(&name));
            continue;
        }
        found += 1;
        let path = join(&message.path, &entry.path);
        let mut new = NewMessage {
            name,
            path,
            verdict: Some(Novelty::New),
            parent: Some(message.id),
            ..NewMessage::of(&message.flow, message.direction, &message.odoo)
        };
        if !paths.insert(new.path.clone()) {
            return Err(zip::same_name_twice(&message.name));
        }
        if known.contains(&new.path) {
            continue;
        }
        let mut spooling = storage.spooling(new.id)?;
        let limit = read_as.limits.bytes.min(TOTAL - total);
        new.size = match entry.copy(limit, &mut spooling)? {
            Some(size) => size,
            None if limit == read_as.limits.bytes => {
                let text = say!("zip-entry-too-large", name = shown(&new.name), limit = limit);
                return Err(zip::refused(&message.name, text).hint(say!("hint-zip-max-bytes")));
            }
            None => {
                let text = say!("zip-too-large", limit = TOTAL);
                return Err(zip::refused(&message.name, text).hint(say!("hint-zip-split")));
            }
        };
        let spooled_file = spooling.finish()?;
        (new.stored, new.sha256) = (spooled_file.stored, spooled_file.sha256);
        unclaimed.push(spooled_file.unclaimed);
        total += new.size;
        alike += usize::from(!contents.insert(new.sha256.clone()));
        if new.size == 0 && read_as.empty != OnUnusualFile::Accept {
            new.rest = Some((Stage::Failed, Problem::new(Code::DocEmpty, say!("file-empty")).in_file(&new.name)));
        }
        spooled.push(new);
    }
    if alike > ALIKE {
        let text = say!("zip-alike", alike = alike, found = found);
        return Err(zip::refused(&message.name, text).hint(say!("hint-zip-alike")));
    }
    if found == 0 {
        let patterns = read_as.unpack.join(", ");
        return Err(zip::refused(&message.name, say!("zip-none-fits", patterns = patterns)));
    }
    Ok(others)
}
