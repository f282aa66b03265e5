//! The mappings that messages were planned with, each kept once under its digest: so that a message can be done again as it was.

use std::{fs, path::PathBuf};

use super::storage::{Storage, digest};
use crate::{
    config::MadeOf,
    journal::Message,
    model::{Code, Problem},
};

fn place(storage: &Storage, digest: &str) -> PathBuf {
    storage.root().join("mappings").join(format!("{digest}.json"))
}

/// Keeps a mapping and gives its digest; one that cannot be kept is missed only by who wants it back.
pub(super) fn keep(storage: &Storage, made_of: &MadeOf) -> Option<String> {
    let text = serde_json::to_vec(made_of).ok()?;
    let digest = digest(&text);
    let path = place(storage, &digest);
    if path.is_file() {
        return Some(digest);
    }
    let beside = path.with_extension("part");
    let written = fs::create_dir_all(storage.root().join("mappings"))
        .and_then(|()| fs::write(&beside, &text))
        .and_then(|()| fs::rename(&beside, &path));
    match written {
        Ok(()) => Some(digest),
        Err(error) => {
            tracing::warn!("the mapping could not be kept: {}", crate::model::problem::reason(&error));
            None
        }
    }
}

/// The mapping that a message was planned with last.
///
/// # Errors
/// It was not kept.
pub fn recall(storage: &Storage, message: &Message) -> Result<MadeOf, Problem> {
    let kept = message.mapping.as_deref().and_then(|digest| fs::read(place(storage, digest)).ok());
    kept.and_then(|text| serde_json::from_slice(&text).ok()).ok_or_else(|| {
        Problem::new(Code::OriginalLost, format!("the mapping of that day was not kept for message {}", message.id.short()))
            .hint("do it again with today's mapping")
    })
}
