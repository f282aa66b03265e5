//! Floor 2: XSD. Compiles a schema that a consultant put under `schemas/`, validates documents against it, and says which elements it
//! allows. The engine is the crate `xsd-schema`; no type of it leaves this module.
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

/// A compiled schema. Cheap to clone. Its own threads validate documents: the engine's tables are not `Sync`, and one prepared
/// validator is ten times faster than a new one for each document (measured: 0.5 ms against 6 ms for 20 KB).
#[derive(Clone)]
pub struct Schema {
    workers: Arc<Workers>,
    shape: Arc<Shape>,
    name: Arc<str>,
}

/// How schema documents are compiled.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// An OASIS XML catalog; `None` means `catalog.xml` in the jail.
    pub catalog: Option<PathBuf>,
    /// Documents that may be validated at once; 0 means 1.
    pub threads: usize,
    /// Imported documents and types may be missing, as the standard allows (XML Schema Part 1, 5.3). A workspace does not allow it:
    /// `consign check` reports what is missing, before any partner's document comes.
    pub gaps: bool,
}

/// What is known about a file before validation.
#[derive(Debug, Clone)]
pub struct ValidatedFile {
    /// The name used in problems.
    pub name: String,
    /// The file writes decimals with a comma.
    pub decimal_comma: bool,
    /// How long reading and validating may take.
    pub time: Duration,
}

impl ValidatedFile {
    /// An XML file of that name, with a time limit of one minute.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_string(), decimal_comma: false, time: Duration::from_secs(60) }
    }
}

impl Schema {
    /// Compiles the schema at `path` (relative to `jail`), following includes and imports only inside `jail`.
    ///
    /// # Errors
    /// Everything wrong with the schema documents: unreadable, invalid, a missing import.
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

    /// Validates a document while `read` reads it: reading runs here, validation on a thread of the schema. Returns the result of `read`
    /// and everything wrong with the document, in its order.
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
            // The caller may have given up.
            let _ = answer.send(Ok(judge.finish(&asked.name)));
        });
        // A problem of the schema has its own place; all others belong to the file.
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
            // The time that a document waits for its turn does not count.
            let left = ticket.begun().map(|begun| (begun + file.time).saturating_duration_since(Instant::now()));
            let verdict = match (all, verdict.recv_timeout(if all { left.unwrap_or(TURN) } else { TURN })) {
                (_, Ok(Err(problems))) => return (None, named(problems)),
                // What was not accepted was not validated, whatever is reported about the rest.
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
                // Only this document crashed the engine; the next one finds it compiled again.
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return alone(Problem::new(Code::DocSchema, say!("validation-broke-down")));
                }
            }
        }
    }
}

/// How often a waiting caller checks for its turn.
const TURN: Duration = Duration::from_millis(50);
