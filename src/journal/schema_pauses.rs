//! Version 10 of the tables: a flow can be paused; names that the glossary has other words for are its words.

/// Statements that lead to version 10. Never changed once released.
pub(super) const STATEMENTS: &[&str] = &[
    // Flows that receive nothing new: since when, by whom and why; and when they were resumed.
    "create table pause (flow text primary key, at text not null, who text not null, reason text, ended text) strict, without rowid",
    // Runs that people have asked for and that have not begun.
    "create table run_request (flow text primary key, at text not null) strict, without rowid",
    "alter table tally rename to stage_count",
    "alter table run rename column unwell to failing_since",
    "alter table alert rename column told to reported",
    "alter table alert rename column told_count to reported_count",
    "alter table message rename column unshelved to unarchived",
];
