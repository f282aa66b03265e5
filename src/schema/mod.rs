//! Floor 1: XSD. Compiles a schema that a consultant put under `schemas/`, validates documents against it, and tells which
//! elements it allows. The engine is the crate `xsd-schema`; no type of it leaves this room.
//!
//! **Invariant:** nothing outside the workspace's `schemas/` is read, and nothing is ever fetched.

mod compile;
mod loader;
mod report;
mod shape;
mod validate;
mod words;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use crate::model::{Document, Place, Problem, Problems, codes, shape::Shape};

/// A compiled schema. Cheap to clone; documents are judged by a thread of its own, since the engine's tables are not `Sync` and
/// one prepared validator is ten times faster than a new one for each document (measured: 0.5 ms against 6 ms for 20 KB).
#[derive(Clone)]
pub struct Schema {
    jobs: mpsc::SyncSender<Job>,
    shape: Arc<Shape>,
    path: Arc<PathBuf>,
    worker: Arc<thread::JoinHandle<()>>,
}

struct Job {
    document: Arc<Document>,
    file: String,
    answer: mpsc::SyncSender<Problems>,
}

/// Names the engine may learn from documents before it is built anew; its table never shrinks by itself.
const NAMES_LEARNT: usize = 50_000;

impl Schema {
    /// Compiles the schema at `path` (relative to `jail`), following includes and imports only inside `jail`.
    ///
    /// # Errors
    /// Everything that is wrong with the schema documents: unreadable, not legal, an import that is not there.
    pub fn compile(jail: &Path, path: &str) -> Result<Self, Problems> {
        let (jobs, inbox) = mpsc::sync_channel::<Job>(16);
        let (ready, compiled) = mpsc::sync_channel(1);
        let (jail, name) = (jail.to_path_buf(), path.to_string());
        let worker = thread::Builder::new().name("schema".into()).stack_size(16 << 20).spawn(move || {
            let mut ready = Some(ready);
            loop {
                let set = match compile::compile(&jail, &name) {
                    Ok(set) => set,
                    Err(problems) => {
                        if let Some(ready) = ready.take() {
                            // The one who asked may have gone away; then nobody needs the answer.
                            let _ = ready.send(Err(problems));
                        }
                        return;
                    }
                };
                if let Some(ready) = ready.take() {
                    let _ = ready.send(Ok(shape::shape(&set)));
                }
                let known = set.name_table.len();
                let validator = validate::Validator::new(&set);
                while set.name_table.len() < known + NAMES_LEARNT {
                    let Ok(job) = inbox.recv() else { return };
                    let _ = job.answer.send(validator.validate(&job.document, &job.file));
                }
            }
        });
        let broken = || vec![Problem::new(codes::SCHEMA_BROKEN, "the schema cannot be compiled: no thread for it")];
        let worker = Arc::new(worker.map_err(|_| broken())?);
        let shape = compiled.recv().map_err(|_| broken())??;
        Ok(Self { jobs, shape: Arc::new(shape), path: Arc::new(PathBuf::from(path)), worker })
    }

    /// Whether documents can still be judged: a defect of the engine ends its thread, and the schema must be compiled anew.
    pub fn is_alive(&self) -> bool {
        !self.worker.is_finished()
    }

    /// Which elements and attributes the schema allows where.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Judges a document. `file` is the name used in problems; an empty list means valid.
    pub fn validate(&self, document: Arc<Document>, file: &str) -> Problems {
        let (answer, verdict) = mpsc::sync_channel(1);
        let name = file.to_string();
        let job = Job { document, file: name.clone(), answer };
        if self.jobs.send(job).is_err() {
            let message = format!("the schema {} cannot be used at the moment; it is compiled anew", self.path.display());
            return vec![Problem::new(codes::SCHEMA_BROKEN, message).at(Place::file(&name))];
        }
        // Only this document brought the engine down; the next one finds it compiled anew.
        verdict.recv().unwrap_or_else(|_| {
            let message = "the schema engine broke down over this document".to_string();
            vec![Problem::new(codes::DOC_SCHEMA, message).at(Place::file(&name))]
        })
    }
}
