//! Floor 6: what those who look after messages ask and do, the same from the command line and from the web page.
//!
//! **Invariant:** whatever a person changes goes through [`actions`] or [`edit`], which write down who did it and why in the
//! transaction of the deed.

pub mod actions;
pub mod alerts;
pub mod backup;
pub mod diff;
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
