//! The mappings that messages were planned with, each stored once under its digest, so that a message can be reprocessed with it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    config::MappingSnapshot,
    model::{Code, Message, Problem},
    storage::{Storage, digest},
};

fn place(storage: &Storage, digest: &str) -> PathBuf {
    storage.root().join("mappings").join(format!("{digest}.json"))
}

/// Stores a mapping and returns its digest. If it cannot be stored, only `--as-then` is affected.
pub(super) async fn save(storage: &Storage, snapshot: &MappingSnapshot) -> Option<String> {
    let text = serde_json::to_vec(snapshot).ok()?;
    let digest = digest(&text);
    let path = place(storage, &digest);
    let kept = tokio::task::spawn_blocking(move || path.is_file() || write(&path, &text)).await;
    kept.unwrap_or(false).then_some(digest)
}

fn write(path: &Path, text: &[u8]) -> bool {
    let beside = path.with_extension("part");
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(&beside, text)).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = &written {
        tracing::warn!("the mapping could not be stored: {}", crate::model::problem::reason(error));
    }
    written.is_ok()
}

/// The mapping that last planned a message.
///
/// # Errors
/// It is not stored.
pub async fn load(storage: &Storage, message: &Message) -> Result<MappingSnapshot, Problem> {
    let path = message.mapping.as_deref().map(|digest| place(storage, digest));
    let read = move || serde_json::from_slice(&fs::read(path?).ok()?).ok();
    let kept = tokio::task::spawn_blocking(read).await.ok().flatten();
    kept.ok_or_else(|| {
        Problem::new(Code::OriginalLost, format!("the original mapping of message {} is not stored", message.id.short()))
            .hint("reprocess it with the current mapping")
    })
}
