//! The kinds of sources and targets, each a file or a folder here. A new one is a file, a module line, and a line in `KINDS`.

pub(super) mod files;
#[cfg(feature = "failpoints")]
pub mod memory_source;
#[cfg(feature = "failpoints")]
pub mod memory_target;
pub mod odoo;

use super::{EndpointKind, Site, Source, Target};
use crate::{
    config::{Flow, Kinds},
    model::{Code, Problem},
};

/// Every kind. Those in memory are for tests.
const KINDS: &[EndpointKind] = &[
    files::KIND,
    #[cfg(feature = "failpoints")]
    memory_source::KIND,
    #[cfg(feature = "failpoints")]
    memory_target::KIND,
    odoo::KIND,
];

/// Every kind, for the configuration.
pub(super) fn all() -> Kinds {
    Kinds {
        sources: KINDS.iter().filter_map(|kind| kind.source.as_ref()).map(|source| source.kind).collect(),
        targets: KINDS.iter().filter_map(|kind| kind.target.as_ref()).map(|target| target.kind).collect(),
    }
}

fn unknown(flow: &Flow, end: &str, kind: &str) -> Problem {
    Problem::new(Code::ConfigUnknownName, format!("the flow `{}` has a {end} of the unknown kind `{kind}`", flow.id))
}

/// Opens the source of a flow.
///
/// # Errors
/// There is no such kind.
pub fn source<'f>(site: &'f Site, flow: &'f Flow) -> Result<Box<dyn Source + 'f>, Problem> {
    let mut sources = KINDS.iter().filter_map(|kind| kind.source.as_ref());
    let source = sources.find(|source| source.kind.name == flow.source_kind);
    source.and_then(|source| (source.open)(site, flow)).ok_or_else(|| unknown(flow, "source", flow.source_kind))
}

/// Opens the target of a flow.
///
/// # Errors
/// There is no such kind.
pub fn target<'f>(site: &'f Site, flow: &'f Flow) -> Result<Target<'f>, Problem> {
    let mut targets = KINDS.iter().filter_map(|kind| kind.target.as_ref());
    let target = targets.find(|target| target.kind.name == flow.target_kind);
    target.and_then(|target| (target.open)(site, flow)).ok_or_else(|| unknown(flow, "target", flow.target_kind))
}
