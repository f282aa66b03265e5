//! Where a document's bytes are: in memory or in a file. They can be read again from the start, whatever the size.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use super::decode::ReadError;
use crate::model::{Code, Place, Problem, i18n::say};

/// Bytes that can be read repeatedly.
#[derive(Clone)]
pub enum ByteSource {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// In a file.
    File(PathBuf),
}

impl ByteSource {
    /// Whether there are only blanks; reading stops at the first other byte.
    ///
    /// # Errors
    /// The bytes cannot be read.
    pub fn is_blank(&self) -> io::Result<bool> {
        let mut bytes = self.open()?;
        let mut chunk = [0; 4096];
        loop {
            match bytes.read(&mut chunk)? {
                0 => return Ok(true),
                count if !chunk[..count].iter().all(u8::is_ascii_whitespace) => return Ok(false),
                _ => {}
            }
        }
    }

    /// Checks whether a file can be read at all: it may be too large, empty or unreadable. Returns its length.
    ///
    /// # Errors
    /// The reason, as a problem of the file `name`.
    pub fn check(&self, name: &str, most: u64) -> Result<u64, Problem> {
        let place = || Place::file(name);
        let unreadable = |error| ReadError::Io(error).problem(place());
        let length = self.length().map_err(unreadable)?;
        if length > most {
            return Err(Problem::new(Code::DocLimit, say!("file-too-large", size = length, limit = most)).at(place()));
        }
        if self.is_blank().map_err(unreadable)? {
            return Err(Problem::new(Code::DocEmpty, say!("file-empty")).at(place()).hint(say!("hint-send-again")));
        }
        let mut first = [0; 4];
        if self.open().and_then(|mut bytes| bytes.read_exact(&mut first)).is_ok() && first == *b"PK\x03\x04" {
            return Err(Problem::new(Code::Package, say!("file-is-zip")).at(Place::at(name, 1, 1)).hint(say!("hint-no-zip")));
        }
        Ok(length)
    }

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

    /// How many bytes there are.
    ///
    /// # Errors
    /// The file is not accessible, or cannot be read twice: a pipe, a device, a folder.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => match std::fs::metadata(path)? {
                found if found.is_file() => Ok(found.len()),
                found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
                _ => Err(io::ErrorKind::NotSeekable.into()),
            },
        }
    }
}

impl From<&[u8]> for ByteSource {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Arc::from(bytes))
    }
}
