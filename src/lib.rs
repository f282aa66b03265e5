//! wip
#![allow(missing_docs)]
pub mod config;
pub mod flow;
pub mod format;
pub mod journal;
pub mod mapping;
pub mod model;
pub mod odoo;
pub mod schema;
pub mod transport;
