//! Keys of configuration and mappings that have a new name. The old one still works; `consign check` reports it, and `consign migrate`
//! writes the new one.

use super::{
    Code, Problem,
    i18n::{Argument, say},
};

/// Old and new names.
const RENAMED: [(&str, &str); 12] = [
    ("calls", "max_concurrency"),
    ("changed", "on_change"),
    ("cut", "incomplete_timeout"),
    ("ends", "expiry_warning"),
    ("expect", "expected_by"),
    ("gone", "missing_lines"),
    ("none", "on_missing"),
    ("off", "disabled"),
    ("partial", "allow_partial"),
    ("settle", "stable_for"),
    ("then", "actions"),
    ("unpack", "unzip"),
];

/// What a key was called before.
pub(super) fn old_name(new: &str) -> Option<&'static str> {
    RENAMED.into_iter().find(|(_, known)| *known == new).map(|(old, _)| old)
}

/// The report of a key that has its old name.
pub(super) fn renamed(old: &str, new: &str) -> Problem {
    Problem::new(Code::ConfigRenamed, say!("config-renamed", old = old, new = new)).hint(say!("hint-migrate"))
}

/// Old and new name of the key that a problem reports.
pub fn names(problem: &Problem) -> Option<(&str, &str)> {
    let sentence = problem.message.sentence().filter(|_| problem.code == Code::ConfigRenamed)?;
    let name = |argument: &str| match sentence.args.get(argument) {
        Some(Argument::Verbatim(name)) => Some(name.as_str()),
        _ => None,
    };
    Some((name("old")?, name("new")?))
}

/// The problems, and apart from them the keys that have an old name.
pub fn apart(found: Vec<Problem>) -> (Vec<Problem>, Vec<Problem>) {
    found.into_iter().partition(|problem| problem.code != Code::ConfigRenamed)
}
