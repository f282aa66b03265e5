//! Everything that needs nothing but this machine: behaviour suites over the embedded servers, the flows, bad input, the commands.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod alerts;
mod answers;
mod bad_input;
mod cases;
mod commands;
mod daemon;
mod doors;
mod drops;
mod ends;
mod envelopes;
mod flows;
mod foreign;
mod found;
mod hold;
mod hostile;
mod journals;
mod keep;
mod languages;
mod library;
mod migrate;
mod mistakes;
mod neighbours;
mod odoo;
mod odoos;
mod ops;
mod pages;
mod pauses;
mod people;
mod plans;
mod readme;
mod reads;
mod records;
mod recovery;
mod sending;
mod sftp;
mod sources;
mod tables;
mod traces;
mod transports;
mod validate;
mod web;
mod zips;
