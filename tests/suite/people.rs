//! A person among the faults: whoever holds, releases, reprocesses, edits, discards or decides in the middle of things changes nothing
//! about what was begun.

use std::fs;

use serde_json::{Value, json};

use super::{
    drops::Shop,
    sending::{more, sender},
};
use crate::common::{
    checks::all_at_rest,
    goods,
    kills::kill_at,
    plans::Catalogue,
    site::Site,
    world::{Ran, World},
};

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

    /// The server is there, and is of no use.
    fn refuses(&self) -> Ran {
        self.shop.world.consign_with(&["run", "--once", "despatch-out"], &[("NORDWIND_PASSWORD", "wrong")])
    }

    fn comes_back(&self) {
        self.shop.world.replace("partners/nordwind.toml", &[("port = 1\n", &format!("{}\n", self.here))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_renamed_is_not_sent_again_because_a_person_held_and_released_it() {
    let shop = sender(NAME, 1).await;
    kill_at(&shop.world, "despatch-out", "renamed");
    Server::of(&shop).refuses().ends(2);
    let waiting = message(&shop.world, "despatch-out");
    assert_eq!(waiting["stage"], "waiting");
    assert_eq!(fetch(&shop), 1, "the rename took place, and the partner fetches");
    shop.world.consign(&["hold", &id(&waiting), "--reason", "I look at it"]).ends(0);
    shop.world.consign(&["release", &id(&waiting)]).ends(0);
    assert_eq!(sent(&shop), Vec::<String>::new(), "it is not sent a second time");
    assert_eq!(message(&shop.world, "despatch-out")["stage"], "done");
    all_at_rest(&shop.world);
}

/// Another server than the one a sending was begun at proves nothing about it: it is held, and goes on once the right one is asked.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_tells_nothing_about_what_was_sent() {
    let shop = sender(NAME, 1).await;
    kill_at(&shop.world, "despatch-out", "renamed");
    assert_eq!(fetch(&shop), 1);
    let server = Server::of(&shop);
    server.goes_away();
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
    let held = message(&shop.world, "despatch-out");
    assert_eq!((held["stage"].as_str(), held["code"].as_str()), (Some("held"), Some("C417")));
    server.comes_back();
    shop.world.consign(&["release", &id(&held)]).ends(0);
    assert_eq!(sent(&shop), Vec::<String>::new(), "it is not sent a second time");
    assert_eq!(message(&shop.world, "despatch-out")["stage"], "done");
    all_at_rest(&shop.world);
}

/// The temporary file is gone and another file has the final name: the partner has fetched ours and put that there, or has removed ours.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_look_does_not_tell_whether_a_document_was_sent_a_person_decides() {
    for (outcome, sent_after) in [("--happened", 0), ("--did-not-happen", 1)] {
        let shop = sender(NAME, 1).await;
        kill_at(&shop.world, "despatch-out", "renamed");
        let name = sent(&shop).remove(0);
        shop.world.drop_file("in", &name, "<another/>");
        let ran = shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
        assert!(ran.out.contains("1 held"), "{}", ran.out);
        let held = message(&shop.world, "despatch-out");
        assert_eq!(held["code"], "C417");
        let errors = shop.world.consign(&["errors"]).ends(0);
        assert!(errors.out.contains("consign resolve"), "{}", errors.out);
        for deed in ["release", "reprocess"] {
            shop.world.consign(&[deed, &id(&held)]).ends(1);
            assert_eq!(message(&shop.world, "despatch-out")["code"], "C417", "{deed} changes nothing");
        }
        // The other file goes its way.
        fs::remove_file(shop.world.partner.join("in").join(&name)).expect("fetched");
        shop.world.consign(&["resolve", &id(&held), outcome, "--reason", "the partner says so"]).ends(0);
        assert_eq!(sent(&shop).len(), sent_after, "{outcome}");
        assert_eq!(message(&shop.world, "despatch-out")["stage"], "done");
        all_at_rest(&shop.world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_was_applied_is_not_applied_again_because_a_person_held_and_released_it() {
    for deed in ["release", "reprocess"] {
        let world = World::embedded().await;
        let product = goods::product(&world.odoo).await;
        world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&product, 9.0)]));
        kill_at(&world, "stock-in", "effect");
        let count = message(&world, "stock-in");
        world.consign(&["hold", &id(&count), "--reason", "I look at it"]).ends(0);
        // Odoo may be at it still, whoever asks.
        let asked = world.consign(&[deed, &id(&count)]);
        assert!(asked.err.contains("error[C423]"), "{deed}: {asked:?}");
        world.consign_later(&["run", "--once", "stock-in"]).ends(0);
        let moves = json!([["product_id", "=", product.id], ["is_inventory", "=", true]]);
        assert_eq!(world.odoo.count("stock.move", moves).await, 1, "{deed}");
        all_at_rest(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_effect_is_there_is_not_held_or_discarded() {
    let shop = sender(NAME, 1).await;
    kill_at(&shop.world, "despatch-out", "applied");
    let sent_already = message(&shop.world, "despatch-out");
    for deed in ["hold", "discard"] {
        let ran = shop.world.consign(&[deed, &id(&sent_already), "--reason", "r"]).ends(2);
        assert!(ran.err.contains("C903"), "{deed}: {}", ran.err);
    }
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_uploaded_of_a_discarded_message_is_taken_back() {
    let shop = sender(NAME, 1).await;
    kill_at(&shop.world, "despatch-out", "staged");
    let part = |shop: &Shop| shop.world.partner_files("in").into_iter().filter(|name| name.ends_with(".part")).count();
    assert_eq!(part(&shop), 1);
    let staged = message(&shop.world, "despatch-out");
    shop.world.consign(&["discard", &id(&staged), "--reason", "not wanted"]).ends(0);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!((part(&shop), sent(&shop).len()), (0, 0));
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_is_away_stops_the_run_and_odoo_is_asked_no_more() {
    let shop = sender(NAME, 5).await;
    let server = Server::of(&shop);
    server.goes_away();
    let ran = shop.world.consign(&["run", "--once", "despatch-out"]).ends(2);
    assert!(ran.out.contains("1 waiting"), "one tells for all: {}", ran.out);
    assert_eq!(shop.world.messages("despatch-out").len(), 1, "nothing is rendered for a drop that is away");
    server.comes_back();
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop).len(), 5);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_act_decides_on_the_page() {
    let world = World::embedded().await;
    let (catalogue, sandbox) = Catalogue::whose_call_is_lost(&world);
    catalogue.comes("<Item><Code>X1</Code></Item>").ends(2);
    world.consign_later(&["run", "--once", "catalogue-in"]).ends(1);
    let held = message(&world, "catalogue-in");
    Site::user(&world, "vera", "viewer");
    Site::user(&world, "anna", "operator");
    let site = Site::of(&world);
    let (page, vera) = (format!("/messages/{}", id(&held)), site.signed_in(&world, "vera").await);
    let shown = vera.get(&page).await.text;
    assert!(shown.contains("unknown (open)") && shown.contains("call message_post"), "{shown}");
    let decide = format!("{page}/do/did-not-happen");
    assert!(!shown.contains(&decide), "who only looks decides nothing");
    assert_eq!(vera.submit("/account", &decide, &[("reason", "r")]).await.status, 403);
    let anna = site.signed_in(&world, "anna").await;
    assert!(anna.get(&page).await.text.contains(&decide));
    assert!(!anna.get(&page).await.text.contains(&format!("{page}/edit")), "it is not edited while that is not known");
    assert!(anna.get(&decide).await.text.contains("call message_post"), "what is decided stands on the page");
    assert_eq!(anna.submit(&decide, &decide, &[("reason", " ")]).await.status, 400, "with a reason only");
    assert_eq!(anna.submit(&decide, &decide, &[("reason", "nothing in its chatter")]).await.status, 303);
    assert_eq!(anna.submit("/account", &decide, &[("reason", "again")]).await.status, 409, "it is decided");
    world.consign_later(&["run", "--once", "catalogue-in"]).ends(0);
    assert_eq!(sandbox.calls().iter().filter(|call| *call == "res.partner.message_post").count(), 2);
    let audit = world.json(&["audit", &id(&held)]);
    assert_eq!((audit[0]["who"].as_str(), audit[0]["action"].as_str()), (Some("anna"), Some("resolve")));
}

/// Sent while a person discarded it, it comes to its end behind that when it is reprocessed; to send it once more is another deed.
#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_document_that_was_sent_is_not_sent_again_by_a_reprocess_nor_its_number_given_to_another() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1", 1).await;
    kill_at(&shop.world, "despatch-out", "renamed");
    let document = id(&message(&shop.world, "despatch-out"));
    let ran = shop.world.consign(&["discard", &document, "--reason", "not wanted"]).ends(0);
    assert!(ran.out.contains("outcome unknown: send in/despatch-1.xml"), "{}", ran.out);
    assert!(shop.world.consign(&["reprocess", &document]).ends(1).err.contains("C417"));
    shop.world.consign(&["resolve", &document, "--happened", "--reason", "the partner has it"]).ends(0);
    assert_eq!(message(&shop.world, "despatch-out")["stage"], "discarded");
    more(&shop, 1);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop), ["despatch-1.xml", "despatch-2.xml"], "its number is taken");
    assert_eq!(fetch(&shop), 2);
    shop.world.consign(&["reprocess", &document]).ends(0);
    assert_eq!(sent(&shop), Vec::<String>::new());
    let shown = shop.world.json(&["show", &document]);
    assert_eq!(shown["message"]["stage"], "done");
    shop.world.consign(&["resend", &document]).ends(0);
    assert_eq!(sent(&shop), ["despatch-1.xml"], "on purpose");
    all_at_rest(&shop.world);
}
