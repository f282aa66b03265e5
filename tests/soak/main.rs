//! The soak: files arrive all the time, in and out, while Odoo and sshd are restarted under them, answers of Odoo are lost, and consign,
//! as it ships, is killed at random. When everything has come to rest the balance is drawn: every file that was dropped is in exactly one
//! place with exactly one effect, and neither memory nor file handles have grown.
//!
//! `tests/live/run.sh soak 20` runs it for twenty minutes; CI runs a short one. The seed is printed, and `CONSIGN_SOAK_SEED` repeats it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod books;
mod chaos;
#[path = "../common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use books::Books;
use chaos::Chaos;
use common::{
    proxy::{Fault, Proxy},
    rpc::Target,
    sshd::Sshd,
    world::World,
};

/// What becomes of a request to Odoo: all of it can be found out afterwards.
const LOST: [Fault; 6] = [Fault::CutBefore, Fault::CutDuring, Fault::CutAfter, Fault::Late, Fault::BadGateway, Fault::BadGatewayAfter];

/// Files that lie before the flow at most, so that what is left at the end is done in some minutes.
const BACKLOG: usize = 60;

fn odoo() -> Target {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start this suite with tests/live/run.sh soak"));
    Target {
        url: variable("CONSIGN_LIVE_ODOO_URL"),
        database: variable("CONSIGN_LIVE_ODOO_DB"),
        login: "admin".into(),
        password: "admin".into(),
        key: variable("CONSIGN_LIVE_ODOO_KEY"),
    }
}

/// A number from the environment.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_restarted_the_books_balance() {
    let time = Duration::from_secs(number("CONSIGN_SOAK_SECONDS", 120));
    let seed = number("CONSIGN_SOAK_SEED", u64::from(std::process::id()));
    println!("soak: {} s, seed {seed}", time.as_secs());
    let (dir, access, server) = Sshd::start().into_parts();
    let world = World::around(odoo(), dir, access, "json2", Box::new(()));
    let proxy = Proxy::before(&world.odoo.url).await;
    world.replace("consign.toml", &[(&world.odoo.url.clone(), &proxy.url)]);
    // No request here takes as long as Odoo would give it: after a kill it is written to again after a minute, and killed at again.
    world.replace("consign.toml", &[("timeout  = \"120s\"", "timeout  = \"10s\"\nlimit_time_real = \"10s\"")]);
    let mut books = Books::open(world).await;
    let mut chaos = Chaos::new(seed, time, server, &books.world);
    let (started, mut lost) = (Instant::now(), 0);
    while started.elapsed() < time {
        // What is killed again and again comes no further than this; the rest is for the end.
        if books.waiting() < BACKLOG {
            books.drop_one(chaos.random(20));
        }
        chaos.look();
        // The last third is for watching one process age.
        if started.elapsed() < time * 2 / 3 {
            chaos.perhaps(&books.world);
            if chaos.random(20) == 0 {
                proxy.plan(Some((1 + chaos.random(6) as usize, LOST[chaos.random(LOST.len() as u64) as usize])));
                lost += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(200 + chaos.random(600))).await;
    }
    chaos.all_up(&books.world);
    books.settle().await;
    chaos.look();
    chaos.end();
    println!("soak: {} answers of Odoo lost or late, {}", lost, chaos.told());
    books.balance().await;
    chaos.is_flat();
}
