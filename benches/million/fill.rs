//! Messages as years of them would be: written straight into the tables, which the journal has made, so that its own triggers count
//! and index them. 98 in 100 are done; the others failed, are held or wait, most of them kept by a few causes.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// Messages written in one go.
const CHUNK: u64 = 50_000;

/// Days that they came over.
const DAYS: u64 = 400;

/// The 32 bits that tell a message from its neighbours, all different: an odd factor modulo a power of two.
fn mixed(nth: u64) -> u64 {
    (nth * 2_654_435_761) % (1 << 32)
}

/// Its id.
pub fn id(nth: u64) -> String {
    format!("0199{:04x}-{:04x}-7000-8000-0000{:08x}", nth >> 16, nth & 0xffff, mixed(nth))
}

/// Its business number.
pub fn number(nth: u64) -> String {
    format!("PO{:010}", mixed(nth))
}

/// Its file's name.
pub fn name(nth: u64) -> String {
    format!("order-{nth:07}.xml")
}

/// Fills the journal with so many messages.
pub async fn fill(journal: &Path, messages: u64) {
    let mut db = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(journal)).await.expect("a journal");
    db.execute("pragma synchronous = off; pragma cache_size = -400000; pragma foreign_keys = off").await.expect("set");
    for first in (0..messages).step_by(usize::try_from(CHUNK).expect("a number")) {
        let last = (first + CHUNK).min(messages) - 1;
        for statement in STATEMENTS {
            let step = f64::from(u32::try_from(DAYS).expect("a number")) / f64::from(u32::try_from(messages).expect("a number"));
            let sql = format!("{} {statement}", of(first, last, step));
            db.execute(AssertSqlSafe(sql)).await.expect("written");
        }
        eprint!("\r{} messages", last + 1);
    }
    eprintln!();
    db.execute("pragma wal_checkpoint(truncate)").await.expect("on disk");
    db.close().await.expect("closed");
}

/// What is said of each message from the first to the last: its number, id, flow, stage, time and cause.
fn of(first: u64, last: u64, days_each: f64) -> String {
    format!(
        "with n(n) as (select {first} union all select n + 1 from n where n < {last}),
         m as (select n, (n * 2654435761) % 4294967296 as mixed, n % 5 as f from n),
         one as (select n, printf('0199%04x-%04x-7000-8000-0000%08x', n >> 16, n & 65535, mixed) as id, printf('PO%010d', mixed) as number,
            case f when 0 then 'products-in' when 1 then 'orders-in' when 2 then 'stock-in' when 3 then 'despatch-out' else 'orders-in' end as flow,
            case f when 3 then 'out' else 'in' end as direction,
            case when n % 100 = 7 then 'failed' when n % 1000 = 13 then 'waiting' when n % 5000 = 29 then 'held' else 'done' end as stage,
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now', printf('-%f days', {DAYS} - n * {days_each})) as at,
            case when n % 200 = 7 then 'shared00' else printf('c%07x', n % 40000) end as cause from m)"
    )
}

const STATEMENTS: [&str; 8] = [
    "insert into message (id, flow, direction, name, path, size, sha256, stage, until, attempts, stored, moved, reason, received, updated, collected)
     select id, flow, direction, printf('order-%07d.xml', n), printf('/out/order-%07d.xml', n), 4096, printf('%064x', n), stage,
        case stage when 'waiting' then '2099-01-01T00:00:00.000Z' end, 1,
        case stage when 'failed' then 'error/' when 'done' then 'archive/' else 'work/' end || flow || '/' || id, 1,
        case when stage <> 'done' then 'C412: there is no product with barcode ' || number end, at, at, case direction when 'out' then at end from one",
    "insert into event (message, at, stage, note)
     select id, at, s.column1, null from one join (values ('received'), ('checked'), ('planned'), ('applied')) s
     union all select id, at, stage, null from one",
    "insert into attempt (message, number, at, outcome, problems)
     select id, 1, at, stage, case when stage = 'done' then '[]'
        else '[{\"code\":\"C412\",\"message\":\"there is no product with barcode ' || number || '\",\"place\":{\"line\":12,\"path\":\"/Order/Line\"},\"who\":\"ops\",\"retry\":\"never\"}]' end
     from one",
    "insert into record (message, odoo, model, odoo_id, name, change, at)
     select id, '', 'sale.order', n, printf('S%07d', n), 'created', at from one where stage = 'done'
     union all select id, '', 'res.partner', n % 200, '', 'unchanged', at from one where stage = 'done'",
    "insert into ledger (flow, path, size, sha256, verdict, message, at)
     select flow, printf('/out/order-%07d.xml', n), 4096, printf('%064x', n), 'new', id, at from one where direction = 'in'",
    "insert into sent (flow, odoo, record, message) select flow, '', 'stock.picking,' || n, id from one where direction = 'out'",
    "insert into term (message, kind, value)
     select id, 'order', number from one union all select id, 'record', printf('S%07d', n) from one where stage = 'done'",
    "insert into trouble (message, cause, flow, code, sentence, hint, who, since)
     select id, cause, flow, 'C412', 'there is no product with barcode ' || cause, 'make the product, then reprocess', 'ops', at
     from one where stage <> 'done'",
];
