//! Floor 1: bytes to documents. One file a format; each lifts what it reads to the same tree with positions.
//!
//! **Invariant:** nothing here knows where the bytes come from, and nothing outside the bytes is ever read: no DTD, no external
//! entity, no schema hint is followed.

pub mod csv;
pub mod decode;
pub mod end;
mod limits;
pub mod parts;
pub mod rest;
mod source;
pub mod tree;
pub mod within;
pub mod xml;

pub use limits::Limits;
pub use source::Source;
