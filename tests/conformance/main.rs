//! Held against what others wrote: the W3C's test suite for XML Schema and a corpus of real partner documents, both read where they
//! lie beside the checkout. Each is a ratchet: known differences are listed with their reasons, and a new one as well as one that is
//! listed and gone breaks the build. `cargo test --test conformance -- --nocapture`
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod large;
mod library;
mod ratchet;
mod skeletons;
mod tables;
mod xsts;

use std::path::PathBuf;

/// A folder of `../shared`; `None`, said loudly, where it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("LOUD: ../shared/{name} is absent: nothing of it was tested");
    None
}
