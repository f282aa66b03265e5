//! Validates a file: chooses its schema, validates it and its envelope, and returns its documents for the mapping.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::mpsc;

use crate::{
    config::{Choice, Flow, Inbound, Workspace, check},
    format::{
        ByteSource, Format, Limits,
        parts::{ChunkReader, HeaderReader},
        tree::Builder,
        typed::Typed,
        within::{DocumentHead, ElementPath, Payloads},
    },
    model::{
        Code, Document, Events, Name, Place, Problem, Problems,
        events::Both,
        i18n::{Join, List, namespace as in_namespace, say},
        problem::cut,
        problem_cap::cap_problems,
        shape::{Shape, WhiteSpace},
    },
    schema::{CompileOptions, Schema, ValidatedFile},
};

/// The compiled schemas of a flow, by name.
#[derive(Clone)]
pub struct Schemas(HashMap<String, Schema>);

impl Schemas {
    /// Compiles the schemas of a flow, each by `compile`.
    ///
    /// # Errors
    /// What is wrong with them, as the flow's problems.
    pub fn of(flow: &Flow, mut compile: impl FnMut(&str) -> Result<Schema, Problems>) -> Result<Self, Problems> {
        let (mut schemas, mut problems) = (HashMap::new(), Vec::new());
        for name in flow.schemas() {
            match compile(name) {
                Ok(schema) => {
                    schemas.insert(name.to_string(), schema);
                }
                Err(found) => problems.extend(found.iter().map(|problem| check::reported(flow, name, problem))),
            }
        }
        Problems::check(problems).map(|()| Self(schemas))
    }

    /// Compiles the schemas of a flow; `threads` documents may be validated at the same time.
    ///
    /// # Errors
    /// As [`Schemas::of`].
    pub fn compile(workspace: &Workspace, flow: &Flow, threads: usize) -> Result<Self, Problems> {
        let setup = || CompileOptions { threads, ..CompileOptions::default() };
        Self::of(flow, |name| Schema::compile_all(&workspace.schemas(), &[name.to_string()], setup()))
    }

    /// The schema of this name.
    ///
    /// # Errors
    /// It is not one of the flow's.
    pub fn get(&self, name: &str) -> Result<&Schema, Problems> {
        self.0.get(name).ok_or_else(|| Problem::new(Code::SchemaMissing, format!("the schema `{name}` is not one of the flow's")).into())
    }
}

/// Reads and validates a file; returns its documents.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate_and_parse(source: &ByteSource, name: &str, inbound: Inbound<'_>, schemas: &Schemas) -> Result<Vec<Document>, Problems> {
    judge(source, name, inbound, schemas, true).map(|(documents, _)| documents)
}

/// Reads and validates a file and stores nothing of it, so that its size does not matter. Returns what its schema allows.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn validate_only(source: &ByteSource, name: &str, inbound: Inbound<'_>, schemas: &Schemas) -> Result<Arc<Shape>, Problems> {
    judge(source, name, inbound, schemas, false).map(|(_, shape)| shape)
}

type Judged = (Vec<Document>, Arc<Shape>);

fn judge(source: &ByteSource, name: &str, inbound: Inbound<'_>, schemas: &Schemas, keep: bool) -> Result<Judged, Problems> {
    let size = source.length().unwrap_or(0);
    let file = ValidatedFile {
        name: name.to_string(),
        decimal_comma: inbound.documents.format.table().is_some_and(|table| table.decimal_comma),
        time: inbound.documents.limits.time_for(size),
    };
    let mut problems = Vec::new();
    if let Some(envelope) = inbound.map.envelope.as_ref().and_then(|envelope| envelope.schema.as_ref()) {
        let (source, reader, name) = (source.clone(), Reader::of(inbound), name.to_string());
        let (_, found) = schemas.get(envelope)?.judge(&file, move |judge| reader.read(&source, &name, judge));
        problems.extend(found);
    }
    let choice = match choose(source, name, inbound) {
        Ok(choice) => choice,
        // The envelope's problems may be the cause.
        Err(found) => return Err(Problems::of(problems).unwrap_or(found)),
    };
    let (source, reader, within) =
        (source.clone(), Reader::of(inbound), inbound.map.envelope.as_ref().map(|envelope| envelope.payload.clone()));
    let (own, schema) = (name.to_string(), schemas.get(&choice.schema)?);
    let shape = Arc::clone(schema.shape());
    let typed_by = Arc::clone(&shape);
    let (documents, found) = schema.judge(&file, move |judge| {
        if !keep {
            return reader.read(&source, &own, judge).map(|()| Vec::new());
        }
        let mut tree = reader.tree();
        let typed = Typed::new(typed_by, &mut tree);
        let read = match within {
            None => reader.read(&source, &own, &mut Both(judge, typed)),
            Some(path) => {
                let mut payloads = Payloads::new(path.clone(), Both(judge, typed));
                let read = reader.read(&source, &own, &mut payloads);
                match (read, payloads.found()) {
                    (Ok(()), 0) => {
                        let message = say!("envelope-empty", path = path.to_string());
                        Err(Problem::new(Code::DocIncomplete, message).at(Place::file(&own)).into())
                    }
                    (read, _) => read,
                }
            }
        };
        read.and_then(|()| tree.all(&own).map_err(Problems::from))
    });
    problems.extend(found);
    // Both passes met the problem that makes the file unreadable.
    let problems = cap_problems(problems, name);
    Problems::check(problems)?;
    let unread = || Problem::new(Code::DocSchema, "the file could not be read").at(Place::file(name)).into();
    documents.ok_or_else(unread).map(|documents| (documents, shape))
}

