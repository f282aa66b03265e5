//! A person among the faults: whoever holds, releases, reprocesses, edits, discards or decides in the middle of things changes nothing
//! about what was begun.

use std::fs;

use serde_json::Value;

use super::{drops::Shop, sending::sender};
use crate::common::{checks::all_at_rest, kills::kill_at, world::World};

/// The one line of the flow out that names its file.
const NAME: &str = "name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"";

fn message(world: &World, flow: &str) -> Value {
    world.messages(flow).pop().expect("a message")
}

fn id(message: &Value) -> String {
    message["id"].as_str().expect("an id").to_string()
}

/// Documents at the partner's, by name.
fn sent(shop: &Shop) -> Vec<String> {
    shop.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect()
}

/// The partner fetches what lies there.
fn fetch(shop: &Shop) -> usize {
    let sent = sent(shop);
    sent.iter().for_each(|name| fs::remove_file(shop.world.partner.join("in").join(name)).expect("fetched"));
    sent.len()
}

/// The partner's server as it is, or away.
struct Server<'s> {
    shop: &'s Shop,
    here: String,
}

impl<'s> Server<'s> {
    fn of(shop: &'s Shop) -> Self {
        Self { shop, here: format!("port = {}", shop.world.sftp.port) }
    }

    fn goes_away(&self) {
        self.shop.world.replace("partners/nordwind.toml", &[(&self.here, "port = 1")]);
    }

    fn comes_back(&self) {
        self.shop.world.replace("partners/nordwind.toml", &[("port = 1\n", &format!("{}\n", self.here))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_renamed_is_not_sent_again_because_a_person_held_and_released_it() {
    let shop = sender(NAME, 1).await;
    kill_at(&shop.world, "despatch-out", "renamed");
    let server = Server::of(&shop);
    server.goes_away();
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(2);
    let waiting = message(&shop.world, "despatch-out");
    assert_eq!(waiting["stage"], "waiting");
    assert_eq!(fetch(&shop), 1, "the rename took place, and the partner fetches");
    shop.world.consign(&["hold", &id(&waiting), "--reason", "I look at it"]).ends(0);
    server.comes_back();
    shop.world.consign(&["release", &id(&waiting)]).ends(0);
    assert_eq!(sent(&shop), Vec::<String>::new(), "it is not sent a second time");
    assert_eq!(message(&shop.world, "despatch-out")["stage"], "done");
    all_at_rest(&shop.world);
}
