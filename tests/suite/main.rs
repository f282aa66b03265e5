//! Everything that needs nothing but this machine: behaviour suites over the embedded servers, the flows, bad input, the commands.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod commands;
mod corpus;
mod daemon;
mod flows;
mod odoo;
mod transports;
