//! consign: integration between partners' systems and Odoo, file-based first.
//!
//! The promise: **nothing half-read, nothing lost, nothing imported twice, every file traceable, every error explained.**

#![doc = include_str!("../docs/architecture.md")]

pub mod cli;
pub mod config;
pub mod daemon;
pub mod failpoints;
pub mod flow;
pub mod format;
pub mod journal;
pub mod mapping;
pub mod model;
pub mod odoo;
pub mod ops;
pub mod schema;
pub mod storage;
pub mod transport;
pub mod web;
