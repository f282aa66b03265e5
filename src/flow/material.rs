//! The documents of a message, for the mapping: as a whole where the file is small, a part at a time where it is large, so that a
//! catalogue of any size takes the memory of a thousand of its lines.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    Engine,
    examine::{Schemas, examine, only_judge, outside, parts, read},
};
use crate::{
    config::InFlow,
    format::Source,
    journal::Message,
    mapping::Applying,
    model::{Document, Name, Plan, Problem, Problems},
    odoo::execute::CHUNK,
};

/// Bytes above which a file is taken in parts, where its mapping allows it.
pub(super) const LARGE: u64 = 8 << 20;

/// A message's documents.
#[derive(Clone)]
pub(super) enum Material {
    /// All of them, and what they are planned to do once that is known.
    Whole(Arc<Vec<Document>>, Option<Arc<Plan>>),
    /// Where they are, the elements that records are made of, and what stands outside of them.
    Parts(Source, Vec<Name>, Arc<Document>),
}

/// The elements of which a message is taken a part at a time; none where it is taken whole.
fn unit(inbound: &InFlow, message: &Message) -> Option<Vec<Name>> {
    if message.size < LARGE || inbound.envelope.is_some() || inbound.xml.several {
        return None;
    }
    inbound.mapping.unit()
}

/// The bytes of a message: in memory, or where they lie when they are many.
pub(super) async fn source(engine: &Engine, message: &Message) -> Result<Source, Problem> {
    if message.size < LARGE {
        engine.storage.read(message).await.map(|bytes| Source::Bytes(bytes.into()))
    } else {
        engine.storage.work_place(message).await.map(Source::File)
    }
}

/// Validates a message; gives its documents.
pub(super) async fn check(engine: &Engine, inbound: &InFlow, schemas: &Schemas, message: &Message) -> Result<Material, Problems> {
    let source = source(engine, message).await?;
    // Validation is work for a processor; the runtime's threads are for waiting.
    tokio::task::block_in_place(|| match unit(inbound, message) {
        None => examine(&source, &message.name, inbound, schemas).map(|documents| Material::Whole(Arc::new(documents), None)),
        Some(unit) => {
            only_judge(&source, &message.name, inbound, schemas)?;
            let frame = outside(&source, &message.name, inbound, &unit)?;
            Ok(Material::Parts(source, unit, Arc::new(frame)))
        }
    })
}

/// The documents of a message that was validated before.
pub(super) async fn again(engine: &Engine, inbound: &InFlow, message: &Message) -> Result<Material, Problems> {
    let source = source(engine, message).await?;
    tokio::task::block_in_place(|| match unit(inbound, message) {
        None => read(&source, &message.name, inbound).map(|documents| Material::Whole(Arc::new(documents), None)),
        Some(unit) => {
            let frame = outside(&source, &message.name, inbound, &unit)?;
            Ok(Material::Parts(source, unit, Arc::new(frame)))
        }
    })
}

/// What the documents of a message are to do, a part at a time where they are many.
pub(super) enum Plans {
    One(Option<Plan>),
    Made(Option<Arc<Vec<Document>>>),
    Parts(mpsc::Receiver<Result<Document, Problems>>),
}

impl Plans {
    pub(super) fn of(inbound: &InFlow, message: &Message, material: &Material) -> Self {
        match material {
            Material::Whole(_, Some(plan)) => Self::One(Some(Plan::clone(plan))),
            Material::Whole(documents, None) => Self::Made(Some(Arc::clone(documents))),
            Material::Parts(source, unit, frame) => {
                Self::Parts(parts(source.clone(), message.name.clone(), inbound, unit.clone(), Document::clone(frame), CHUNK))
            }
        }
    }

    /// The next part's plan; none when all have come.
    pub(super) async fn next(&mut self, applying: &mut Applying<'_>) -> Result<Option<Plan>, Problems> {
        match self {
            Self::One(plan) => Ok(plan.take()),
            Self::Made(documents) => Ok(documents.take().map(|documents| tokio::task::block_in_place(|| applying.plan(&documents)))),
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
