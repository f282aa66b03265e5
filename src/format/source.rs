//! Where a document's bytes are: in memory or in a file. It can be read again from the start, whatever its size.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

/// Bytes that can be read, and read again.
#[derive(Clone)]
pub enum Source {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// In a file.
    File(PathBuf),
}

impl Source {
    /// Begins to read.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(&bytes[..]),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }

    /// How many bytes there are; unknown for what is no regular file.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn len(&self) -> io::Result<Option<u64>> {
        Ok(match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::File(path) => Some(std::fs::metadata(path)?).filter(std::fs::Metadata::is_file).map(|found| found.len()),
        })
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Arc::from(bytes))
    }
}
