//! A person among the faults: at each step of a message's way somebody holds, releases, reprocesses, edits, discards or decides, once the
//! process has been killed there and while it stands there; and between two faults, at random. Whatever was begun means the same
//! afterwards: one effect, or none and said so, or unknown and named.
//!
//! CI tries one deed at each step, another at the next; `CONSIGN_FAULTS=all` tries each deed at each step (`.ci/long`).

use std::fs;

use serde_json::Value;

use super::errand::{Errand, Kind};
use crate::common::kills::{Paused, run_with_fault, steps};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Hold,
    Release,
    Reprocess,
    Edit,
    Discard,
    Resolve,
}

/// What a person does, one after the other.
const DEEDS: [&[Deed]; 9] = [
    &[Deed::Hold],
    &[Deed::Hold, Deed::Release],
    &[Deed::Hold, Deed::Reprocess],
    &[Deed::Hold, Deed::Edit],
    &[Deed::Discard],
    &[Deed::Reprocess],
    &[Deed::Hold, Deed::Resolve],
    &[Deed::Discard, Deed::Reprocess],
    &[Deed::Discard, Deed::Resolve, Deed::Reprocess],
];

/// What became of the messages tried.
#[derive(Default)]
struct Sums {
    points: usize,
    deeds: usize,
    done: usize,
    discarded: usize,
    unknown: usize,
}

fn id(message: &Value) -> String {
    message["id"].as_str().expect("an id").to_string()
}

fn is(message: &Value, stages: &[&str]) -> bool {
    message["stage"].as_str().is_some_and(|stage| stages.contains(&stage))
}

/// A person does several things to a message that is not done; whether any was let.
async fn act(errand: &Errand, deeds: &[Deed], pick: usize) -> bool {
    let open: Vec<Value> = errand.messages().into_iter().filter(|message| !is(message, &["done"])).collect();
    let Some(message) = open.get(pick % open.len().max(1)) else { return false };
    let id = id(message);
    let mut any = false;
    for deed in deeds {
        any |= does(errand, *deed, &id).await;
    }
    any
}

async fn does(errand: &Errand, deed: Deed, id: &str) -> bool {
    let world = &errand.world;
    let with = |args: &[&str]| {
        let args: Vec<&str> = args.iter().chain(&["--by", "Ada", "--reason", "a test"]).copied().collect();
        world.consign_later(&args).code
    };
    match deed {
        Deed::Hold => with(&["hold", id]) == 0,
        Deed::Discard => with(&["discard", id]) == 0,
        Deed::Release => with(&["release", id]) < 2,
        Deed::Reprocess => with(&["reprocess", id]) < 2,
        Deed::Edit => {
            let original = world.consign(&["edit", id]);
            let file = world.dir.path().join("edited.xml");
            fs::write(&file, format!("{}<!-- seen -->\n", original.out)).expect("written");
            original.code == 0 && with(&["edit", id, "--file", file.to_str().expect("a path")]) < 2
        }
        // The person has looked, and says what is true.
        Deed::Resolve => with(&["resolve", id, if errand.effects().await > 0 { "--happened" } else { "--did-not-happen" }]) < 2,
    }
}

/// Whatever the journal says of an effect is true; gives how many messages are given up with an effect that nobody knows about.
async fn nothing_false(errand: &Errand, what: &str) -> usize {
    let (effects, messages) = (errand.effects().await, errand.messages());
    assert!(effects <= 1, "{what}: done {effects} times");
    let mut unknown = 0;
    for message in &messages {
        let shown = errand.world.json(&["show", &id(message)]);
        let intents = shown["intents"].as_array().expect("a list");
        let of_run: Vec<&Value> = intents.iter().filter(|intent| intent["run"] == shown["message"]["run"]).collect();
        let undecided = of_run.iter().any(|intent| intent["outcome"].is_null() || intent["outcome"] == "unknown");
        let happened = intents.iter().any(|intent| intent["outcome"] == "happened");
        if messages.len() == 1 && !is(message, &["done", "applied"]) {
            assert!(effects == 0 || undecided || happened, "{what}: it took place, and nothing says so: {shown}");
            assert!(effects == 1 || !happened, "{what}: it did not take place, and is said to have: {shown}");
        }
        unknown += usize::from(undecided && is(message, &["discarded"]));
    }
    unknown
}

