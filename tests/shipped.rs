//! The program that ships has no failpoints: built as it is shipped, it knows none of their names and obeys none of them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

#[test]
fn the_program_that_ships_has_no_failpoints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The program that tests start, which may be built in the same place.
    let tested = fs::read(env!("CARGO_BIN_EXE_consign")).expect("the tested program");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    // The features of what ships, in the profile that the tests have built; `.ci/long` does the same with the release itself.
    let (profile, folder) = if std::env::var_os("CONSIGN_RELEASE").is_some() { ("release", "release") } else { ("dev", "debug") };
    let built = Command::new(cargo).args(["build", "--profile", profile, "--quiet", "--bin", "consign"]).current_dir(root).status();
    assert!(built.expect("cargo").success());
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = target.join(folder).join("consign");
    let bytes = fs::read(&program).expect("the program");
    for name in ["CONSIGN_FAULT", "CONSIGN_STEPS", "CONSIGN_PAUSE_AT", "CONSIGN_GO_ON", "CONSIGN_AHEAD", "CONSIGN_PATIENCE", "paused at"] {
        assert!(memchr::memmem::find(&bytes, name.as_bytes()).is_none(), "{name} is in {}", program.display());
    }
    assert!(memchr::memmem::find(&tested, b"CONSIGN_FAULT").is_some(), "the search finds what is there");
    let dir = tempfile::tempdir().expect("a folder");
    let steps = dir.path().join("steps");
    let ran = Command::new(&program)
        .args(["init", dir.path().join("workspace").to_str().expect("a path")])
        .env("CONSIGN_STEPS", &steps)
        .env("CONSIGN_FAULT", "1:full")
        .output()
        .expect("runs");
    assert!(ran.status.success() && !steps.exists(), "{ran:?}");
}
