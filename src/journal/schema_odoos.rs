//! Version 7 of the tables: which Odoo it is about. An empty name is the Odoo of `[odoo]`, the only one until then.

/// Statements that lead to version 7. Never changed once released.
pub(super) const STATEMENTS: &[&str] = &[
    "alter table message add column odoo text not null default ''",
    "create table record_new (message text not null references message (id), odoo text not null, model text not null, odoo_id integer not null, name text not null,
        change text not null, at text not null, primary key (message, odoo, model, odoo_id)) strict, without rowid",
    "insert into record_new select message, '', model, odoo_id, name, change, at from record",
    "drop table record",
    "alter table record_new rename to record",
    "create index record_place on record (odoo, model, odoo_id)",
    "create table written_new (odoo text not null, model text not null, odoo_id integer not null, fields text not null, at text not null,
        primary key (odoo, model, odoo_id)) strict, without rowid",
    "insert into written_new select '', model, odoo_id, fields, at from written",
    "drop table written",
    "alter table written_new rename to written",
    "create table sent_new (flow text not null, odoo text not null, record text not null, message text not null, digest text,
        primary key (flow, odoo, record)) strict, without rowid",
    "insert into sent_new select flow, '', record, message, digest from sent",
    "drop table sent",
    "alter table sent_new rename to sent",
    "create index sent_message on sent (message)",
    "create table cursor_new (flow text not null, odoo text not null, at text not null, primary key (flow, odoo)) strict, without rowid",
    "insert into cursor_new select flow, '', at from cursor",
    "drop table cursor",
    "alter table cursor_new rename to cursor",
    // Why it is not known what a flow has sent: the journal was restored, or the flow works with another Odoo than before.
    "alter table restored add column reason text not null default 'restored'",
];
