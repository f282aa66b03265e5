//! The forms that documents come in. A new one is a file of its own, a module line, and a line in [`KINDS`].

use std::sync::Arc;

use super::{Format, Kind, csv, xml};
use crate::model::table::Reader;

/// Every kind of format. The first is the one of flows that do not say.
pub const KINDS: [Kind; 2] = [xml::KIND, csv::KIND];

/// The format of a flow, as its file says. `None` when the settings are not complete; the reason was reported.
pub fn configured(reader: &Reader<'_>) -> Option<Arc<dyn Format>> {
    let name = reader.choice("format", &KINDS.each_ref().map(|kind| kind.name));
    let kind = KINDS.iter().find(|kind| kind.name == name)?;
    (kind.configure)(reader)
}
