//! Floor 2: XSD. Compiles a schema that a consultant put under `schemas/`, judges documents against it, and tells which elements it
//! allows. The engine is the crate `xsd-schema`; no type of it leaves this room.
//!
//! **Invariant:** nothing outside the workspace's `schemas/` is read, and nothing is ever fetched.

mod catalog;
mod compile;
mod compile_errors;
mod complexity_limits;
mod content;
mod element_frame;
mod event_channel;
mod expectations;
mod keys;
mod loader;
mod patterns;
mod phrases;
mod prepared;
mod recovery;
mod report;
mod sentences;
mod shape;
mod types;
mod validator;
mod validator_events;
mod workers;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use self::workers::Workers;
use crate::model::{Code, Events, Place, Problem, Problems, i18n::say, problem_cap::cap_problems, shape::Shape};

/// A compiled schema. Cheap to clone; documents are judged by threads of its own, since the engine's tables are not `Sync` and one
/// prepared validator is ten times faster than a new one for each document (measured: 0.5 ms against 6 ms for 20 KB).
#[derive(Clone)]
pub struct Schema {
    workers: Arc<Workers>,
    shape: Arc<Shape>,
    name: Arc<str>,
}

/// How schema documents are compiled.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// An OASIS XML catalog; `catalog.xml` in the jail where it is `None`.
    pub catalog: Option<PathBuf>,
    /// Documents that may be judged at once; 1 where it is 0.
    pub threads: usize,
    /// Imported documents and types that are not there are allowed, as the standard does (XML Schema Part 1, 5.3). A workspace does
    /// not: what is missing is told at `consign check` and not of a partner's document.
    pub gaps: bool,
}

/// What is known of a file that is judged.
#[derive(Debug, Clone)]
pub struct ValidatedFile {
    /// The name used in problems.
    pub name: String,
    /// It writes decimals with a comma.
    pub decimal_comma: bool,
    /// How long reading and judging may take.
    pub time: Duration,
}

impl ValidatedFile {
    /// An XML file of that name, with a minute's time.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_string(), decimal_comma: false, time: Duration::from_secs(60) }
    }
}

impl Schema {
    /// Compiles the schema at `path` (relative to `jail`), following includes and imports only inside `jail`.
    ///
    /// # Errors
    /// Everything that is wrong with the schema documents: unreadable, not legal, an import that is not there.
    pub fn compile(jail: &Path, path: &str) -> Result<Self, Problems> {
        Self::compile_all(jail, &[path.to_string()], CompileOptions::default())
    }

    /// Compiles several schema documents into one schema.
    ///
    /// # Errors
    /// As [`Schema::compile`].
    pub fn compile_all(jail: &Path, paths: &[String], setup: CompileOptions) -> Result<Self, Problems> {
        let set = compile::Set { jail: jail.to_path_buf(), names: paths.to_vec(), catalog: setup.catalog, gaps: setup.gaps };
        let (workers, shape) = Workers::start(set, setup.threads)?;
        Ok(Self { workers: Arc::new(workers), shape: Arc::new(shape), name: paths.join(", ").into() })
    }

    /// Which elements and attributes the schema allows where.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// Judges a document while `read` reads it: reading goes on here, judging on a thread of the schema's. Gives what `read` gave, and
    /// everything that is wrong with the document, in its order.
    pub fn judge<T>(&self, file: &ValidatedFile, read: impl FnOnce(&mut dyn Events) -> Result<T, Problems>) -> (Option<T>, Vec<Problem>) {
        let (answer, verdict) = mpsc::sync_channel(1);
        let (to, batches) = mpsc::sync_channel::<event_channel::Batch>(event_channel::WAITING);
        let full = Arc::new(AtomicBool::new(false));
        let (asked, enough) = (file.clone(), Arc::clone(&full));
        let job = Box::new(move |prepared: Result<&prepared::Prepared<'_>, &Problems>| {
            let prepared = match prepared {
                Ok(prepared) => prepared,
                Err(problems) => return drop(answer.send(Err(problems.clone()))),
            };
            let (mut judge, mut replay) = (validator::Validator::new(prepared, asked.decimal_comma), event_channel::Replay::default());
            for batch in batches {
                replay.play(&batch, &mut judge);
                if judge.wants_no_more() {
                    enough.store(true, Ordering::Relaxed);
                }
            }
            // The one who asked may have given up.
            let _ = answer.send(Ok(judge.finish(&asked.name)));
        });
        // What is wrong with the schema has a place in it; all else is told of the file.
        let named = |problems: Problems| problems.into_iter().map(|problem| problem.in_file(&file.name)).collect();
        let ticket = match self.workers.send(job) {
            Ok(ticket) => ticket,
            Err(problems) => return (None, named(problems)),
        };
        let mut forward = event_channel::Forward::new(to, full, ticket.share(), file.time);
        let read = read(&mut forward);
        let all = forward.finish();
        let alone = |problem: Problem| (None, vec![problem.at(Place::file(&file.name))]);
        loop {
            // The time a document waits for its turn is not its own.
            let left = ticket.begun().map(|begun| (begun + file.time).saturating_duration_since(Instant::now()));
            let verdict = match (all, verdict.recv_timeout(if all { left.unwrap_or(TURN) } else { TURN })) {
                (_, Ok(Err(problems))) => return (None, named(problems)),
                // What was not taken was not judged, whatever is said of the rest.
                (false, Ok(Ok(_))) => Err(mpsc::RecvTimeoutError::Timeout),
                (true, Ok(Ok(problems))) => Ok(problems),
                (_, Err(error)) => Err(error),
            };
            match verdict {
                Ok(mut problems) => {
                    let value = read.map_err(|found| problems.extend(found)).ok();
                    return (value, cap_problems(problems, &file.name));
                }
                Err(mpsc::RecvTimeoutError::Timeout) if all && left.is_none() => {}
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.workers.abandon(&ticket);
                    let message = say!("validation-time", schema = &*self.name, seconds = file.time.as_secs());
                    return alone(Problem::new(Code::DocLimit, message).hint(say!("hint-validation-time")));
                }
                // Only this document brought the engine down; the next one finds it compiled anew.
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return alone(Problem::new(Code::DocSchema, say!("validation-broke-down")));
                }
            }
        }
    }
}

/// How often one who waits for a turn looks.
const TURN: Duration = Duration::from_millis(50);
