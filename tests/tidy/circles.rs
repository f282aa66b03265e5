//! Which files of a room import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

/// A file's module: `src/a/b.rs` is `[a, b]`, `src/a/mod.rs` is `[a]`.
fn module(file: &str) -> Vec<&str> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// `a::{b, c::{d, e as f}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expanded(tree: &str, before: &str, into: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => {
                let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
                expanded(inner, &format!("{before}{}", head.trim()), into);
            }
            None => into.push(format!("{before}{}", part.split(" as ").next().unwrap_or(part).trim())),
        }
    }
}

/// Paths that a text imports or names, with whether a `pub use` only hands them on.
fn paths(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        let hands_on = trimmed.starts_with("pub use ") || trimmed.starts_with("pub(") && trimmed.contains(") use ");
        if hands_on || trimmed.starts_with("use ") {
            let mut statement = trimmed.to_string();
            while !statement.contains(';') {
                statement.push_str(lines.next().unwrap_or(";").trim());
            }
            let tree = statement.split_once("use ").map_or("", |(_, tree)| tree).trim_end_matches(';');
            let mut all = Vec::new();
            expanded(tree, "", &mut all);
            found.extend(all.into_iter().map(|path| (path, hands_on)));
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    for start in ["super::", "self::", "crate::"] {
        for (at, _) in rest.match_indices(start) {
            if rest[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == ':' || c == '_') {
                continue;
            }
            let path: String = rest[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
            found.push((path.trim_end_matches(':').to_string(), false));
        }
    }
    found
}

/// The absolute form of a path that is named in a module.
fn absolute<'p>(path: &'p str, at: &[&'p str]) -> Option<Vec<&'p str>> {
    let mut here: Vec<&str> = at.to_vec();
    let mut parts = path.split("::").peekable();
    match parts.peek() {
        Some(&"crate") => {
            here.clear();
            parts.next();
        }
        Some(&"self") => {
            parts.next();
        }
        Some(&"super") => {
            while parts.peek() == Some(&"super") {
                here.pop()?;
                parts.next();
            }
        }
        _ => {}
    }
    here.extend(parts);
    Some(here)
}

/// Circles among files, each as the files in it.
pub fn of<'f>(files: &[(&'f str, &str)]) -> Vec<Vec<&'f str>> {
    let modules: BTreeMap<Vec<&str>, &'f str> = files.iter().map(|(file, _)| (module(file), *file)).collect();
    // What a module hands on, by its own name for it.
    let mut handed: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    let named: Vec<_> = files.iter().map(|(file, text)| (*file, module(file), paths(text))).collect();
    for (_, at, all) in &named {
        for (path, _) in all {
            if let Some(whole) = absolute(path, at)
                && let Some(last) = whole.last()
            {
                let mut name: Vec<String> = at.iter().map(ToString::to_string).collect();
                name.push((*last).to_string());
                handed.entry(name).or_insert_with(|| whole.iter().map(ToString::to_string).collect());
            }
        }
    }
    let file_of = |path: &[String]| -> Option<&'f str> {
        (1..=path.len()).rev().find_map(|length| {
            let head: Vec<&str> = path[..length].iter().map(String::as_str).collect();
            modules.get(&head).copied()
        })
    };
    let is_module = |path: &[String]| modules.contains_key(&path.iter().map(String::as_str).collect::<Vec<_>>());
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, at, all) in &named {
        for (path, hands_on) in all {
            if *hands_on && file.ends_with("mod.rs") {
                continue;
            }
            let Some(whole) = absolute(path, at) else { continue };
            let mut target: Vec<String> = whole.iter().map(ToString::to_string).collect();
            // Behind the front of a room it is the file that has it.
            for _ in 0..4 {
                if is_module(&target) {
                    break;
                }
                let head = (1..target.len())
                    .rev()
                    .filter(|length| !is_module(&target[..=*length]))
                    .find_map(|length| Some((length, handed.get(&target[..=length])?.clone())));
                let Some((length, to)) = head.filter(|(length, to)| to[..] != target[..=*length]) else { break };
                target = to.into_iter().chain(target[length + 1..].iter().cloned()).collect();
            }
            if let Some(to) = file_of(&target).filter(|to| to != file) {
                edges.entry(file).or_default().insert(to);
            }
        }
    }
    let reaches = |from: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_string()]);
        while let Some(at) = next.pop() {
            for to in edges.get(at.as_str()).into_iter().flatten() {
                if seen.insert((*to).to_string()) {
                    next.push((*to).to_string());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&'f str, BTreeSet<String>> = files.iter().map(|(file, _)| (*file, reaches(file))).collect();
    let mut circles: Vec<Vec<&'f str>> = Vec::new();
    for (file, seen) in &reached {
        if seen.contains(*file) && !circles.iter().flatten().any(|known| known == file) {
            let circle = reached.iter().filter(|(other, back)| seen.contains(**other) && back.contains(*file)).map(|(other, _)| *other);
            circles.push(circle.collect());
        }
    }
    circles
}
