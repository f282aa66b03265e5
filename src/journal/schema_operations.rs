//! Versions 4 and 5 of the tables: what those who look after messages ask. Counts are kept by triggers, so that an overview of a million
//! messages reads a few rows; whatever writes a message, they agree with it.

/// Statements that lead to version 4. Never changed once released.
pub(super) const STATEMENTS: &[&str] = &[
    // The message that this one was made of: an edited copy's original, a document's zip.
    "alter table message add column parent text",
    // How it is done again, and the mapping that it was planned with.
    "alter table message add column as_then integer not null default 0",
    "alter table message add column overwrite integer not null default 0",
    "alter table message add column mapping text",
    // Whether it is a copy of its parent that a person has edited.
    "alter table message add column edited integer not null default 0",
    "create index message_parent on message (parent) where parent is not null",
    "create index message_short on message (substr(id, -8))",
    // Each is an order that messages are listed in.
    "drop index message_flow",
    "create index message_flow_stage on message (flow, stage, received, id)",
    "create index message_flow_time on message (flow, received, id)",
    "create index message_stage_time on message (stage, received, id)",
    "create index message_time on message (received, id)",
    "create index message_unmoved on message (received, id) where moved = 0",
    // At rest, but its bytes do not lie in the folder of its stage.
    "alter table message add column unshelved integer as (stage in ('done', 'discarded') and stored <> '' and stored not like 'archive/%'
        or stage = 'failed' and stored <> '' and stored not like 'error/%') virtual",
    "create index message_unshelved on message (flow) where unshelved = 1",
    "create index message_until on message (until) where stage = 'waiting'",
    // What has been sent must be known longer than its message.
    "create table sent_new (flow text not null, record text not null, message text not null, digest text, primary key (flow, record)) strict, without rowid",
    "insert into sent_new (flow, record, message, digest) select flow, record, message, digest from sent",
    "drop table sent",
    "alter table sent_new rename to sent",
    "create index sent_message on sent (message)",
    // What a message can be found by: its file's name, its business numbers, the names of its few records in Odoo.
    "create table term (id integer primary key, message text not null references message (id), kind text not null, value text not null) strict",
    "create unique index term_message on term (message, kind, value)",
    // For what is too short for the index of its parts.
    "create index term_value on term (value) where length(value) < 3",
    "create virtual table term_text using fts5(value, content = 'term', content_rowid = 'id', tokenize = 'trigram')",
    "create trigger term_in after insert on term begin insert into term_text (rowid, value) values (new.id, new.value); end",
    "create trigger term_out after delete on term begin insert into term_text (term_text, rowid, value) values ('delete', old.id, old.value); end",
    "insert or ignore into term (message, kind, value) select id, 'file', name from message order by id",
    "insert or ignore into term (message, kind, value)
        select message, 'record', name from record where name <> '' and message in (select message from record group by message having count(*) <= 20) order by message",
    // Counts by flow and stage, and by the day that messages came on.
    "create table tally (flow text not null, stage text not null, count integer not null, last text not null, primary key (flow, stage)) strict, without rowid",
    "create table day (flow text not null, day text not null, came integer not null, failed integer not null, primary key (flow, day)) strict, without rowid",
    "insert into tally (flow, stage, count, last) select flow, stage, count(*), max(updated) from message group by flow, stage",
    "insert into day (flow, day, came, failed) select flow, substr(received, 1, 10), count(*), sum(stage = 'failed') from message group by 1, 2",
    "create trigger message_in after insert on message begin
        insert into tally (flow, stage, count, last) values (new.flow, new.stage, 1, new.updated)
            on conflict do update set count = count + 1, last = max(last, excluded.last);
        insert into day (flow, day, came, failed) values (new.flow, substr(new.received, 1, 10), 1, new.stage = 'failed')
            on conflict do update set came = came + 1, failed = failed + excluded.failed;
        insert or ignore into term (message, kind, value) values (new.id, 'file', new.name);
    end",
    "create trigger message_step after update of stage on message when new.stage <> old.stage begin
        update tally set count = count - 1 where flow = old.flow and stage = old.stage;
        insert into tally (flow, stage, count, last) values (new.flow, new.stage, 1, new.updated)
            on conflict do update set count = count + 1, last = max(last, excluded.last);
        update day set failed = failed + (new.stage = 'failed') - (old.stage = 'failed')
            where flow = new.flow and day = substr(new.received, 1, 10) and 'failed' in (new.stage, old.stage);
    end",
    "create trigger message_name after update of name on message when new.name <> old.name begin
        insert or ignore into term (message, kind, value) values (new.id, 'file', new.name);
    end",
    "create trigger message_out after delete on message begin
        update tally set count = count - 1 where flow = old.flow and stage = old.stage;
    end",
    // What keeps a message from going on, by its cause, so that one cause of many messages is one line.
    "create table trouble (message text not null references message (id), cause text not null, flow text not null, code text not null, sentence text not null, hint text, who text not null,
        since text not null, primary key (message, cause)) strict, without rowid",
    "create index trouble_cause on trouble (cause)",
    // Who did what, and why.
    "create table audit (id integer primary key, at text not null, who text not null, action text not null, message text, reason text, detail text) strict",
    "create index ledger_message on ledger (message) where message is not null",
    "create index audit_message on audit (message) where message is not null",
    // Answers that a document that we sent, or took, is to have.
    "create table answer (message text primary key references message (id), flow text not null, due text, state text not null, at text, note text, by_message text) strict, without rowid",
    "create index answer_due on answer (due) where state = 'awaited'",
    // The first and the last run of each flow, what kept the last from working, and since when.
    "create table run (flow text primary key, first text not null, began text not null, ended text, problems text not null default '[]', unwell text) strict, without rowid",
    // What is alerted, until it has been over for a while; and what of it is still to be told, and by which way.
    "create table alert (key text primary key, kind text not null, flow text, text text not null, hint text, count integer not null, since text not null, told text,
        told_count integer not null, ended text, silenced integer not null) strict, without rowid",
    "create table notice (id integer primary key, channel text not null, at text not null, body text not null, tries integer not null, until text not null) strict",
    // By which a gap in a partner's numbers is found.
    "create index message_sequence on message (flow, sequence) where sequence is not null",
    // Who may sign in to the web page, and who is signed in: of sessions only a digest is kept.
    "create table user (name text primary key, role text not null, hash text not null) strict, without rowid",
    "create table session (digest text primary key, user text not null, csrf text not null, made text not null, seen text not null) strict, without rowid",
];

/// Statements that lead to version 5. Never changed once released.
pub(super) const ANSWERS_AND_RESTORES: &[&str] = &[
    // Answers that a document that we sent is to have; version 4 had a table of that name and never wrote to it.
    "drop table if exists answer",
    "create table answer (message text primary key references message (id), flow text not null, due text not null, state text not null, at text, note text,
        by_message text, mark text) strict, without rowid",
    "create index answer_open on answer (flow, due) where state in ('awaited', 'pending')",
    "create index answer_refused on answer (flow, at) where state = 'refused'",
    "create index answer_mark on answer (flow, mark) where mark is not null",
    // By which a younger message is found that has written the same record.
    "create index if not exists record_place on record (model, odoo_id)",
    // Outbound flows of a restored journal, and when it was copied: what they sent afterwards it does not know.
    "create table if not exists restored (flow text primary key, made text not null) strict, without rowid",
];
