//! Threads that own a compiled schema each and judge documents. More than one is made only when documents wait.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::{compile::Set, judge::Prepared, shape};
use crate::model::{Place, Problem, Problems, codes, shape::Shape};

/// What a worker does with its schema.
pub(super) type Job = Box<dyn FnOnce(&Prepared<'_>) + Send>;

/// A job and the sign that nobody waits for it any more.
pub(super) type Ticket = Arc<AtomicBool>;

/// Names the engine may learn from documents before it is built anew; its table never shrinks by itself.
const NAMES_LEARNT: usize = 50_000;
/// How long a schema may take to compile; the largest of our corpus takes half a second.
const COMPILING: Duration = Duration::from_secs(60);
/// Stack of a worker: the engine goes down into schemas by recursion.
const STACK: usize = 16 << 20;

pub(super) struct Workers {
    shared: Arc<Shared>,
    jobs: Mutex<mpsc::Sender<(Job, Ticket)>>,
    most: usize,
}

struct Shared {
    set: Set,
    inbox: Mutex<mpsc::Receiver<(Job, Ticket)>>,
    alive: AtomicUsize,
    /// Jobs that are waiting or being done.
    jobs: AtomicUsize,
}

impl Workers {
    /// Compiles the set in a first worker, and waits for it.
    pub(super) fn start(set: Set, most: usize) -> Result<(Self, Shape), Problems> {
        let name = set.names.join(", ");
        let (jobs, inbox) = mpsc::channel();
        let shared = Arc::new(Shared { set, inbox: Mutex::new(inbox), alive: AtomicUsize::new(0), jobs: AtomicUsize::new(0) });
        let (ready, compiled) = mpsc::sync_channel(1);
        let broken = |message: &str| vec![Problem::new(codes::SCHEMA_BROKEN, message).at(Place::file(&name))];
        hire(&shared, Some(ready)).map_err(|_| broken("the schema cannot be compiled: no thread for it"))?;
        let shape = match compiled.recv_timeout(COMPILING) {
            Ok(compiled) => compiled?,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let message = format!("the schema was not compiled after {} s: its content models are too large", COMPILING.as_secs());
                return Err(broken(&message));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(broken("the schema engine broke down over this schema")),
        };
        Ok((Self { shared, jobs: Mutex::new(jobs), most: most.max(1) }, shape))
    }

    /// Gives a job to the next worker that has nothing to do.
    pub(super) fn send(&self, job: Job) -> Result<Ticket, Problems> {
        let waiting = self.shared.jobs.fetch_add(1, Ordering::SeqCst) + 1;
        let alive = self.shared.alive.load(Ordering::SeqCst);
        let no_thread = || vec![Problem::new(codes::SCHEMA_BROKEN, "the schema cannot be used: no thread for it")];
        // A defect of the engine ends its thread; another one takes its place.
        if alive == 0 || (alive < self.most && waiting > alive) {
            hire(&self.shared, None).map_err(|_| no_thread())?;
        }
        let ticket = Ticket::default();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.send((job, Arc::clone(&ticket))).map_err(|_| no_thread())?;
        Ok(ticket)
    }

    /// Nobody waits for a job any more: its worker is not counted on, and ends as soon as it can.
    pub(super) fn give_up(&self, ticket: &Ticket) {
        if !ticket.swap(true, Ordering::SeqCst) {
            self.shared.alive.fetch_sub(1, Ordering::SeqCst);
            self.shared.jobs.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Counts a worker out and a job down, whatever ends them.
struct Present<'s>(&'s Shared);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Busy<'s>(&'s Shared, Ticket);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if !self.1.load(Ordering::SeqCst) {
            self.0.jobs.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

type Ready = mpsc::SyncSender<Result<Shape, Problems>>;

fn hire(shared: &Arc<Shared>, ready: Option<Ready>) -> std::io::Result<()> {
    shared.alive.fetch_add(1, Ordering::SeqCst);
    let own = Arc::clone(shared);
    let hired = thread::Builder::new().name("schema".into()).stack_size(STACK).spawn(move || {
        let present = Present(&own);
        if work(&own, ready) == Leaves::GivenUp {
            // Whoever gave it up has counted it out.
            std::mem::forget(present);
        }
    });
    if hired.is_err() {
        shared.alive.fetch_sub(1, Ordering::SeqCst);
    }
    hired.map(|_| ())
}

#[derive(PartialEq, Eq)]
enum Leaves {
    Done,
    GivenUp,
}

fn work(shared: &Shared, mut ready: Option<Ready>) -> Leaves {
    loop {
        let set = match super::compile::compile(&shared.set) {
            Ok(set) => set,
            Err(problems) => {
                if let Some(ready) = ready.take() {
                    // The one who asked may have gone away; then nobody needs the answer.
                    let _ = ready.send(Err(problems));
                }
                return Leaves::Done;
            }
        };
        let known = set.name_table.len();
        let prepared = Prepared::new(&set);
        if let Some(ready) = ready.take() {
            let too_large = prepared.unusable(&shared.set.names.join(", "));
            let usable = too_large.is_empty();
            let _ = ready.send(if usable { Ok(shape::shape(&set)) } else { Err(too_large) });
            if !usable {
                return Leaves::Done;
            }
        }
        while set.name_table.len() < known + NAMES_LEARNT {
            let next = shared.inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((job, ticket)) = next else { return Leaves::Done };
            if ticket.load(Ordering::SeqCst) {
                continue;
            }
            let busy = Busy(shared, Arc::clone(&ticket));
            job(&prepared);
            drop(busy);
            if ticket.load(Ordering::SeqCst) {
                return Leaves::GivenUp;
            }
        }
    }
}
