//! Source and target of a flow, opened for a run.

use super::{engine::Engine, validate::Schemas};
use crate::{
    config::{Flow, answers::SentAck},
    endpoint::{self, FilesOut, Source, Target},
    model::Problems,
};

/// One run of a flow, with its source and target.
pub(super) struct Run<'f> {
    pub(super) engine: &'f Engine,
    pub(super) flow: &'f Flow,
    pub(super) schemas: Schemas,
    pub(super) source: Box<dyn Source + 'f>,
    pub(super) target: Target<'f>,
}

impl<'f> Run<'f> {
    pub(super) fn of(engine: &'f Engine, flow: &'f Flow) -> Result<Self, Problems> {
        let schemas = engine.schemas(flow)?;
        let (source, target) = (endpoint::source(&engine.site, flow)?, endpoint::target(&engine.site, flow)?);
        Ok(Self { engine, flow, schemas, source, target })
    }

    /// Where to send the acknowledgements of its documents, if the flow sends any.
    pub(super) fn answers(&self) -> Option<(&SentAck, FilesOut<'_>)> {
        let answer = self.flow.answer.as_ref()?;
        Some((answer, FilesOut::new(&self.engine.site, self.flow, &answer.target)))
    }
}
