//! The plan of each message when it was done, stored with its original, so that the effect of a changed mapping can be compared with it.

use std::{
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{model::Message, model::Plan, storage::Storage};

/// Maximum size of a stored plan; that of a whole catalogue is not stored.
const LARGEST: usize = 32 << 20;
/// The one file in each archive.
const INSIDE: &str = "plan.json";

fn place(storage: &Storage, message: &Message) -> PathBuf {
    storage.root().join("plans").join(message.received.format("%Y-%m-%d").to_string()).join(format!("{}.zip", message.id))
}

/// Stores a plan. If it cannot be stored, only `consign replay-check` misses it, and says so.
pub(super) async fn save(storage: &Storage, message: &Message, plan: &Plan) {
    let (storage, message, plan) = (storage.clone(), message.clone(), plan.clone());
    // An interrupted write counts as not stored.
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

/// The plan of a message, as data; `None` if it is not stored.
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
