//! Odoo as source of records and as target of plans.

mod due;
mod note;
mod records;
mod writing;

pub use due::digest_of;
use records::Records;
use writing::Writer;
pub use writing::not_overtaken;

use crate::{
    config::{Gives, RecordsSource, SourceKind, Takes, TargetKind, TargetSettings, Transform, read_records_source},
    endpoint::{
        kind::EndpointKind,
        source::SourceEntry,
        target::{Target, TargetEntry},
    },
};

/// The settings of the target besides its Odoo.
#[derive(Debug)]
struct Settings;

impl TargetSettings for Settings {}

/// Sends records, and executes plans.
pub(super) const KIND: EndpointKind = EndpointKind {
    source: Some(SourceEntry {
        kind: SourceKind { name: "odoo", gives: Gives::Records, read: read_records_source },
        open: |site, flow| match &flow.transform {
            Transform::Render(render) => Some(Box::new(Records { site, flow, of: flow.source_as::<RecordsSource>()?, render })),
            _ => None,
        },
    }),
    target: Some(TargetEntry {
        kind: TargetKind { name: "odoo", takes: Takes::Plans, passes_on: false, read: |_| Some(Box::new(Settings)) },
        open: |site, _| Some(Target::Plans(Box::new(Writer { site }))),
    }),
};
