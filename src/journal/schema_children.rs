//! Version 8 of the tables: answers to partners are messages of their own, and what was refused of a document is counted with it.

/// Statements that lead to version 8. Never changed once released.
pub(super) const STATEMENTS: &[&str] = &[
    // Parts of its document that were refused and are not at the partner's yet.
    "alter table message add column refused integer not null default 0",
    "create index message_refused on message (flow) where refused > 0",
    // An answer to the partner tells the outcome of this try of its parent. It is counted nowhere.
    "alter table message add column answers integer",
    "create unique index message_answers on message (parent, answers) where answers is not null",
    "drop trigger message_in",
    "create trigger message_in after insert on message begin
        insert into tally (flow, stage, count, last) select new.flow, new.stage, 1, new.updated where new.answers is null
            on conflict do update set count = count + 1, last = max(last, excluded.last);
        insert into day (flow, day, came, failed) select new.flow, substr(new.received, 1, 10), 1, new.stage = 'failed' where new.answers is null
            on conflict do update set came = came + 1, failed = failed + excluded.failed;
        insert or ignore into term (message, kind, value) values (new.id, 'file', new.name);
    end",
    "drop trigger message_step",
    "create trigger message_step after update of stage on message when new.stage <> old.stage and new.answers is null begin
        update tally set count = count - 1 where flow = old.flow and stage = old.stage;
        insert into tally (flow, stage, count, last) values (new.flow, new.stage, 1, new.updated)
            on conflict do update set count = count + 1, last = max(last, excluded.last);
        update day set failed = failed + (new.stage = 'failed') - (old.stage = 'failed')
            where flow = new.flow and day = substr(new.received, 1, 10) and 'failed' in (new.stage, old.stage);
    end",
    "drop trigger message_out",
    "create trigger message_out after delete on message when old.answers is null begin
        update tally set count = count - 1 where flow = old.flow and stage = old.stage;
    end",
    // A document is handed over in other ways than by a rename.
    "create table intent_new (id integer primary key, message text not null references message (id), run integer not null, kind text not null,
        name text not null, source text, place text, opened text not null, outcome text, closed text, check ((outcome is null) = (closed is null)),
        check (kind in ('call', 'deliver', 'rename', 'write')), check (outcome in ('happened', 'not_happened', 'unknown'))) strict",
    "insert into intent_new select * from intent",
    "drop table intent",
    "alter table intent_new rename to intent",
    "create unique index intent_of_run on intent (message, run, kind, name)",
];