/// Reads a file that was validated before.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(source: &ByteSource, name: &str, inbound: Inbound<'_>, shape: Arc<Shape>) -> Result<Vec<Document>, Problems> {
    let reader = Reader::of(inbound);
    let mut tree = reader.tree();
    let mut typed = Typed::new(shape, &mut tree);
    match &inbound.map.envelope {
        None => reader.read(source, name, &mut typed)?,
        Some(envelope) => reader.read(source, name, &mut Payloads::new(envelope.payload.clone(), typed))?,
    }
    tree.all(name).map_err(Problems::from)
}

/// A file that is read in chunks.
#[derive(Clone)]
pub(super) struct Large {
    source: ByteSource,
    shape: Arc<Shape>,
    /// The path of the elements of the records.
    unit: Vec<Name>,
    /// The content outside of them.
    header: Arc<Document>,
}

/// Reads the content of a file outside of the elements of its records.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read_large(
    source: ByteSource,
    name: &str,
    inbound: Inbound<'_>,
    shape: Arc<Shape>,
    unit: Vec<Name>,
) -> Result<Large, Problems> {
    let reader = Reader::of(inbound);
    let mut outside = HeaderReader::new(&unit, reader.format.table(), inbound.documents.limits.elements);
    reader.read(&source, name, &mut Typed::new(Arc::clone(&shape), &mut outside))?;
    if outside.wants_no_more() {
        let text = say!("limit-elements-outside", limit = inbound.documents.limits.elements);
        return Err(Problem::new(Code::DocLimit, text).at(Place::file(name)).into());
    }
    Ok(Large { source, shape, unit, header: Arc::new(outside.document()) })
}

/// Reads a file in chunks, in its own thread; the receiver gets documents of so many elements.
pub(super) fn parts(large: Large, name: String, inbound: Inbound<'_>, size: usize) -> mpsc::Receiver<Result<Document, Problems>> {
    let (send, receive) = mpsc::channel(1);
    let reader = Reader::of(inbound);
    std::thread::spawn(move || {
        // A closed receiver needs nothing more.
        let mut parts = ChunkReader::new(&large.unit, Document::clone(&large.header), size, |part| send.blocking_send(Ok(part)).is_ok());
        match reader.read(&large.source, &name, &mut Typed::new(large.shape, &mut parts)) {
            Ok(()) => parts.finish(),
            Err(problems) => {
                drop(parts);
                let _ = send.blocking_send(Err(problems));
            }
        }
    });
    receive
}

/// Writes the parts of a file that begin at these places as a smaller file of the same form.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn rest(
    source: &ByteSource,
    name: &str,
    inbound: Inbound<'_>,
    unit: &[Name],
    wanted: &HashSet<(u32, u32)>,
) -> Result<Vec<u8>, Problems> {
    inbound.documents.format.rest(source, name, &inbound.documents.limits, unit, wanted)
}

/// How a flow's files are read.
struct Reader {
    format: Arc<dyn Format>,
    limits: Limits,
}

impl Reader {
    fn of(inbound: Inbound<'_>) -> Self {
        Self { format: Arc::clone(&inbound.documents.format), limits: inbound.documents.limits.clone() }
    }

    fn tree(&self) -> Builder {
        match self.format.table() {
            None => Builder::new(self.limits.elements),
            Some(table) => Builder::of_table(self.limits.elements, table),
        }
    }

    fn read(&self, source: &ByteSource, name: &str, to: &mut dyn Events) -> Result<(), Problems> {
        self.format.read(source, name, &self.limits, to)
    }
}

/// What the schema of a document allows.
///
/// # Errors
/// No schema of the flow fits the document, or the file cannot be read.
pub(super) fn shape(source: &ByteSource, name: &str, inbound: Inbound<'_>, schemas: &Schemas) -> Result<Arc<Shape>, Problems> {
    let choice = choose(source, name, inbound)?;
    Ok(Arc::clone(schemas.get(&choice.schema)?.shape()))
}

/// The first of the flow's schemas that fits this document.
fn choose<'f>(source: &ByteSource, name: &str, inbound: Inbound<'f>) -> Result<&'f Choice, Problems> {
    if let [only] = inbound.map.schemas.as_slice()
        && only.is_for_all()
    {
        return Ok(only);
    }
    let paths: Vec<_> = inbound.map.schemas.iter().filter_map(|choice| choice.path.clone()).collect();
    let mut kind = DocumentHead::of(paths.clone(), inbound.map.envelope.as_ref().map(|envelope| envelope.payload.clone()));
    Reader::of(inbound).read(source, name, &mut kind)?;
    let (namespace, root) = kind.root.clone().unwrap_or_default();
    let value = |path: &ElementPath| -> Option<String> {
        let at = paths.iter().position(|known| known == path)?;
        // Only the schema knows its type.
        kind.values[at].as_deref().map(|value| WhiteSpace::Collapse.of(value).into_owned())
    };
    if let Some(choice) = inbound.map.schemas.iter().find(|choice| choice.fits(&namespace, &root, &value)) {
        return Ok(choice);
    }
    let mut parts = vec![say!("document-in", root = cut(&root), namespace = in_namespace(&namespace))];
    let mut reported = Vec::new();
    for path in &paths {
        if !reported.contains(&path.names()) {
            parts.push(match value(path) {
                Some(value) => say!("document-where", path = path.to_string(), value = cut(&value)),
                None => say!("document-without", path = path.to_string()),
            });
            reported.push(path.names());
        }
    }
    let message = say!("schema-none-fits", document = List::new(Join::And, parts));
    let problem = Problem::new(Code::DocRoot, message).at(Place::at(name, 1, 1));
    Err(problem.hint(say!("hint-wrong-file")).into())
}
