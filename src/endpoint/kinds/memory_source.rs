//! Documents that lie in memory: for tests of the pipeline, and the simplest reading of what a source is. It behaves like a queue: once
//! accepted, a document is not offered again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use crate::{
    config::{Flow, Gives, SourceKind, SourceSettings},
    endpoint::{
        EndpointKind, History, Site,
        source::{Candidate, Fetched, ItemOrigin, Polled, Readiness, Resting, Settled, Settlement, Source, SourceEntry},
    },
    failpoints,
    journal::{NewMessage, Novelty},
    model::{BoxFuture, Code, Message, MessageId, Problem, Sink as _, Stage},
};

/// Documents in memory.
pub(super) const KIND: EndpointKind = EndpointKind {
    source: Some(SourceEntry {
        kind: SourceKind {
            name: "memory",
            gives: Gives::Documents,
            read: |reading| Some(Box::new(Settings { name: reading.table.need_text("name") })),
        },
        open: |site, flow| {
            let shared = MemorySource::named(&flow.source_as::<Settings>()?.name);
            Some(Box::new(Opened { site, flow, shared }))
        },
    }),
    target: None,
};

#[derive(Debug)]
struct Settings {
    name: String,
}

impl SourceSettings for Settings {}

/// A document as it lies there.
#[derive(Debug, Clone)]
struct Item {
    bytes: Vec<u8>,
    at: DateTime<Utc>,
    is_accepted: bool,
}

/// What the source has heard of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFile {
    /// Its key.
    pub key: String,
    /// When it was put there.
    pub at: Option<DateTime<Utc>>,
    /// The message, and the stage at which the journal had it then; none of what repeats another.
    pub message: Option<(MessageId, Stage)>,
    /// Whether it was said to be done.
    pub is_done: bool,
}

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<String, Item>,
    reported: Vec<ReportedFile>,
}

/// Documents in memory, under a name.
#[derive(Debug, Default)]
pub struct MemorySource(Mutex<State>);

static ALL: Mutex<BTreeMap<String, Arc<MemorySource>>> = Mutex::new(BTreeMap::new());

impl MemorySource {
    /// The one of this name, made when it is first asked for.
    pub fn named(name: &str) -> Arc<Self> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_string()).or_default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a document there, in the place of what lay there under its key.
    pub fn put(&self, key: &str, bytes: &[u8], at: DateTime<Utc>) {
        self.state().items.insert(key.to_string(), Item { bytes: bytes.to_vec(), at, is_accepted: false });
    }

    /// What lies there: its key, when it was put there, and whether it was said to be safe.
    pub fn items(&self) -> Vec<(String, DateTime<Utc>, bool)> {
        self.state().items.iter().map(|(key, item)| (key.clone(), item.at, item.is_accepted)).collect()
    }

    /// What it has heard, in its order.
    pub fn reported(&self) -> Vec<ReportedFile> {
        self.state().reported.clone()
    }
}

struct Opened<'f> {
    site: &'f Site,
    flow: &'f Flow,
    shared: Arc<MemorySource>,
}

async fn passage(what: &str) -> Result<(), Problem> {
    let cut = |_| Problem::new(Code::DropUnreachable, failpoints::sentence(what));
    failpoints::passage(what).await.map_err(cut)
}

impl Opened<'_> {
    async fn one(&self, origin: ItemOrigin, item: Item) -> Result<Fetched, Problem> {
        let mut message = NewMessage {
            name: origin.name.clone(),
            path: origin.key.clone(),
            size: item.bytes.len() as u64,
            modified: Some(item.at),
            verdict: Some(Novelty::New),
            ..NewMessage::of(&self.flow.id, self.flow.direction(), &self.flow.odoo)
        };
        let mut spooling = self.site.storage().spooling(message.id)?;
        spooling.put(&item.bytes)?;
        let spooled = spooling.finish()?;
        (message.stored, message.sha256) = (spooled.stored, spooled.sha256);
        Ok(Fetched { origin, message, records: Vec::new(), unclaimed: Some(spooled.unclaimed), incomplete: None })
    }

    async fn stage(&self, message: &Message) -> Result<(MessageId, Stage), Problem> {
        let known = self.site.journal().find(&message.id.to_string()).await?;
        Ok((message.id, known.stage))
    }
}

impl Source for Opened<'_> {
    fn lease(&self) -> Option<String> {
        Some(format!("memory/{}", self.flow.id))
    }

    fn poll<'a>(&'a self, known: &'a History) -> BoxFuture<'a, Result<Polled, Problem>> {
        Box::pin(async move {
            passage("poll").await?;
            let mut polled = Polled::default();
            for (key, item) in self.shared.state().items.iter().filter(|(_, item)| !item.is_accepted) {
                let (size, modified) = (item.bytes.len() as u64, Some(item.at));
                let origin = ItemOrigin { key: key.clone(), name: key.clone(), size, modified, ..ItemOrigin::default() };
                let taken = known.taken.get(key);
                let readiness = match taken {
                    Some(here) if here.modified == modified => {
                        polled.unaccepted.extend(here.id.parse::<MessageId>());
                        Readiness::Taken(here.id.clone())
                    }
                    // Another one under its key.
                    Some(_) | None => Readiness::Ready,
                };
                polled.candidates.push(Candidate { origin, readiness });
            }
            Ok(polled)
        })
    }

    fn fetch<'a>(&'a self, batch: Vec<ItemOrigin>) -> BoxFuture<'a, Result<Vec<Result<Fetched, Problem>>, Problem>> {
        Box::pin(async move {
            let mut fetched = Vec::with_capacity(batch.len());
            for origin in batch {
                let item = self.shared.state().items.get(&origin.key).cloned();
                if let Some(item) = item {
                    fetched.push(match passage("fetch").await {
                        Ok(()) => self.one(origin, item).await,
                        Err(problem) => Err(problem),
                    });
                }
            }
            Ok(fetched)
        })
    }

    fn accept<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            passage("before accept").await?;
            for message in messages {
                let mut state = self.shared.state();
                if let Some(item) = state.items.get_mut(&message.path).filter(|item| Some(item.at) == message.modified) {
                    item.is_accepted = true;
                }
            }
            passage("after accept").await
        })
    }

    fn settle<'a>(&'a self, resting: &'a [Resting<'a>]) -> BoxFuture<'a, Result<Vec<Settled>, Problem>> {
        Box::pin(async move {
            passage("before settle").await?;
            for one in resting {
                let key = one.message.path.clone();
                let message = match one.outcome {
                    Settlement::Duplicate(_) => None,
                    _ => Some(self.stage(one.message).await?),
                };
                let is_done = matches!(one.outcome, Settlement::Done);
                let mut state = self.shared.state();
                if state.items.get(&key).is_some_and(|item| Some(item.at) == one.message.modified) {
                    state.items.remove(&key);
                }
                state.reported.push(ReportedFile { key, at: one.message.modified, message, is_done });
            }
            passage("after settle").await?;
            Ok(resting.iter().map(|_| Ok(Vec::new())).collect())
        })
    }

    fn unsettled(&self, message: &Message, cause: Problem, _: usize) -> Problem {
        cause.in_file(&message.name)
    }
}
