//! consign: file-based EDI between partners' drops and Odoo.
//!
//! The promise: **nothing half-read, nothing lost, nothing imported twice, every file traceable, every error explained.**
//!
//! # The floor plan
//!
//! Imports run downward only; rooms on one floor never import each other. `tests/tidy.rs` enforces it.
//!
//! | floor | room | what it is for |
//! |---|---|---|
//! | 6 | [`cli`] | one file a verb |
//! | 5 | [`daemon`] | schedules, watched folders, graceful stop |
//! | 5 | [`web`] | the page for those who look after messages; metrics |
//! | 4 | [`ops`] | what those who look after messages ask and do: find, foresee, replay, edit, alerts, keeping |
//! | 3 | [`flow`] | carries messages through their stages; the only room where the others meet |
//! | 2 | [`config`] | the workspace: read, checked, secrets |
//! | 1 | [`transport`] | drops: local folder, FTP, SFTP, memory |
//! | 1 | [`mod@format`] | bytes to events, and to documents where they are needed: XML, CSV |
//! | 1 | [`schema`] | XSD, at run time |
//! | 1 | [`mapping`] | document to plan, record to document; no I/O |
//! | 1 | [`odoo`] | three dialects, plans carried out, a sandbox |
//! | 1 | [`storage`] | bytes of messages: spool, archive, error folder; days of the archive in zips |
//! | 1 | [`journal`] | every file, stage, attempt, record; SQLite |
//! | 0 | [`failpoints`] | named points that tests make go wrong; a cargo feature |
//! | 0 | [`model`] | plain nouns: document, events, message, plan, problem, clock |
//!
//! # A message's way
//!
//! Inbound: `received` -> `checked` -> `planned` -> `applied` -> `done`. Outbound: `received` -> `planned` -> `staged` -> `applied` ->
//! `done`. From any but `applied` a message may also wait, be held, fail or be discarded; what has had its effect can only wait or be
//! done. A stage moves only through a checked transition that is written to the journal; after a crash every stage is gone on from, with
//! the effect of one run.
//!
//! # Invariants
//!
//! * Flow code does not assume that a message is a file on SFTP: it knows a [`transport::RemoteFs`] and a path.
//! * Third-party error types never leave their room; each room makes problems of them in one function.
//! * What a problem leads to is a property of its code ([`model::codes`]), followed in one place.
//! * An effect outside is written down before it, and closed by its outcome ([`model::intent`]).
//! * No journal transaction is held open across the network.
//! * Secrets, and the contents of files, are never logged.

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