/// Lets everything come to rest; a person releases what is held and decides, by the truth, what is undecided.
async fn comes_to_rest(errand: &mut Errand, sums: &mut Sums, what: &str) {
    for _ in 0..6 {
        errand.world.consign_later(&["run", "--once", errand.flow()]);
        let messages = errand.messages();
        let took_place = errand.effects().await > 0;
        for held in messages.iter().filter(|message| is(message, &["held"])) {
            if held["code"] == "C916" {
                errand.world.consign_later(&["discard", &id(held), "--reason", "it is there"]);
                continue;
            }
            let outcome = if took_place { "--happened" } else { "--did-not-happen" };
            errand.world.consign_later(&["resolve", &id(held), outcome, "--reason", "looked"]);
            errand.world.consign_later(&["release", &id(held)]);
        }
        if !messages.is_empty() && messages.iter().all(|message| is(message, &["done", "discarded"])) {
            break;
        }
    }
    sums.points += 1;
    let unknown = nothing_false(errand, what).await;
    let messages = errand.messages();
    assert!(!messages.is_empty(), "{what}: lost");
    for message in &messages {
        assert!(is(message, &["done", "discarded"]), "{what}: {message}");
    }
    // Nobody gave it up: the last of its messages is done.
    let done = messages.last().is_some_and(|last| is(last, &["done"]));
    if done {
        sums.done += 1;
        assert_eq!(errand.effects().await, 1, "{what}: lost");
    } else {
        sums.discarded += 1;
        sums.unknown += usize::from(unknown > 0);
    }
    errand.partner_side(what, done, unknown > 0).await;
    errand.settle();
}

/// The process is killed at the step, and then a person acts; at every other step the partner has fetched what is there.
async fn after_a_kill(errand: &mut Errand, sums: &mut Sums, at: usize, deeds: &[Deed], what: &str) {
    run_with_fault(&errand.world, errand.flow(), &format!("{at}:kill"));
    if at.is_multiple_of(2) {
        errand.fetch().await;
    }
    sums.deeds += usize::from(act(errand, deeds, at).await);
    nothing_false(errand, what).await;
    comes_to_rest(errand, sums, what).await;
}

/// The process stands at the step while a person acts, and goes on.
async fn in_the_middle(errand: &mut Errand, sums: &mut Sums, at: usize, deeds: &[Deed], what: &str) {
    let paused = Paused::at(&errand.world, errand.flow(), ("CONSIGN_FAULT", &format!("{at}:wait")));
    if paused.is_there {
        sums.deeds += usize::from(act(errand, deeds, at).await);
    }
    paused.go_on();
    nothing_false(errand, what).await;
    comes_to_rest(errand, sums, what).await;
}

/// Two faults, and a person after each.
async fn between_two_faults(errand: &mut Errand, sums: &mut Sums, dice: &mut Dice, count: usize) {
    let kinds = ["kill", "kill", "cut", "fail", "denied", "full"];
    let mut what = String::new();
    for _ in 0..2 {
        let (at, kind, deeds) = (1 + dice.below(count), kinds[dice.below(kinds.len())], DEEDS[dice.below(DEEDS.len())]);
        run_with_fault(&errand.world, errand.flow(), &format!("{at}:{kind}"));
        what.push_str(&format!("{kind} at step {at}, {deeds:?}; "));
        sums.deeds += usize::from(act(errand, deeds, dice.below(7)).await);
        nothing_false(errand, &what).await;
    }
    comes_to_rest(errand, sums, &what).await;
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound.max(1)
    }
}

async fn people(kind: Kind, scene: &str) {
    let all = std::env::var("CONSIGN_FAULTS").is_ok_and(|which| which == "all");
    let mut errand = Errand::new(kind).await;
    let (mut found, mut sums) = (Vec::new(), Sums::default());
    // The second message sees what every later one does: a drop and a journal that are not new.
    for _ in 0..2 {
        errand.prepare().await;
        found = steps(&errand.world, errand.flow());
        comes_to_rest(&mut errand, &mut sums, "undisturbed").await;
    }
    let deeds = |at: usize| if all { DEEDS.to_vec() } else { vec![DEEDS[at % DEEDS.len()]] };
    let only: Option<usize> = std::env::var("ONLY").ok().and_then(|n| n.parse().ok());
    for (at, step) in (1..).zip(&found).filter(|(at, _)| only.is_none_or(|only| only == *at)) {
        for deed in deeds(at) {
            errand.prepare().await;
            after_a_kill(&mut errand, &mut sums, at, deed, &format!("{scene}, killed at step {at} ({step}), {deed:?}")).await;
        }
        // By turns the deeds that the steps before and behind do not have.
        for deed in deeds(at / 2 + 3).into_iter().filter(|_| all || at.is_multiple_of(2)) {
            errand.prepare().await;
            in_the_middle(&mut errand, &mut sums, at, deed, &format!("{scene}, in the middle of step {at} ({step}), {deed:?}")).await;
        }
    }
    let mut dice = Dice(found.len() as u64);
    for _ in 0..if all { 300 } else { 25 } {
        errand.prepare().await;
        between_two_faults(&mut errand, &mut sums, &mut dice, found.len()).await;
    }
    let Sums { points, deeds, done, discarded, unknown } = sums;
    println!(
        "faults: people, {scene}: {points} points tried, {deeds} deeds let; balance: {done} done once, {discarded} given up ({unknown} of them unknown and named), 0 lost, 0 twice"
    );
    assert!(points > 50 && deeds > points / 4, "{scene}: the enumeration found too little to try");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_inbound() {
    people(Kind::Order, "inbound").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_inbound_counts() {
    people(Kind::Count, "inbound counts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_inbound_in_zips() {
    people(Kind::Zip, "inbound in zips").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_outbound() {
    people(Kind::Delivery, "outbound").await;
}
