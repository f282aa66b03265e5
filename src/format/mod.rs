//! Floor 1: bytes to documents. One file a format; each lifts what it reads to the same tree with positions.
//!
//! **Invariant:** nothing here knows where the bytes come from, and nothing outside the bytes is ever read: no DTD, no external
//! entity, no schema hint is followed.

pub mod csv;
pub mod decode;
mod kind;
mod limits;
pub mod parts;
mod registry;
mod source;
pub mod tree;
pub mod within;
pub mod xml;
pub mod zip;

pub use kind::{Format, Kind, Layout};
pub use limits::Limits;
pub use registry::configured;
pub use source::Source;
