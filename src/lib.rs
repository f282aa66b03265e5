//! wip
#![allow(missing_docs)]
pub mod format;
pub mod model;
pub mod schema;
pub mod transport;
