//! consign: integration between partners' systems and Odoo, file-based first.
//!
//! The promise: **nothing half-read, nothing lost, nothing imported twice, every file traceable, every error explained.**

#![doc = include_str!("../docs/architecture.md")]

pub mod cli;
pub mod config;
pub mod daemon;
pub mod endpoint;
pub mod failpoints;
pub mod format;
pub mod http;
pub mod journal;
pub mod mapping;
pub mod model;
pub mod odoo;
pub mod ops;
pub mod pipeline;
pub mod schema;
pub mod storage;
pub mod transport;
pub mod web;
