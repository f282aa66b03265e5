//! The rules of the house, enforced: imports run downward, files are small, registries are alphabetical.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/supply.rs"]
mod supply;
#[path = "tidy/words.rs"]
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The floor of each room (`docs/architecture.md`). A room imports from lower floors only; rooms of one floor never import each other.
const FLOORS: [(&str, u8); 17] = [
    ("failpoints", 0),
    ("model", 0),
    ("http", 1),
    ("transport", 2),
    ("format", 2),
    ("schema", 2),
    ("mapping", 2),
    ("odoo", 2),
    ("journal", 2),
    ("storage", 2),
    ("config", 3),
    ("endpoint", 4),
    ("pipeline", 5),
    ("ops", 6),
    ("daemon", 7),
    ("web", 7),
    ("cli", 8),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths);
    paths.sort();
    paths.iter().map(|path| (path.strip_prefix(root).unwrap().display().to_string(), fs::read_to_string(path).expect("text"))).collect()
}

/// The code that ships: everything before the tests of a file.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Rooms that a text imports: `crate::room` and the names of a `use crate::{room…, room…}` group.
fn imports(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
                if depth == 0 && matches!(c, ':' | ',') && !word.is_empty() {
                    rooms.push(std::mem::take(&mut word));
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms.retain(|room| floor(room).is_some());
    rooms
}

#[test]
fn imports_run_downward() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let room = file.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_string();
        let Some(here) = floor(&room) else { continue };
        for other in imports(shipped(&text)) {
            let there = floor(&other).expect("a room");
            if other != room && there >= here {
                wrong.push(format!("{file} (floor {here}) imports {other} (floor {there})"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_room_has_a_floor() {
    for (file, _) in sources("src") {
        let room = file.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_string();
        assert!(floor(&room).is_some() || matches!(room.as_str(), "lib" | "main"), "{file} lies in a room without a floor");
        assert!(!file.contains("util"), "{file}: name it by what it does");
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .filter(|(_, text)| text.lines().count() > 500)
        .map(|(file, text)| format!("{file}: {}", text.lines().count()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn registries_are_alphabetical() {
    for (file, text) in sources("src") {
        // Runs of module lines that follow each other; what is public and what is not may be mixed.
        let mut run: Vec<String> = Vec::new();
        for line in shipped(&text).lines().chain(std::iter::once("")) {
            let module = line
                .strip_suffix(';')
                .and_then(|line| line.strip_prefix("mod ").or(line.strip_prefix("pub mod ")).or(line.strip_prefix("pub(super) mod ")));
            match module {
                Some(name) => run.push(name.to_string()),
                None => {
                    assert!(run.is_sorted(), "{file}: the modules {run:?} are not in alphabetical order");
                    run.clear();
                }
            }
        }
    }
    let verbs = sources("src/cli").into_iter().find(|(file, _)| file == "src/cli/mod.rs").expect("the verbs").1;
    let list: Vec<&str> = verbs
        .split("enum Verb {")
        .nth(1)
        .expect("the verbs")
        .split('}')
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim().starts_with("///"))
        .filter_map(|line| line.trim().split_once('('))
        .map(|(name, _)| name)
        .collect();
    assert!(list.len() > 10 && list.is_sorted(), "{list:?}");
}

#[test]
fn nothing_is_left_undone_and_nothing_names_a_machine() {
    for (file, text) in ["src", "benches"].into_iter().flat_map(sources) {
        for sign in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("] {
            assert!(!text.contains(sign), "{file} has {sign}");
        }
        assert!(!text.contains(concat!(env!("CARGO_MANIFEST_DIR"), "/")), "{file} names a path of a machine");
    }
}

#[test]
fn every_code_is_used_and_every_code_has_one_meaning() {
    let all: String = sources("src").into_iter().filter(|(file, _)| file != "src/model/codes.rs").map(|(_, text)| text).collect();
    let register = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/codes.rs")).expect("the register");
    let names: Vec<&str> =
        register.lines().filter(|line| line.contains(" = \"C")).filter_map(|line| line.trim().split(' ').next()).collect();
    assert!(names.len() > 90, "the register is read: {names:?}");
    for name in names {
        assert!(all.contains(&format!("Code::{name}")), "{name} is never reported");
    }
}

#[test]
fn no_files_of_a_room_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for (room, _) in FLOORS {
        let files = sources(&format!("src/{room}"));
        let circles = circles::of(&files.iter().map(|(file, text)| (file.as_str(), shipped(text))).collect::<Vec<_>>());
        found.extend(circles.iter().map(|circle| format!("{room}: {}", circle.join(" "))));
    }
    assert_eq!(found, Vec::<String>::new());
}

/// Half of all files have no more lines than this.
const MEDIAN: usize = 125;

#[test]
fn most_files_are_small() {
    let mut lines: Vec<usize> = sources("src").iter().map(|(_, text)| text.lines().count()).collect();
    lines.sort_unstable();
    assert!(lines[lines.len() / 2] <= MEDIAN, "the median file has {} lines", lines[lines.len() / 2]);
}

#[test]
fn a_circle_would_be_seen() {
    let files = [
        ("src/a/mod.rs", "mod b;\nmod c;\nmod d;\npub use b::B;\n"),
        ("src/a/b.rs", "use super::c::C;\npub struct B;\n"),
        ("src/a/c.rs", "use super::{d, B};\npub struct C;\n"),
        ("src/a/d.rs", "fn f() { }\n"),
    ];
    assert_eq!(circles::of(&files), [["src/a/b.rs", "src/a/c.rs"]]);
    assert_eq!(circles::of(&files[..2]), Vec::<Vec<&str>>::new());
}
