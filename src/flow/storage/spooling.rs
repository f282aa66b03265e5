//! A file on its way into the spool.

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
use crate::{model::Problem, transport::Sink};

/// Bytes gathered before they are written.
const PART: usize = 128 << 10;

/// A file on its way into the spool. Discarded before it is finished, it leaves nothing behind.
pub(in crate::flow) struct Spooling {
    file: Option<BufWriter<File>>,
    path: PathBuf,
    hash: Sha256,
}

impl Sink for Spooling {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.hash.update(bytes);
        match &mut self.file {
            Some(file) => file.write_all(bytes).map_err(|error| problem(&self.path, &error)),
            None => Ok(()),
        }
    }
}

impl Spooling {
    /// Begins a file.
    pub(super) fn begin(path: PathBuf) -> Result<Self, Problem> {
        step("before spool")?;
        match File::create(&path) {
            Ok(file) => Ok(Self { file: Some(BufWriter::with_capacity(PART, file)), path, hash: Sha256::new() }),
            Err(error) => Err(problem(&path, &error)),
        }
    }

    /// Ends the file: its path for the journal, and the digest of its bytes. It is on disk after [`super::Storage::settle`].
    pub(in crate::flow) fn finish(mut self) -> Result<(String, String), Problem> {
        if let Some(file) = self.file.as_mut() {
            file.flush().map_err(|error| problem(&self.path, &error))?;
        }
        self.file = None;
        step("after spool")?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let digest = hex(&std::mem::take(&mut self.hash).finalize());
        Ok((format!("spool/{name}"), digest))
    }
}

impl std::ops::Drop for Spooling {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed now is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}
