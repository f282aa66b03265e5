//! Documents that go to memory: for tests of the pipeline, and the simplest reading of what a target is. A test says what it answers,
//! when its effects take place, and what it tells of them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    config::{Takes, TargetKind, TargetSettings},
    endpoint::{
        EndpointKind, Site,
        target::{Committed, DocumentTarget, Effects, Probe, Target, TargetEntry},
    },
    failpoints,
    model::{
        BoxFuture, Code, Effect, Intent, Message, Outcome, Problem,
        intent::{Prior, how_to_decide},
    },
};

/// Documents in memory.
pub(super) const KIND: EndpointKind = EndpointKind {
    source: None,
    target: Some(TargetEntry {
        kind: TargetKind {
            name: "memory",
            takes: Takes::Documents,
            passes_on: true,
            read: |reading| Some(Box::new(Settings { name: reading.table.need_text("name") })),
        },
        open: |site, flow| {
            let shared = MemoryTarget::named(&flow.target_as::<Settings>()?.name);
            Some(Target::Documents(Box::new(Opened { site, shared })))
        },
    }),
};

#[derive(Debug)]
struct Settings {
    name: String,
}

impl TargetSettings for Settings {}

/// How long an effect whose answer was lost may still take place.
pub const LANDS: TimeDelta = TimeDelta::seconds(150);

/// What a target tells of what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tells {
    /// Whether it took place.
    #[default]
    Truth,
    /// Nothing, but what comes twice under one name is known.
    Idempotent,
    /// Nothing.
    Nothing,
}

/// What becomes of a document that is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOver {
    /// It is taken.
    Taken,
    /// It is refused.
    Refused,
    /// No answer comes. It takes place after so long, or never.
    Lost(Option<TimeDelta>),
}

#[derive(Debug, Default)]
struct State {
    tells: Tells,
    answers: VecDeque<HandOver>,
    prepared: BTreeSet<String>,
    late: Vec<(DateTime<Utc>, String, Vec<u8>)>,
    effects: Vec<(String, Vec<u8>)>,
}

impl State {
    fn lands(&mut self, name: &str, bytes: Vec<u8>) {
        if self.tells != Tells::Idempotent || !self.effects.iter().any(|(known, _)| known == name) {
            self.effects.push((name.to_string(), bytes));
        }
    }

    /// What takes place by itself until now.
    fn until(&mut self, now: DateTime<Utc>) {
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(at, ..)| *at <= now);
        self.late = late;
        for (_, name, bytes) in due {
            self.lands(&name, bytes);
        }
    }
}

/// Documents in memory, under a name.
#[derive(Debug, Default)]
pub struct MemoryTarget(Mutex<State>);

static ALL: Mutex<BTreeMap<String, Arc<MemoryTarget>>> = Mutex::new(BTreeMap::new());

impl MemoryTarget {
    /// The one of this name, made when it is first asked for.
    pub fn named(name: &str) -> Arc<Self> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_string()).or_default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what it tells of what it did.
    pub fn tell(&self, tells: Tells) {
        self.state().tells = tells;
    }

    /// Says what the next documents are answered; those behind are taken.
    pub fn answer(&self, answers: impl IntoIterator<Item = HandOver>) {
        self.state().answers = answers.into_iter().collect();
    }

    /// The effects that have taken place until now, by the names of their messages and runs, with the bytes.
    pub fn effects(&self, now: DateTime<Utc>) -> Vec<(String, Vec<u8>)> {
        let mut state = self.state();
        state.until(now);
        state.effects.clone()
    }

    /// Whether something may still take place.
    pub fn has_pending(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.state();
        state.until(now);
        !state.late.is_empty()
    }

    /// What was prepared and is there still, by the ids of their messages.
    pub fn prepared(&self) -> Vec<String> {
        self.state().prepared.iter().cloned().collect()
    }
}

struct Opened<'f> {
    site: &'f Site,
    shared: Arc<MemoryTarget>,
}

fn lost(what: &str) -> Problem {
    Problem::new(Code::DropUnreachable, failpoints::sentence(what))
}

async fn passage(what: &str) -> Result<(), Problem> {
    failpoints::passage(what).await.map_err(|_| lost(what))
}

impl Opened<'_> {
    async fn take(&self, message: &mut Message, effects: &dyn Effects) -> Result<Committed, Problem> {
        passage("before commit").await?;
        let bytes = self.site.storage().read(message).await?;
        let repeatable = self.shared.state().tells == Tells::Idempotent;
        let name = format!("{}.{}", message.id, message.run);
        let effect = Effect::Deliver { to: name.clone(), repeatable };
        match effects.open(&effect, None).await? {
            Prior::New => {}
            Prior::Open if repeatable => {}
            Prior::Done => return Ok(Committed::default()),
            Prior::Open => {
                let text = format!("it is unknown whether this took place: {effect}");
                return Err(Problem::new(Code::Uncertain, text).hint(how_to_decide(&message.id.short())));
            }
        }
        passage("about to commit").await?;
        let now = self.site.clock().now();
        let answer = self.shared.state().answers.pop_front().unwrap_or(HandOver::Taken);
        match answer {
            HandOver::Taken => {
                self.shared.state().lands(&name, bytes);
                self.shared.state().prepared.remove(&message.id.to_string());
                passage("after commit").await?;
                Ok(Committed { effect: Some(effect), note: None })
            }
            HandOver::Refused => {
                effects.conclude(std::slice::from_ref(&effect), Outcome::NotHappened).await?;
                Err(Problem::new(Code::OdooRefused, "the target refuses it"))
            }
            HandOver::Lost(lands) => {
                if let Some(after) = lands {
                    let mut state = self.shared.state();
                    state.late.push((now + after, name, bytes));
                    state.until(now);
                }
                Err(lost("no answer"))
            }
        }
    }
}

impl DocumentTarget for Opened<'_> {
    fn lands_within(&self) -> Duration {
        LANDS.to_std().unwrap_or_default()
    }

    fn prepare<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            passage("before prepare").await?;
            self.shared.state().prepared.insert(message.id.to_string());
            passage("after prepare").await
        })
    }

    fn commit<'a>(&'a self, message: &'a mut Message, effects: &'a dyn Effects) -> BoxFuture<'a, Result<Committed, Problem>> {
        Box::pin(self.take(message, effects))
    }

    fn probe<'a>(&'a self, _: &'a Message, intent: &'a Intent) -> BoxFuture<'a, Result<Probe, Problem>> {
        Box::pin(async move {
            passage("probe").await?;
            let mut state = self.shared.state();
            state.until(self.site.clock().now());
            let took_place = state.effects.iter().any(|(name, _)| name == intent.effect.name());
            Ok(match state.tells {
                Tells::Idempotent => Probe::Idempotent,
                Tells::Nothing => Probe::Unknown("the target tells nothing"),
                Tells::Truth if took_place => Probe::Committed("seen at the target"),
                Tells::Truth => Probe::NotCommitted,
            })
        })
    }

    fn withdraw<'a>(&'a self, message: &'a Message, effect: Option<&'a Effect>) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            passage("withdraw").await?;
            if effect.is_none() {
                self.shared.state().prepared.remove(&message.id.to_string());
            }
            Ok(())
        })
    }
}
