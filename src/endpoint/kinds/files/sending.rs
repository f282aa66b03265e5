//! Sends files to a folder of a partner's drop: uploads them under a temporary name, then gives them their final one.
//!
//! The rename is the moment of sending. If nobody knows whether it took place, the temporary name shows it: only this message uses it.

use super::{folder::FilesOut, follow};
use crate::{
    config::OnNameConflict,
    endpoint::target::{Committed, DocumentTarget, Effects, Followed, Probe},
    failpoints::checkpoint,
    model::{
        BoxFuture, Code, Effect, Intent, Message, Outcome, Problem,
        intent::{Prior, how_to_decide},
    },
    storage::digest,
    transport::{DirEntry, RemoteFs, is_taken, join},
};

impl DocumentTarget for FilesOut<'_> {
    fn place_for(&self, name: &str) -> String {
        join(&self.files.folder, name)
    }

    fn prepare<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.upload(message))
    }

    fn commit<'a>(&'a self, message: &'a mut Message, effects: &'a dyn Effects) -> BoxFuture<'a, Result<Committed, Problem>> {
        Box::pin(self.send(message, effects))
    }

    fn probe<'a>(&'a self, message: &'a Message, intent: &'a Intent) -> BoxFuture<'a, Result<Probe, Problem>> {
        Box::pin(self.look(message, intent))
    }

    fn withdraw<'a>(&'a self, message: &'a Message, effect: Option<&'a Effect>) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let own = self.temporary(message);
            let drop = self.drop().await?;
            match effect {
                None => drop.remove(&own).await,
                // The flow now uses another temporary name.
                Some(Effect::Rename { from: Some(from), .. }) if *from != own => drop.remove(from).await,
                Some(_) => Ok(()),
            }
        })
    }

    fn follow(&self) -> BoxFuture<'_, Followed> {
        Box::pin(follow::follow(self))
    }
}

/// Numbered names tried before the file fails with C314.
const MOST_NUMBERS: u32 = 1000;

