//! Files on a partner's drop, as source and as target.

mod acknowledge;
mod folder;
mod follow;
mod readiness;
pub mod report;
mod same;
mod sending;
mod source;

use folder::FilesIn;
pub use folder::FilesOut;

use crate::{
    config::{FilesSource, FilesTarget, Gives, SourceKind, Takes, TargetKind, read_files_source, read_files_target},
    endpoint::{
        kind::EndpointKind,
        source::SourceEntry,
        target::{Target, TargetEntry},
    },
};

/// Receives files from a folder, and sends files to one.
pub(super) const KIND: EndpointKind = EndpointKind {
    source: Some(SourceEntry {
        kind: SourceKind { name: "files", gives: Gives::Documents, read: read_files_source },
        open: |site, flow| {
            let files = flow.source_as::<FilesSource>()?;
            Some(Box::new(FilesIn { site, flow, files, documents: flow.documents.as_ref()? }))
        },
    }),
    target: Some(TargetEntry {
        kind: TargetKind { name: "files", takes: Takes::Documents, passes_on: false, read: read_files_target },
        open: |site, flow| {
            let files = flow.target_as::<FilesTarget>()?;
            Some(Target::Documents(Box::new(FilesOut { site, flow, files })))
        },
    }),
};
