//! Floor 6: queries and actions for people who look after messages. The command line and the web page share them.
//!
//! **Invariant:** every change by a person goes through [`actions`] or [`edit`], which write the audit entry (who and why) in the same
//! transaction.

pub mod actions;
pub mod alerts;
pub mod backup;
pub mod diff;
pub mod drop_listing;
pub mod edit;
pub mod health;
pub mod keep;
pub mod message_detail;
pub mod message_filter;
pub mod migrate;
pub mod new_journal;
pub mod reprocess_preview;
pub mod restore;
pub mod source_snippet;
pub mod traces;
pub mod users;
