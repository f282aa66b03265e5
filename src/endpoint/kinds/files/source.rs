//! Receives files from a folder of a partner's drop.

use futures_util::{StreamExt, stream};

use super::{
    acknowledge,
    folder::FilesIn,
    readiness::{WAIT, assess_all},
    same::same,
};
use crate::{
    config::{OnUnusualFile, ReadOrder},
    endpoint::{
        circuit_breaker::Breaker,
        history::History,
        source::{Candidate, Fetched, ItemOrigin, Polled, Readiness, Resting, Settled, Source},
    },
    format::zip,
    journal::{NewMessage, Novelty},
    model::{BoxFuture, Code, Message, Problem, Stage, codes::Scope, i18n::say, problem::shown},
    transport::{self, DirEntry, RemoteFs},
};

/// Bytes of a file that are checked during the download; a larger file is read again from the spool.
const KEPT: usize = 8 << 20;

impl Source for FilesIn<'_> {
    fn lease(&self) -> Option<String> {
        Some(format!("{}/{}", self.flow.partner, self.files.folder))
    }

    fn poll<'a>(&'a self, known: &'a History) -> BoxFuture<'a, Result<Polled, Problem>> {
        Box::pin(self.look(known))
    }

    fn fetch<'a>(&'a self, batch: Vec<ItemOrigin>) -> BoxFuture<'a, Result<Vec<Result<Fetched, Problem>>, Problem>> {
        Box::pin(async move {
            let drop = &*self.drop().await?;
            let breaker = &Breaker::beyond(Scope::Endpoint);
            let mut fetching: Vec<BoxFuture<'_, Result<Fetched, Problem>>> = Vec::with_capacity(batch.len());
            for origin in batch {
                fetching.push(Box::pin(async move {
                    let name = origin.name.clone();
                    let fetched = breaker.call(self.one(drop, origin)).await;
                    // A problem that every file would meet is not about this one.
                    fetched.map_err(|problem| if problem.code.scope() < Scope::Endpoint { problem.in_file(&name) } else { problem })
                }));
            }
            Ok(stream::iter(fetching).buffered(drop.at_once().max(1)).collect().await)
        })
    }

    fn accept<'a>(&'a self, _: &'a [Message]) -> BoxFuture<'a, Result<(), Problem>> {
        // A file stays where it is until it is settled.
        Box::pin(async { Ok(()) })
    }

    fn settle<'a>(&'a self, resting: &'a [Resting<'a>]) -> BoxFuture<'a, Result<Vec<Settled>, Problem>> {
        Box::pin(acknowledge::settle(self, resting))
    }

    fn unsettled(&self, message: &Message, cause: Problem, others: usize) -> Problem {
        let more = if others == 0 { String::new() } else { format!(", nor {others} more") };
        let sentence = format!("`{}` could not be moved on the partner's server{more}: {}", shown(&message.name), cause.message);
        let hint = cause.hint.unwrap_or_else(|| "its effect is complete and is not repeated; consign retries the move at each poll".into());
        Problem::new(Code::AcknowledgeFailed, sentence).hint(hint)
    }
}

impl FilesIn<'_> {
    async fn look(&self, known: &History) -> Result<Polled, Problem> {
        let drop = self.drop().await?;
        let entries = self.listed(&*drop).await?;
        let lies_there = |entry: &DirEntry| known.taken.get(&transport::join(&self.files.folder, &entry.name));
        let replaced = entries
            .iter()
            .filter_map(|entry| Some((entry, lies_there(entry)?)))
            .filter(|(entry, here)| !same(here.size, here.modified, entry))
            .filter_map(|(_, here)| here.id.parse().ok())
            .collect();
        let mut candidates = assess_all(entries, self.files, self.documents, known, self.site.clock().now());
        match self.files.order {
            ReadOrder::Time => candidates.sort_by(|a, b| (a.origin.modified, &a.origin.name).cmp(&(b.origin.modified, &b.origin.name))),
            ReadOrder::Name => candidates.sort_by(|a, b| a.origin.name.cmp(&b.origin.name)),
        }
        let changing = |one: &Candidate| matches!(&one.readiness, Readiness::Held(problem, _) if problem.code == Code::StillChanging);
        let again_in = (self.files.settle <= WAIT && candidates.iter().any(changing)).then_some(self.files.settle);
        Ok(Polled { candidates, replaced, again_in, ..Polled::default() })
    }

    /// The files of the folder; a missing folder is reported with its full path.
    async fn listed(&self, drop: &dyn RemoteFs) -> Result<Vec<DirEntry>, Problem> {
        drop.list(&self.files.folder).await.map_err(|problem| {
            if problem.code != Code::DropMissing {
                return problem;
            }
            let text = format!("there is no folder `{}` on the drop of {} ({})", self.files.folder, self.flow.partner, drop.name());
            Problem::new(Code::DropMissing, text)
                .hint(format!("create it, or correct `folder` in {} or `path` in the partner's drop", self.flow.file))
        })
    }

    /// Fetches one file into the spool.
    async fn one(&self, drop: &dyn RemoteFs, origin: ItemOrigin) -> Result<Fetched, Problem> {
        let limit = self.documents.limits.bytes;
        let mut message = NewMessage {
            name: origin.name.clone(),
            path: origin.key.clone(),
            size: origin.size,
            modified: origin.modified,
            verdict: Some(Novelty::New),
            sequence: self.files.sequence.as_ref().and_then(|sequence| sequence.number(&origin.name)),
            ..NewMessage::of(&self.flow.id, self.flow.direction(), &self.flow.odoo)
        };
        if origin.size > limit {
            message.rest = Some((Stage::Failed, transport::too_large(&origin.name, origin.size, limit)));
            return Ok(Fetched { origin, message, records: Vec::new(), unclaimed: None, incomplete: None });
        }
        if origin.size == 0 && self.documents.empty == OnUnusualFile::Reject {
            message.rest = Some((Stage::Failed, Problem::new(Code::DocEmpty, say!("file-empty")).in_file(&origin.name)));
        }
        // After its wait a file is received as it is.
        let judged = !self.files.cut.is_zero() && !origin.as_it_is;
        let storage = self.site.storage();
        let spooling = storage.spooling(message.id)?;
        let mut spooling = if judged { spooling.keeping(KEPT) } else { spooling };
        drop.fetch(&message.path, origin.size, limit, &mut spooling).await?;
        let spooled = spooling.finish()?;
        (message.stored, message.sha256) = (spooled.stored, spooled.sha256);
        let is_truncated = judged
            && match spooled.bytes {
                Some(bytes) => self.is_truncated(&bytes),
                None => self.is_truncated(&storage.spooled_bytes(message.id).await?),
            };
        let incomplete = is_truncated.then(|| self.incomplete(&origin));
        Ok(Fetched { origin, message, records: Vec::new(), unclaimed: Some(spooled.unclaimed), incomplete })
    }

    fn is_truncated(&self, bytes: &[u8]) -> bool {
        if !self.documents.unpack.is_empty() && zip::begins(bytes) {
            return zip::is_truncated(bytes);
        }
        tokio::task::block_in_place(|| self.documents.format.is_truncated(bytes))
    }

    fn incomplete(&self, origin: &ItemOrigin) -> Problem {
        let hint = format!(
            "the upload was interrupted or is still running; after {} s without a change the file is refused",
            self.files.cut.as_secs()
        );
        Problem::new(Code::DocCut, format!("`{}` ends before it is complete", shown(&origin.name))).hint(hint)
    }
}
