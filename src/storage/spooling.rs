//! A file that is being written to the spool.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use sha2::{Digest as _, Sha256};

use super::{
    digest::hex,
    fault::{problem, step},
};
use crate::{model::Problem, model::Sink};

/// Bytes buffered before they are written.
const PART: usize = 128 << 10;

/// A file that is being written to the spool. Dropped before it is finished, it is removed.
pub struct Spooling {
    file: Option<BufWriter<File>>,
    path: PathBuf,
    hash: Sha256,
    /// The bytes so far, as long as they are few enough to keep in memory.
    kept: Option<Vec<u8>>,
    most: usize,
}

/// A file in the spool.
pub struct Spooled {
    /// Its path for the journal.
    pub stored: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its bytes, if they were few enough to keep in memory.
    pub bytes: Option<Vec<u8>>,
    /// Its file, which is removed again unless the journal gets to know it.
    pub unclaimed: Unclaimed,
}

/// A file in the spool that the journal does not know yet. Dropped, it is removed: an interruption before the file is in the journal, such
/// as a stop or a full disk, leaves nothing behind.
#[derive(Debug)]
pub struct Unclaimed(Option<PathBuf>);

impl Unclaimed {
    /// Keeps the file: the journal knows it.
    pub fn keep(mut self) {
        self.0 = None;
    }
}

impl std::ops::Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // A file that cannot be removed now is swept at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

impl Sink for Spooling {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.hash.update(bytes);
        match &mut self.kept {
            Some(kept) if kept.len() + bytes.len() <= self.most => kept.extend_from_slice(bytes),
            kept => *kept = None,
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes).map_err(|error| problem(&self.path, &error)),
            None => Ok(()),
        }
    }
}

impl Spooling {
    /// Opens a file.
    pub(super) fn begin(path: PathBuf) -> Result<Self, Problem> {
        step("before spool")?;
        match File::create(&path) {
            Ok(file) => Ok(Self { file: Some(BufWriter::with_capacity(PART, file)), path, hash: Sha256::new(), kept: None, most: 0 }),
            Err(error) => Err(problem(&path, &error)),
        }
    }

    /// Also keeps the bytes in memory, up to a limit, for a reader that validates while they arrive.
    pub fn keeping(mut self, most: usize) -> Self {
        (self.kept, self.most) = (Some(Vec::new()), most);
        self
    }

    /// Finishes the file. It is on disk after [`super::Storage::sync_spooled`].
    ///
    /// # Errors
    /// No space, or the disk fails.
    pub fn finish(mut self) -> Result<Spooled, Problem> {
        if let Some(file) = self.file.as_mut() {
            file.flush().map_err(|error| problem(&self.path, &error))?;
        }
        step("after spool")?;
        self.file = None;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = hex(&std::mem::take(&mut self.hash).finalize());
        let unclaimed = Unclaimed(Some(self.path.clone()));
        Ok(Spooled { stored: format!("spool/{name}"), sha256, bytes: self.kept.take(), unclaimed })
    }
}

impl std::ops::Drop for Spooling {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // A file that cannot be removed now is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}
