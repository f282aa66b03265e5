//! What we build on: licences that may be shipped, one registry, nothing that is not released without a reason, and no more versions of
//! the same than there are.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Licences of which one must be offered by each crate.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in: a second TLS, a second HTTP client, what nobody keeps any more.
const BANNED: [&str; 7] = ["native-tls", "openssl", "aws-lc-sys", "hyper-tls", "curl", "serde_yaml", "atty"];

/// Crates of which there are two versions or three. They are brought in by xsd-schema, sqlx and russh, each with versions of its own time.
const DOUBLED: usize = 32;

fn packages() -> Vec<Value> {
    let host = Command::new("rustc").arg("-vV").output().expect("rustc");
    let host = String::from_utf8(host.stdout).expect("text");
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    packages.into_iter().filter(|package| package["name"] != "consign").collect()
}

/// Whether a licence of the expression may be used: one of those joined by OR, with all of those joined by AND.
fn may(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let words = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    words.split(" AND ").all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

#[test]
fn every_crate_may_be_shipped_and_comes_from_the_registry() {
    let mut wrong = Vec::new();
    for package in packages() {
        let (name, version) = (package["name"].as_str().expect("a name"), package["version"].as_str().expect("a version"));
        if !package["license"].as_str().is_some_and(may) {
            wrong.push(format!("{name} {version}: licence {}", package["license"]));
        }
        if !package["source"].as_str().is_some_and(|source| source.starts_with("registry+")) {
            wrong.push(format!("{name} {version}: not from the registry"));
        }
        if BANNED.contains(&name) {
            wrong.push(format!("{name} {version}: not to be used"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(may("MIT OR GPL-3.0") && may("(Apache-2.0 OR MIT) AND BSD-3-Clause") && !may("GPL-3.0") && !may("MIT AND GPL-3.0"));
}

#[test]
fn what_is_not_released_yet_is_named_with_its_reason() {
    let decisions = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decisions.md")).expect("decisions");
    for package in packages() {
        let (name, version) = (package["name"].as_str().expect("a name"), package["version"].as_str().expect("a version"));
        // What stands behind a plus is no part of the order of versions.
        let is_released = !version.split('+').next().unwrap_or_default().contains('-');
        assert!(
            is_released || decisions.contains(&format!("{name} {version}")),
            "{name} {version} is not released, and no decision names it"
        );
    }
}

#[test]
fn there_are_no_more_versions_of_the_same_than_there_were() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let text = |key: &str| package[key].as_str().expect("text").to_string();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    versions.retain(|_, all| all.len() > 1);
    assert!(versions.len() <= DOUBLED, "{} crates come in several versions: {versions:?}", versions.len());
}
