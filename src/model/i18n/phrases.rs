//! Parts of sentences that several modules use.

use super::{say, sentence::Sentence};

/// A namespace, cut only if it is longer than any real one.
pub fn namespace(namespace: &str) -> Sentence {
    if namespace.is_empty() {
        return say!("namespace-none");
    }
    let mut shown: String = namespace.chars().take(200).collect();
    if shown.len() < namespace.len() {
        shown.push('…');
    }
    say!("namespace-named", namespace = shown)
}
