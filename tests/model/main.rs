//! The pipeline held against its laws: documents arrive, the target takes, refuses or says nothing, effects take place late, the process
//! dies anywhere, people intervene. Whatever the order, each document has the effects that it should have, or a visible reason why not.
//!
//! `CONSIGN_MODEL_SECONDS=600 cargo test --test model` plays longer; a case that fails is shrunk and printed.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod laws;
mod play;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use consign::failpoints::Planted;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use tokio::runtime::Runtime;

/// How long each planted fault may go unnoticed.
const NOTICED: Duration = Duration::from_secs(60);

/// Plays cases until the time is over; gives how many, and what went wrong.
fn plays(time: Duration, planted: Option<Planted>) -> (u64, Option<String>) {
    let runtime = Runtime::new().expect("a runtime");
    let (end, count) = (Instant::now() + time, AtomicU64::new(0));
    let shrink = if planted.is_some() { 0 } else { 200 };
    let config = Config { cases: u32::MAX, max_shrink_iters: shrink, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(&case::cases(), |case| {
        if Instant::now() > end {
            return Err(TestCaseError::reject("the time is over"));
        }
        count.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(play::play(&case, planted)).map_err(TestCaseError::fail)
    });
    let wrong = match played {
        Err(TestError::Fail(reason, case)) => Some(format!("{reason}\n{case:#?}")),
        // The time was over.
        _ => None,
    };
    (count.into_inner(), wrong)
}

#[test]
fn every_document_has_its_effects_whatever_happens() {
    let seconds = std::env::var("CONSIGN_MODEL_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let (count, wrong) = plays(Duration::from_secs(seconds), None);
    println!("model: {count} cases in {seconds} s");
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
    assert!(count > 50, "only {count} cases were played");
}

/// A fault that is planted in the pipeline is noticed.
fn noticed(planted: Planted) {
    let begun = Instant::now();
    let (count, wrong) = plays(NOTICED, Some(planted));
    let wrong = wrong.unwrap_or_else(|| panic!("{planted:?} went unnoticed in {count} cases"));
    let first = wrong.lines().next().unwrap_or_default();
    println!("model: {planted:?} noticed in case {count}, after {:.1} s: {first}", begun.elapsed().as_secs_f32());
}

#[test]
fn an_intent_that_is_ignored_is_noticed() {
    noticed(Planted::IntentIgnored);
}

#[test]
fn an_accept_before_the_journal_is_noticed() {
    noticed(Planted::AcceptedEarly);
}

#[test]
fn a_settle_before_the_end_is_noticed() {
    noticed(Planted::SettledEarly);
}

#[test]
fn a_probe_that_is_ignored_is_noticed() {
    noticed(Planted::ProbeIgnored);
}

#[test]
fn a_probe_that_comes_too_early_is_noticed() {
    noticed(Planted::ProbedEarly);
}

#[test]
fn a_deed_that_reopens_an_effect_is_noticed() {
    noticed(Planted::Reopened);
}
