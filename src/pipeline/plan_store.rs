//! What each message was planned to do when it was done, kept beside its original: so that a changed mapping can be held against it.

use std::{
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{model::Message, model::Plan, storage::Storage};

/// Bytes of a plan that is kept; one of a whole catalogue is not.
const LARGEST: usize = 32 << 20;
/// The one file in each archive.
const INSIDE: &str = "plan.json";

fn place(storage: &Storage, message: &Message) -> PathBuf {
    storage.root().join("plans").join(message.received.format("%Y-%m-%d").to_string()).join(format!("{}.zip", message.id))
}

/// Keeps a plan. One that cannot be kept is missed only by `consign replay-check`, which says so.
pub(super) async fn save(storage: &Storage, message: &Message, plan: &Plan) {
    let (storage, message, plan) = (storage.clone(), message.clone(), plan.clone());
    // One that breaks off is missed like one that cannot be kept.
    let _ = tokio::task::spawn_blocking(move || write(&storage, &message, &plan)).await;
}

fn write(storage: &Storage, message: &Message, plan: &Plan) {
    let Ok(text) = serde_json::to_vec(plan) else { return };
    let path = place(storage, message);
    let Some(folder) = path.parent().filter(|_| text.len() <= LARGEST) else { return };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let written = archive.start_file(INSIDE, SimpleFileOptions::default()).is_ok() && archive.write_all(&text).is_ok();
    if let (true, Ok(bytes)) = (written, archive.finish())
        && let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes.into_inner()))
    {
        tracing::warn!(message = message.id.short(), "its plan could not be stored: {}", crate::model::problem::reason(&error));
    }
}

/// The plan of a message, as data; none where it was not kept.
pub async fn load(storage: &Storage, message: &Message) -> Option<Json> {
    let path = place(storage, message);
    tokio::task::spawn_blocking(move || read(&path)).await.ok().flatten()
}

fn read(path: &Path) -> Option<Json> {
    let bytes = fs::read(path).ok()?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut text = Vec::new();
    archive.by_name(INSIDE).ok()?.take(LARGEST as u64).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
