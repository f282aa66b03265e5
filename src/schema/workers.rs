//! Threads that own a compiled schema each and judge documents. More than one is made only when documents wait.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{compile::Set, prepared::Prepared, shape};
use crate::model::{Place, Problem, Problems, codes, shape::Shape};

/// What a worker does with its schema.
pub(super) type Job = Box<dyn FnOnce(&Prepared<'_>) + Send>;

/// Names the engine may learn from documents before it is built anew; its table never shrinks by itself.
const NAMES_LEARNT: usize = 50_000;
/// How long a schema may take to compile; the largest of our corpus takes half a second.
const COMPILING: Duration = Duration::from_secs(60);
/// Stack of a worker: the engine goes down into schemas by recursion.
const STACK: usize = 16 << 20;
/// Workers that may be lost in documents nobody waits for any more. They cannot be stopped, so that beyond these nothing is judged.
const MOST_LOST: usize = 2;

/// The state of one job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Queued,
    Running(Instant),
    GivenUp,
}

/// A job's state, changed only under the lock of its workers.
pub(super) struct Ticket(Arc<Mutex<Phase>>);

pub(super) struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    set: Set,
    most: usize,
    state: Mutex<State>,
    waiting: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(Job, Arc<Mutex<Phase>>)>,
    /// Workers that take jobs, lost ones not counted.
    alive: usize,
    idle: usize,
    /// Workers whose job was given up and has not come to its end.
    lost: usize,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn phase(of: &Mutex<Phase>) -> MutexGuard<'_, Phase> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ticket {
    /// When the job was begun, if it was.
    pub(super) fn begun(&self) -> Option<Instant> {
        match *phase(&self.0) {
            Phase::Running(begun) => Some(begun),
            Phase::Queued | Phase::GivenUp => None,
        }
    }

    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Workers {
    /// Compiles the set in a first worker, and waits for it.
    pub(super) fn start(set: Set, most: usize) -> Result<(Self, Shape), Problems> {
        let name = set.names.join(", ");
        let shared = Arc::new(Shared { set, most: most.max(1), state: Mutex::default(), waiting: Condvar::new() });
        let (ready, compiled) = mpsc::sync_channel(1);
        let broken = |message: &str| vec![Problem::new(codes::SCHEMA_BROKEN, message).at(Place::file(&name))];
        hire(&shared, Some(ready)).map_err(|_| broken("the schema cannot be compiled: no thread for it"))?;
        // Dropped on the way out, it ends whatever was hired.
        let workers = Self { shared };
        match compiled.recv_timeout(COMPILING) {
            Ok(compiled) => Ok((workers, compiled?)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let message = format!("the schema was not compiled after {} s: its content models are too large", COMPILING.as_secs());
                Err(broken(&message))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(broken("the schema engine broke down over this schema")),
        }
    }

    /// Gives a job to the next worker that has nothing to do.
    pub(super) fn send(&self, job: Job) -> Result<Ticket, Problems> {
        let refuse = |message: &str| vec![Problem::new(codes::STUCK, message)];
        let ticket = Arc::new(Mutex::new(Phase::Queued));
        let hires = {
            let mut state = self.shared.lock();
            if state.lost >= MOST_LOST {
                return Err(refuse("nothing is judged by this schema until the documents that took too long have come to an end"));
            }
            state.queue.push_back((job, Arc::clone(&ticket)));
            state.idle < state.queue.len() && state.alive < self.shared.most
        };
        self.shared.waiting.notify_one();
        if hires && hire(&self.shared, None).is_err() && self.shared.lock().alive == 0 {
            return Err(refuse("the schema cannot be used: no thread for it"));
        }
        Ok(Ticket(ticket))
    }

    /// Nobody waits for a job any more: if it is under way its worker is lost, and another takes its place.
    pub(super) fn give_up(&self, ticket: &Ticket) {
        let hires = {
            let mut state = self.shared.lock();
            let was = std::mem::replace(&mut *phase(&ticket.0), Phase::GivenUp);
            if matches!(was, Phase::Running(_)) {
                state.alive -= 1;
                state.lost += 1;
            }
            !state.queue.is_empty() && state.alive == 0 && state.lost < MOST_LOST
        };
        if hires {
            // Without a thread those who wait give up in their turn.
            let _ = hire(&self.shared, None);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.queue.clear();
        drop(state);
        self.shared.waiting.notify_all();
    }
}

/// Counts a worker out, whatever ends it: the end of its work or a defect of the engine.
struct Present<'s> {
    shared: &'s Arc<Shared>,
    /// The job it is at.
    at: Option<Arc<Mutex<Phase>>>,
}

impl Present<'_> {
    /// The job is done. Whether the worker is still counted on.
    fn done(&mut self) -> bool {
        let Some(ticket) = self.at.take() else { return true };
        let mut state = self.shared.lock();
        let given_up = *phase(&ticket) == Phase::GivenUp;
        if given_up {
            state.lost -= 1;
            // Counted in again, to be counted out like any other.
            state.alive += 1;
        }
        !given_up
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.done();
        let hires = {
            let mut state = self.shared.lock();
            state.alive -= 1;
            !state.closed && state.alive == 0 && !state.queue.is_empty() && thread::panicking()
        };
        if hires {
            // Without a thread those who wait give up in their turn.
            let _ = hire(self.shared, None);
        }
    }
}

type Ready = mpsc::SyncSender<Result<Shape, Problems>>;

fn hire(shared: &Arc<Shared>, ready: Option<Ready>) -> std::io::Result<()> {
    shared.lock().alive += 1;
    let own = Arc::clone(shared);
    let hired = thread::Builder::new().name("schema".into()).stack_size(STACK).spawn(move || {
        let mut present = Present { shared: &own, at: None };
        work(&own, &mut present, ready);
    });
    if hired.is_err() {
        shared.lock().alive -= 1;
    }
    hired.map(|_| ())
}

fn work(shared: &Shared, present: &mut Present<'_>, mut ready: Option<Ready>) {
    loop {
        let set = match super::compile::compile(&shared.set) {
            Ok(set) => set,
            Err(problems) => {
                if let Some(ready) = ready.take() {
                    // The one who asked may have gone away; then nobody needs the answer.
                    let _ = ready.send(Err(problems));
                }
                return;
            }
        };
        let known = set.name_table.len();
        let prepared = Prepared::new(&set);
        if let Some(ready) = ready.take() {
            let too_large = prepared.unusable(&shared.set.names.join(", "));
            let usable = too_large.is_empty();
            let _ = ready.send(if usable { Ok(shape::shape(&set)) } else { Err(too_large) });
            if !usable {
                return;
            }
        }
        while set.name_table.len() < known + NAMES_LEARNT {
            let Some((job, ticket)) = next(shared) else { return };
            present.at = Some(ticket);
            job(&prepared);
            if !present.done() {
                return;
            }
        }
    }
}

/// The next job that somebody waits for; `None` when nobody will have any.
fn next(shared: &Shared) -> Option<(Job, Arc<Mutex<Phase>>)> {
    let mut state = shared.lock();
    loop {
        if state.closed {
            return None;
        }
        while let Some((job, ticket)) = state.queue.pop_front() {
            let mut at = phase(&ticket);
            if *at == Phase::Queued {
                *at = Phase::Running(Instant::now());
                drop(at);
                return Some((job, ticket));
            }
        }
        state.idle += 1;
        state = shared.waiting.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
    }
}