impl FilesOut<'_> {
    /// The name during the upload. Only this message uses it, so that a later attempt finds and replaces an earlier upload, whatever the
    /// final name is.
    fn temporary(&self, message: &Message) -> String {
        let (before, after) = &self.files.temporary;
        let ending = message.name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let dot = if ending.is_empty() { "" } else { "." };
        join(&self.files.folder, &format!("{before}{}{dot}{ending}{after}", message.id.short()))
    }

    /// Uploads the whole file under its temporary name; replaces an earlier upload.
    async fn upload(&self, message: &Message) -> Result<(), Problem> {
        let bytes = self.site.storage().read(message).await?;
        let drop = self.drop().await?;
        let temporary = self.temporary(message);
        drop.make_folder(&self.files.folder).await?;
        if let Some((folder, _)) = temporary.rsplit_once('/') {
            drop.make_folder(folder).await?;
        }
        drop.write(&temporary, &bytes).await
    }

    /// Sends the file by a rename.
    async fn send(&self, message: &mut Message, effects: &dyn Effects) -> Result<Committed, Problem> {
        let drop = self.drop().await?;
        let temporary = self.temporary(message);
        if drop.stat(&temporary).await?.is_none() {
            // No rename was started, so someone else removed the upload.
            self.upload(message).await?;
        }
        if !self.free_name(&*drop, message, &temporary).await? {
            return Ok(Committed { effect: None, note: Some("the partner already has the same file") });
        }
        let sending = Effect::Rename { from: Some(temporary.clone()), to: message.path.clone(), place: Some(drop.name()) };
        match effects.open(&sending, follow::due(self)).await? {
            Prior::New => {}
            Prior::Done => return Ok(Committed::default()),
            Prior::Open => {
                let text = format!("it is unknown whether this took place: {sending}");
                return Err(Problem::new(Code::Uncertain, text).hint(how_to_decide(&message.id.short())));
            }
        }
        let renamed = if self.files.exists == OnNameConflict::Replace {
            drop.replace(&temporary, &message.path).await
        } else {
            drop.rename(&temporary, &message.path).await
        };
        if let Err(problem) = renamed {
            // If the name was refused, or the temporary file is still there, the file was not sent, whoever removes it later. In all other
            // cases the intent stays open.
            if is_taken(&problem) || drop.stat(&temporary).await.is_ok_and(|there| there.is_some()) {
                effects.conclude(std::slice::from_ref(&sending), Outcome::NotHappened).await?;
            }
            return Err(problem);
        }
        checkpoint("renamed").await;
        Ok(Committed { effect: Some(sending), note: None })
    }

    /// Checks a sending with an unknown outcome. Only this message uses the temporary name: if it is gone, the file was renamed, whoever
    /// has collected it since. If another file has the final name, or the journal may be incomplete, a missing file proves nothing.
    async fn look(&self, message: &Message, intent: &Intent) -> Result<Probe, Problem> {
        let Effect::Rename { from, to, place } = &intent.effect else {
            return Ok(Probe::Unknown("it was not sent as a file"));
        };
        let drop = self.drop().await?;
        if place.as_ref().is_some_and(|place| *place != drop.name()) {
            return Ok(Probe::Unknown("the partner's server or folder has changed since"));
        }
        let own = self.temporary(message);
        if drop.stat(from.as_deref().unwrap_or(&own)).await?.is_some() {
            return Ok(Probe::NotCommitted);
        }
        match drop.stat(to).await? {
            Some(there) if is_ours(&*drop, to, &there, message, true).await? => Ok(Probe::Committed("seen on the partner's server")),
            Some(_) => Ok(Probe::Unknown("another file has that name, and the temporary file is gone")),
            None if intent.closed.is_none() => Ok(Probe::Committed("counted as sent: the temporary file is gone")),
            None => Ok(Probe::Unknown("neither the file nor the temporary file exists")),
        }
    }

    /// Finds a free name for the document; `false` if the document is already there.
    async fn free_name(&self, drop: &dyn RemoteFs, message: &mut Message, temporary: &str) -> Result<bool, Problem> {
        let mut number = 2;
        while let Some(there) = drop.stat(&message.path).await? {
            if is_ours(drop, &message.path, &there, message, false).await? {
                drop.remove(temporary).await?;
                return Ok(false);
            }
            match self.files.exists {
                OnNameConflict::Replace => break,
                OnNameConflict::Number if number < MOST_NUMBERS => {
                    let name = numbered(&message.name, number);
                    let path = self.place_for(&name);
                    self.site.journal().renamed(message, name, path).await?;
                    number += 1;
                }
                OnNameConflict::Number | OnNameConflict::Fail => {
                    drop.remove(temporary).await?;
                    let problem =
                        Problem::new(Code::NameTaken, format!("the partner already has a different file named `{}`", message.path));
                    return Err(problem.hint(
                        "the partner has not collected it: reprocess later, make the flow's `name` unique, or set `exists = \"number\"`",
                    ));
                }
            }
        }
        Ok(true)
    }
}

/// Whether a file on the partner's server is the document of a message, by its bytes. If it cannot be read, `unread` is the result for a
/// file of the same size.
async fn is_ours(drop: &dyn RemoteFs, path: &str, there: &DirEntry, message: &Message, unread: bool) -> Result<bool, Problem> {
    if there.size != message.size {
        return Ok(false);
    }
    match drop.read(path, there.size, there.size + 1).await {
        Ok(bytes) => Ok(digest(&bytes) == message.sha256),
        Err(problem) if problem.code == Code::DropDenied => Ok(unread),
        // The partner has collected it just now.
        Err(problem) if problem.code == Code::DropMissing => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// `order-7.xml`, `order-7-2.xml`, `order-7-3.xml`.
fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let before = format!("-{}", number - 1);
    let stem = if number > 2 { stem.strip_suffix(&before).unwrap_or(stem) } else { stem };
    format!("{stem}-{number}{ending}")
}
