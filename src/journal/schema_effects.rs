//! Version 6 of the tables: what messages were about to do stands in rows, not in notes; codes stand in columns.
//!
//! Journals up to version 5 have outbound messages at `planned` that were rendered and not checked: they are received. What was checked
//! is planned. A note `about to rename` that no other followed becomes an open intent with its final path.

/// Statements that lead to version 6. Never changed once released.
pub(super) const STATEMENTS: &[&str] = &[
    "update message set stage = case stage when 'planned' then 'received' when 'checked' then 'planned' else stage end,
        resume = case resume when 'planned' then 'received' when 'checked' then 'planned' else resume end
        where direction = 'out' and (stage in ('planned', 'checked') or resume in ('planned', 'checked'))",
    // Code of the first problem for which it is held, waits or failed.
    "alter table message add column code text",
    "update message set code = substr(reason, 1, 4) where reason glob 'C[0-9][0-9][0-9]: *' and stage in ('held', 'waiting', 'failed')",
    // Whether the time until which it waits must be kept, though a person asks for a run.
    "alter table message add column firm integer not null default 0",
    "update message set firm = 1 where stage = 'waiting' and code = 'C507'",
    // Whether its document has passed its check.
    "alter table message add column checked integer not null default 0",
    "update message set checked = 1 where id in (select message from event where stage = 'checked')",
    // Whether it has waited, was held or was begun anew.
    "alter table message add column rested integer not null default 0",
    "update message set rested = 1 where attempts > 0 or run > 1 or stage in ('held', 'waiting')",
    // Held, it goes on from where it was, under the mark that it had.
    "update message set resume = 'received' where stage = 'held' and resume is null",
    // What a message was about to do: closed by its outcome, open until then.
    "create table intent_new (id integer primary key, message text not null references message (id), run integer not null, kind text not null,
        name text not null, source text, place text, opened text not null, outcome text, closed text, check ((outcome is null) = (closed is null)),
        check (kind in ('call', 'rename', 'write')), check (outcome in ('happened', 'not_happened', 'unknown'))) strict",
    "insert into intent_new (message, run, kind, name, opened, outcome, closed)
        select message, run, kind, name, opened, outcome, case when outcome is not null then coalesce(ended, updated) end from (
            select i.message, i.run, i.at as opened, i.ended, m.updated,
                case when i.call like 'writing %' then 'write' else 'call' end as kind,
                case when i.call like 'writing %' then substr(i.call, 9) else i.call end as name,
                case when i.ended is not null or m.stage in ('applied', 'done') or m.resume = 'applied' then 'happened'
                     when m.stage in ('discarded', 'failed') and i.call like 'writing %' or m.stage = 'discarded' or i.run < m.run then 'unknown' end as outcome
            from intent i join message m on m.id = i.message)",
    "drop table intent",
    "alter table intent_new rename to intent",
    "create unique index intent_of_run on intent (message, run, kind, name)",
    // What was sent once, by whichever run: its number is nobody else's.
    "insert into intent (message, run, kind, name, opened, outcome, closed)
        select m.id, 0, 'rename', m.path, min(e.at), 'happened', min(e.at) from message m join event e on e.message = m.id and e.stage = 'applied'
        where m.direction = 'out' group by m.id",
    "insert into intent (message, run, kind, name, opened, outcome, closed)
        select m.id, m.run, 'rename', m.path, e.at, case when m.stage = 'discarded' then 'unknown' end,
            case when m.stage = 'discarded' then m.updated end
        from message m join event e on e.rowid =
            (select max(n.rowid) from event n where n.message = m.id and n.note in ('about to rename', 'not renamed'))
        where m.direction = 'out' and m.path <> '' and e.note = 'about to rename'
            and (m.stage in ('staged', 'failed', 'discarded') or m.resume = 'staged')
            and e.rowid > coalesce((select max(r.rowid) from event r where r.message = m.id and r.stage in ('received', 'planned', 'checked')), 0)",
];
