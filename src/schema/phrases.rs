//! Parts of sentences: names in a list, suggestions, and values from the engine's own sentences.

use crate::model::{
    i18n::{Join, List, Sentence, say},
    nearest::nearest,
    problem::cut,
};

/// Maximum number of names shown in a list.
pub(super) const SHOWN: usize = 8;

/// `a`, `b` and 3 more.
pub(super) fn names(all: &[String]) -> List {
    let shown = List::new(Join::Or, all.iter().take(SHOWN).map(|name| format!("`{}`", cut(name))));
    List { more: all.len().saturating_sub(SHOWN) as u64, ..shown }
}

/// A suggestion, as a hint.
pub(super) fn did_you_mean(name: &str) -> Sentence {
    say!("hint-did-you-mean", name = name)
}

/// The text between the first two `'` after `key`.
pub(super) fn quoted<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.split(key).nth(1)?.split('\'').nth(1)
}

/// The nearest of some names, as a hint.
pub(super) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<Sentence> {
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

/// The engine's sentence without namespace brackets, cut to one line.
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
