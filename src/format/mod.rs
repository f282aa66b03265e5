//! Floor 2: bytes to documents. One file for each format; each converts its input to the same tree with positions.
//!
//! **Invariant:** nothing here knows where the bytes come from. Nothing outside the bytes is ever read: no DTD, no external entity, no
//! schema hint.

pub mod csv;
pub mod decode;
mod kind;
mod limits;
#[cfg(feature = "failpoints")]
mod outline;
pub mod parts;
mod source;
pub mod tree;
pub mod typed;
pub mod within;
pub mod xml;
pub mod zip;

use std::sync::Arc;

pub use kind::{Format, FormatKind, Layout};
pub use limits::Limits;
pub use source::ByteSource;

use crate::model::toml_reader::TomlReader;

/// Every kind of format. A new one is a file or folder here, a module line above, and a line in this list. The first is the
/// default.
const KINDS: &[FormatKind] = &[
    xml::KIND,
    csv::KIND,
    #[cfg(feature = "failpoints")]
    outline::KIND,
];

/// The format in a flow's file. `None` if the settings are not complete; the reason was reported.
pub fn configured(reader: &TomlReader<'_>) -> Option<Arc<dyn Format>> {
    let names: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
    let name = reader.choice("format", &names);
    let kind = KINDS.iter().find(|kind| kind.name == name)?;
    (kind.configure)(reader)
}
