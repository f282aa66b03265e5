//! What a kind of endpoint offers.

use super::{source::SourceEntry, target::TargetEntry};

/// A kind of endpoint: as source, as target, or as both.
pub struct EndpointKind {
    /// As source.
    pub source: Option<SourceEntry>,
    /// As target.
    pub target: Option<TargetEntry>,
}
