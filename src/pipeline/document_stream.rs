//! The documents of a message, for the mapping: as a whole if the file is small, in chunks if it is large. So a catalogue of any size takes
//! the memory of a thousand of its lines.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    Engine,
    validate::{Large, Schemas, parts, read, read_large, shape, validate_and_parse, validate_only},
};
use crate::{
    config::Inbound,
    format::ByteSource,
    mapping::Applying,
    model::{Document, Message, Name, Plan, Problem, Problems, shape::Shape},
    odoo::execute::CHUNK,
};

/// Bytes above which a file is read in chunks, if its mapping allows it.
pub(super) const LARGE: u64 = 8 << 20;

/// A message's documents.
#[derive(Clone)]
pub(super) enum Stream {
    /// All of them, and their plan once it is known.
    InMemory(Arc<Vec<Document>>, Option<Arc<Plan>>),
    /// Where they are, and how to read their chunks.
    Chunked(Large),
}

/// The elements that split a message into chunks; `None` if it is read as a whole.
fn unit(inbound: Inbound<'_>, message: &Message) -> Option<Vec<Name>> {
    if message.size < LARGE || inbound.map.envelope.is_some() || inbound.documents.format.holds_several() {
        return None;
    }
    inbound.map.mapping.unit()
}

/// The bytes of a message: in memory, or on disk if they are many.
pub(super) async fn source(engine: &Engine, message: &Message) -> Result<ByteSource, Problem> {
    if message.size < LARGE {
        engine.storage().read(message).await.map(|bytes| ByteSource::Bytes(bytes.into()))
    } else {
        engine.storage().work_place(message).await.map(ByteSource::File)
    }
}

/// Validates a message; returns its documents.
pub(super) async fn check(engine: &Engine, inbound: Inbound<'_>, schemas: &Schemas, message: &Message) -> Result<Stream, Problems> {
    let source = source(engine, message).await?;
    // Validation needs a processor; the runtime's threads are for waiting.
    tokio::task::block_in_place(|| match unit(inbound, message) {
        None => validate_and_parse(&source, &message.name, inbound, schemas).map(|documents| Stream::InMemory(Arc::new(documents), None)),
        Some(unit) => {
            let shape = validate_only(&source, &message.name, inbound, schemas)?;
            read_large(source, &message.name, inbound, shape, unit).map(Stream::Chunked)
        }
    })
}

/// The documents of a message that was validated before.
pub(super) async fn reload(engine: &Engine, inbound: Inbound<'_>, schemas: &Schemas, message: &Message) -> Result<Stream, Problems> {
    reload_as(engine, inbound, message, |source| shape(source, &message.name, inbound, schemas)).await
}

/// The documents of a message that matches none of the flow's schemas, as they are in the file.
pub(super) async fn reload_untyped(engine: &Engine, inbound: Inbound<'_>, message: &Message) -> Result<Stream, Problems> {
    reload_as(engine, inbound, message, |_| Ok(Arc::default())).await
}

async fn reload_as(
    engine: &Engine,
    inbound: Inbound<'_>,
    message: &Message,
    shape: impl FnOnce(&ByteSource) -> Result<Arc<Shape>, Problems>,
) -> Result<Stream, Problems> {
    let source = source(engine, message).await?;
    tokio::task::block_in_place(|| {
        let shape = shape(&source)?;
        match unit(inbound, message) {
            None => read(&source, &message.name, inbound, shape).map(|documents| Stream::InMemory(Arc::new(documents), None)),
            Some(unit) => read_large(source, &message.name, inbound, shape, unit).map(Stream::Chunked),
        }
    })
}

/// The plan of a message's documents, in chunks if they are many.
pub(super) enum Plans {
    One(Option<Plan>),
    Whole(Option<Arc<Vec<Document>>>),
    Parts(mpsc::Receiver<Result<Document, Problems>>),
}

impl Plans {
    pub(super) fn of(inbound: Inbound<'_>, message: &Message, stream: &Stream) -> Self {
        match stream {
            Stream::InMemory(_, Some(plan)) => Self::One(Some(Plan::clone(plan))),
            Stream::InMemory(documents, None) => Self::Whole(Some(Arc::clone(documents))),
            Stream::Chunked(large) => Self::Parts(parts(large.clone(), message.name.clone(), inbound, CHUNK)),
        }
    }

    /// The plan of the next chunk; `None` after the last one.
    pub(super) async fn next(&mut self, applying: &mut Applying<'_>) -> Result<Option<Plan>, Problems> {
        match self {
            Self::One(plan) => Ok(plan.take()),
            Self::Whole(documents) => Ok(documents.take().map(|documents| tokio::task::block_in_place(|| applying.plan(&documents)))),
            Self::Parts(parts) => match parts.recv().await {
                None => Ok(None),
                Some(part) => {
                    let part = [part?];
                    Ok(Some(tokio::task::block_in_place(|| applying.plan(&part))))
                }
            },
        }
    }
}
