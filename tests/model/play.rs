//! Plays a story with the real engine, journal and storage, between a source and a target in memory.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
};

use chrono::{TimeDelta, TimeZone, Utc};
use consign::{
    config::Workspace,
    endpoint::{
        self,
        kinds::{
            memory_source::MemorySource,
            memory_target::{MemoryTarget, Tells},
        },
    },
    failpoints::{self, Happens, Interruption, Planted},
    journal::{AuditEntry, Filter},
    model::{Clock as _, Code, ManualClock, Message, MessageId, Outcome, ReprocessOptions, Stage},
    ops::actions,
    pipeline::Engine,
};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{
    case::{Case, Step, Verb},
    laws,
};

const FLOW: &str = "relay";

/// Everything that a story plays with.
pub struct Theatre {
    _dir: TempDir,
    workspace: Arc<Workspace>,
    pub clock: Arc<ManualClock>,
    pub source: Arc<MemorySource>,
    pub target: Arc<MemoryTarget>,
    pub tells: Tells,
    planted: Option<Planted>,
    /// How often people have asked for a further effect of a message.
    pub asked: HashMap<MessageId, usize>,
    /// What arrived, by key and time.
    pub arrivals: Vec<(String, chrono::DateTime<Utc>, Vec<u8>)>,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

fn workspace(root: &Path, name: &str) -> Arc<Workspace> {
    let write = |file: &str, text: String| {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write(
        "consign.toml",
        "[odoo]\nurl = \"http://127.0.0.1:1\"\ndatabase = \"none\"\nlogin = \"x\"\npassword = { env = \"NONE\" }\n".into(),
    );
    write("partners/p.toml", "name = \"P\"\n[drop]\nkind = \"local\"\npath = \"drop\"\n".into());
    write(
        &format!("flows/{FLOW}.toml"),
        format!(
            "partner = \"p\"\nschedule = \"manual\"\n[source]\nkind = \"memory\"\nname = \"{name}\"\n[target]\nkind = \"memory\"\nname = \"{name}\"\n"
        ),
    );
    Arc::new(endpoint::load(root).unwrap_or_else(|problems| panic!("{problems:?}")))
}

impl Theatre {
    fn new(tells: Tells, planted: Option<Planted>) -> Self {
        // In memory where there is such a folder: a disk would be waited for thousands of times.
        let fast = Path::new("/dev/shm");
        let dir = if fast.is_dir() { tempfile::tempdir_in(fast) } else { tempfile::tempdir() }.expect("a folder");
        let name = format!("case-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let (source, target) = (MemorySource::named(&name), MemoryTarget::named(&name));
        target.tell(tells);
        let clock = Arc::new(ManualClock::new(Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).single().expect("a time")));
        let workspace = workspace(dir.path(), &name);
        Self { _dir: dir, workspace, clock, source, target, tells, planted, asked: HashMap::new(), arrivals: Vec::new() }
    }

    async fn engine(&self, is_eager: bool) -> Engine {
        let engine = Engine::open(Arc::clone(&self.workspace)).await.expect("opens").with_clock(Arc::clone(&self.clock) as _);
        if is_eager { engine.eager() } else { engine }
    }

    pub async fn messages(&self, engine: &Engine) -> Vec<Message> {
        let mut messages = engine.journal().list(&Filter::of_flow(FLOW)).await.expect("read");
        messages.sort_by_key(|message| message.id);
        messages
    }

    fn arrives(&mut self, key: u8, content: u8) {
        // No two at the same time: it is part of the fingerprint.
        self.clock.advance(TimeDelta::milliseconds(10));
        let (key, bytes, now) = (format!("k{key}"), format!("<d>{key}-{content}</d>").into_bytes(), self.clock.now());
        self.source.put(&key, &bytes, now);
        self.arrivals.push((key, now, bytes));
    }

    /// A run of the flow; it may die on its way.
    async fn runs(&mut self, fault: Option<(u16, Happens)>, is_eager: bool) -> Result<(), String> {
        let engine = self.engine(is_eager).await;
        let (passed, died) = (AtomicU16::new(0), Arc::new(Notify::new()));
        let dies = Arc::clone(&died);
        let at = move |_: &str| match fault {
            Some((number, happens)) if passed.fetch_add(1, Ordering::Relaxed) + 1 == number => {
                if happens == Happens::Dies {
                    dies.notify_one();
                }
                happens
            }
            _ => Happens::Nothing,
        };
        let scene = Interruption { at: Arc::new(at), planted: self.planted };
        tokio::select! {
            biased;
            () = died.notified() => {}
            _ = failpoints::play(scene, engine.run(FLOW)) => {}
        }
        laws::at_any_time(self, &engine).await?;
        // Who died has let go of its leases in the end; here nobody waits for that.
        engine.journal().end_leases().await.expect("written");
        engine.journal().clone().close().await;
        Ok(())
    }

    /// What the target has of a message's present run.
    fn took_place(&self, message: &Message) -> bool {
        let name = format!("{}.{}", message.id, message.run);
        self.target.effects(self.clock.now()).iter().any(|(effect, _)| *effect == name)
    }

    async fn acts(&mut self, engine: &Engine, verb: Verb, mut message: Message) {
        let deed = AuditEntry { reason: Some("a story".into()), ..AuditEntry::new("ada", "test") };
        let before = message.clone();
        let message = &mut message;
        let scene = Interruption { at: Arc::new(|_: &str| Happens::Nothing), planted: self.planted };
        let done = failpoints::play(scene, async {
            match verb {
                Verb::Hold => actions::hold(engine, message, &deed).await,
                Verb::Release => actions::release(engine, message, &deed).await,
                Verb::Reprocess => actions::again(engine, message, ReprocessOptions::default(), &deed).await,
                Verb::Discard => actions::discard(engine, message, &deed).await.map(|_| ()),
                Verb::Resolve => {
                    // Who looks while something may still take place sees nothing.
                    if self.target.has_pending(self.clock.now()) {
                        return Ok(());
                    }
                    let outcome = if self.took_place(message) { Outcome::Happened } else { Outcome::NotHappened };
                    actions::resolve(engine, message, None, outcome, &deed).await.map(|_| ())
                }
            }
        })
        .await;
        let asks_once_more = match (verb, before.stage) {
            (Verb::Reprocess, Stage::Done) => true,
            (Verb::Reprocess | Verb::Release, Stage::Held) => before.code == Some(Code::TookPlace),
            _ => false,
        };
        if done.is_ok() && asks_once_more {
            *self.asked.entry(before.id).or_default() += 1;
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Arrives { key, content } => self.arrives(*key, *content),
            Step::Runs { fault, is_eager } => self.runs(*fault, *is_eager).await?,
            Step::Passes { seconds } => self.clock.advance(TimeDelta::seconds(*seconds)),
            Step::Answers(answers) => self.target.answer(answers.iter().copied()),
            Step::Person { verb, which } => {
                let engine = self.engine(false).await;
                let messages = self.messages(&engine).await;
                if let Some(message) = messages.get(usize::from(*which) % messages.len().max(1)) {
                    self.acts(&engine, *verb, message.clone()).await;
                }
                engine.journal().clone().close().await;
            }
        }
        Ok(())
    }

    /// Everything works again, and people decide what is theirs to decide.
    async fn calms_down(&mut self) -> Result<(), String> {
        self.target.answer([]);
        for _ in 0..8 {
            self.clock.advance(TimeDelta::hours(2));
            self.runs(None, true).await?;
            let engine = self.engine(false).await;
            let messages = self.messages(&engine).await;
            for message in messages.iter().filter(|message| message.stage == Stage::Held) {
                let verb = match message.code {
                    Some(Code::Uncertain) => Verb::Resolve,
                    Some(Code::TookPlace) => Verb::Discard,
                    _ => Verb::Release,
                };
                self.acts(&engine, verb, message.clone()).await;
            }
            let is_over = messages.iter().all(|message| message.stage.is_at_rest() && message.stage != Stage::Held && message.moved);
            engine.journal().clone().close().await;
            if is_over && self.source.items().is_empty() {
                break;
            }
        }
        let engine = self.engine(false).await;
        let law = laws::in_the_end(self, &engine).await;
        engine.journal().clone().close().await;
        law
    }
}

/// Plays a story; what law it broke.
pub async fn play(case: &Case, planted: Option<Planted>) -> Result<(), String> {
    let mut theatre = Theatre::new(case.tells, planted);
    for step in &case.steps {
        theatre.step(step).await?;
    }
    theatre.calms_down().await
}
