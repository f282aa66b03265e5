//! Threads that each own a compiled schema and validate documents. A second one starts only when documents wait.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use xsd_schema::SchemaSet;

use super::{compile::Set, prepared::Prepared, shape};
use crate::model::{Code, Place, Problem, Problems, shape::Shape};

/// What a worker does with its schema, or with the reasons why there is none any more.
pub(super) type Job = Box<dyn FnOnce(Result<&Prepared<'_>, &Problems>) + Send>;

/// Names that the engine may learn from documents before it is built again; its table never shrinks.
const NAMES_LEARNT: usize = 50_000;
/// How long a schema may take to compile; the largest of our corpus takes half a second.
const COMPILING: Duration = Duration::from_secs(60);
/// Stack size of a worker: the engine walks schemas recursively.
const STACK: usize = 16 << 20;
/// Maximum number of workers lost in abandoned documents. They cannot be stopped; at this limit validation stops.
const MOST_LOST: usize = 2;
const STUCK: &str = "validation with this schema waits until the documents that took too long have ended";

/// The state of one job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Queued,
    Running(Instant),
    GivenUp,
}

/// A job's state, changed only under the workers' lock.
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
    /// Workers that accept jobs, without lost ones.
    alive: usize,
    idle: usize,
    /// Workers whose job was abandoned and has not ended.
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
    /// When the job began, if it did.
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
        let broken = |message: &str| Problems::from(Problem::new(Code::SchemaBroken, message).at(Place::file(&name)));
        spawn_worker(&shared, Some(ready)).map_err(|_| broken("the schema cannot be compiled: no thread could start"))?;
        // If dropped early, it ends all spawned workers.
        let workers = Self { shared };
        match compiled.recv_timeout(COMPILING) {
            Ok(compiled) => Ok((workers, compiled?)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let message = format!("the schema was not compiled after {} s: its content models are too large", COMPILING.as_secs());
                Err(broken(&message))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(broken("the schema engine crashed on this schema")),
        }
    }

    /// Gives a job to the next free worker.
    pub(super) fn send(&self, job: Job) -> Result<Ticket, Problems> {
        let ticket = Arc::new(Mutex::new(Phase::Queued));
        let hires = {
            let mut state = self.shared.lock();
            if state.lost >= MOST_LOST {
                return Err(stuck(STUCK));
            }
            state.queue.push_back((job, Arc::clone(&ticket)));
            state.idle < state.queue.len() && state.alive < self.shared.most
        };
        self.shared.waiting.notify_one();
        if hires && spawn_worker(&self.shared, None).is_err() && self.shared.lock().alive == 0 {
            return Err(stuck("the schema cannot be used: no thread could start"));
        }
        Ok(Ticket(ticket))
    }

    /// Nobody waits for a job any more: if it is running, its worker is lost, and another replaces it. At the limit of lost workers,
    /// waiting callers get the error, and so do later ones.
    pub(super) fn abandon(&self, ticket: &Ticket) {
        let (hires, refused) = {
            let mut state = self.shared.lock();
            let was = std::mem::replace(&mut *phase(&ticket.0), Phase::GivenUp);
            if matches!(was, Phase::Running(_)) {
                state.alive -= 1;
                state.lost += 1;
            }
            let refused = if state.alive == 0 && state.lost >= MOST_LOST { std::mem::take(&mut state.queue) } else { VecDeque::new() };
            (state.alive == 0 && !state.queue.is_empty(), refused)
        };
        for (job, _) in refused {
            job(Err(&stuck(STUCK)));
        }
        if hires {
            // Without a thread, waiting callers give up one after the other.
            let _ = spawn_worker(&self.shared, None);
        }
    }
}

fn stuck(message: &str) -> Problems {
    Problem::new(Code::Stuck, message).into()
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

/// Unregisters a worker, whether its work ends or the engine panics.
struct Present<'s> {
    shared: &'s Arc<Shared>,
    /// The job it is at.
    at: Option<Arc<Mutex<Phase>>>,
}

impl Present<'_> {
    /// The job is done. Returns whether this worker is still needed: while it was lost, others may have replaced it.
    fn done(&mut self) -> bool {
        let Some(ticket) = self.at.take() else { return true };
        let mut state = self.shared.lock();
        if *phase(&ticket) != Phase::GivenUp {
            return true;
        }
        state.lost -= 1;
        state.alive += 1;
        state.alive <= self.shared.most
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let at_job = self.at.is_some();
        self.done();
        let hires = {
            let mut state = self.shared.lock();
            state.alive -= 1;
            // The next worker would hit a panic without a document too, and so would the one after it.
            if state.alive == 0 && thread::panicking() && !at_job {
                state.queue.clear();
            }
            !state.closed && state.alive == 0 && !state.queue.is_empty()
        };
        if hires {
            // Without a thread, waiting callers give up one after the other.
            let _ = spawn_worker(self.shared, None);
        }
    }
}

type Ready = mpsc::SyncSender<Result<Shape, Problems>>;

