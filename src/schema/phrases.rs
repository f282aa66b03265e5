//! Parts of sentences: names in a list, what was probably meant, and what the engine's own sentences hold.

use crate::model::{nearest::nearest, problem::cut};

/// Names of a list that are shown.
pub(super) const SHOWN: usize = 8;

/// `a`, `b` and 3 more.
pub(super) fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(SHOWN).map(|name| format!("`{}`", cut(name))).collect();
    let rest = all.len().saturating_sub(SHOWN);
    match (rest, shown.split_last()) {
        (0, Some((last, [one, more @ ..]))) => {
            let before: Vec<&str> = std::iter::once(one).chain(more).map(String::as_str).collect();
            format!("{} or {last}", before.join(", "))
        }
        (0, _) => shown.join(", "),
        _ => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// A namespace, cut only where it is longer than any that is meant.
pub(super) fn address(namespace: &str) -> String {
    let mut shown: String = namespace.chars().take(200).collect();
    if shown.len() < namespace.len() {
        shown.push('…');
    }
    shown
}

/// What was probably meant, as a hint.
pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// The text between the first two `'` behind `key`.
pub(super) fn quoted<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.split(key).nth(1)?.split('\'').nth(1)
}

/// The nearest of some names, as a hint.
pub(super) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(did_you_mean)
}

/// The last step of a field's path: `@no`, `LineNo`, `.`.
pub(super) fn step(path: &str) -> String {
    let last = path.trim().rsplit('/').next().unwrap_or_default().trim();
    match last.strip_prefix('@') {
        Some(attribute) => format!("@{}", attribute.rsplit(':').next().unwrap_or_default()),
        None => last.rsplit(':').next().unwrap_or_default().to_string(),
    }
}

/// The engine's sentence without its brackets of namespace names, cut to a line.
pub(super) fn plain(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(start) = rest.find("Q{").or_else(|| rest.find('{')) {
        let Some(end) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    let line = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(200).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