fn spawn_worker(shared: &Arc<Shared>, ready: Option<Ready>) -> std::io::Result<()> {
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
    let mut set = match super::compile::compile(&shared.set) {
        Ok(set) => set,
        Err(problems) => {
            return match ready {
                // The caller may be gone; then nobody needs the answer.
                Some(ready) => drop(ready.send(Err(problems))),
                None => refuse(shared, &problems),
            };
        }
    };
    while judge(shared, present, &set, ready.take()) {
        // A schema that broke later is used as it was.
        if let Ok(new) = super::compile::compile(&shared.set) {
            set = new;
        }
    }
}

/// Runs jobs until the engine has learnt too many names; returns whether there may be more.
fn judge(shared: &Shared, present: &mut Present<'_>, set: &SchemaSet, ready: Option<Ready>) -> bool {
    let known = set.name_table.len();
    let prepared = Prepared::new(set);
    if let Some(ready) = ready {
        let usable = Problems::check(prepared.unusable(&shared.set.names.join(", ")));
        let is_usable = usable.is_ok();
        let _ = ready.send(usable.map(|()| shape::shape(set)));
        if !is_usable {
            return false;
        }
    }
    while set.name_table.len() < known + NAMES_LEARNT {
        let Some((job, ticket)) = next(shared) else { return false };
        present.at = Some(ticket);
        job(Ok(&prepared));
        if !present.done() {
            return false;
        }
    }
    true
}

/// The schema broke after it was first compiled, and nobody has the old version: waiting callers get the error.
fn refuse(shared: &Shared, problems: &Problems) {
    let waiting = {
        let mut state = shared.lock();
        if state.alive > 1 { VecDeque::new() } else { std::mem::take(&mut state.queue) }
    };
    for (job, _) in waiting {
        job(Err(problems));
    }
}

/// The next job with a waiting caller; `None` at the end of all jobs.
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

#[cfg(test)]
mod tests {
    use std::{fs, io, path::Path};

    use super::*;

    const SOON: Duration = Duration::from_secs(20);
    const SCHEMA: &str = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='A'/></xs:schema>";

    fn workers(jail: &Path) -> io::Result<Workers> {
        fs::write(jail.join("a.xsd"), SCHEMA)?;
        let set = Set { jail: jail.to_path_buf(), names: vec!["a.xsd".into()], catalog: None, gaps: false };
        let Ok((workers, _)) = Workers::start(set, 1) else { panic!("the schema compiles") };
        Ok(workers)
    }

    fn send(workers: &Workers, job: impl FnOnce(Result<&Prepared<'_>, &Problems>) + Send + 'static) -> Ticket {
        let Ok(ticket) = workers.send(Box::new(job)) else { panic!("it is taken") };
        ticket
    }

    /// A job that reports whether it was given a schema.
    fn telling(workers: &Workers) -> mpsc::Receiver<bool> {
        let (reported, judged) = mpsc::channel();
        send(workers, move |prepared| {
            let _ = reported.send(prepared.is_ok());
        });
        judged
    }

    /// A job that is under way until its sender is dropped.
    fn lasting(workers: &Workers) -> (Ticket, mpsc::Sender<()>) {
        let (end, wait) = mpsc::channel::<()>();
        let (begun, running) = mpsc::channel();
        let ticket = send(workers, move |_| {
            let _ = begun.send(());
            let _ = wait.recv();
        });
        assert_eq!(running.recv_timeout(SOON), Ok(()));
        (ticket, end)
    }

    #[test]
    fn who_waits_behind_lost_workers_is_told_and_judging_goes_on_when_one_comes_back() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let workers = workers(folder.path())?;
        let (first, end) = lasting(&workers);
        workers.abandon(&first);
        let (second, _kept) = lasting(&workers);
        let waiting = telling(&workers);
        workers.abandon(&second);
        assert_eq!(waiting.recv_timeout(SOON), Ok(false));
        assert!(workers.send(Box::new(|_| {})).is_err_and(|problems| problems[0].code == Code::Stuck));
        drop(end);
        let begun = Instant::now();
        while workers.send(Box::new(|_| {})).is_err() {
            assert!(begun.elapsed() < SOON, "the worker did not come back");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(telling(&workers).recv_timeout(SOON), Ok(true));
        Ok(())
    }

    #[test]
    fn a_schema_that_is_broken_meanwhile_is_judged_by_as_it_was() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let workers = workers(folder.path())?;
        fs::write(folder.path().join("a.xsd"), "<xs:schema")?;
        // The engine has learnt so many names that it would be built anew.
        send(&workers, |prepared| {
            for number in 0..=NAMES_LEARNT {
                if let Ok(prepared) = prepared {
                    prepared.set.name_table.add(&format!("n{number}"));
                }
            }
        });
        assert_eq!(telling(&workers).recv_timeout(SOON), Ok(true));
        Ok(())
    }

    #[test]
    fn who_waits_for_a_schema_that_nobody_has_any_more_is_told() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let workers = workers(folder.path())?;
        fs::write(folder.path().join("a.xsd"), "<xs:schema")?;
        let (lost, _kept) = lasting(&workers);
        workers.abandon(&lost);
        assert_eq!(telling(&workers).recv_timeout(SOON), Ok(false));
        Ok(())
    }

    #[test]
    fn a_defect_over_one_document_leaves_the_next_to_another_worker() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let workers = workers(folder.path())?;
        send(&workers, |_| panic!("a defect of the engine"));
        assert_eq!(telling(&workers).recv_timeout(SOON), Ok(true));
        Ok(())
    }
}
