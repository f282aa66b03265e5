//! Where a document's bytes are: in memory or in a file. It can be read again from the start, whatever its size.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use super::decode::ReadError;
use crate::model::{Code, Place, Problem};

/// Bytes that can be read, and read again.
#[derive(Clone)]
pub enum ByteSource {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// In a file.
    File(PathBuf),
}

impl ByteSource {
    /// Whether there is nothing but blanks; the first byte that is none ends the look.
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

    /// What keeps a file from being read at all: it is too large, empty, or cannot be read. Gives its length.
    ///
    /// # Errors
    /// The reason, as a problem of the file `name`.
    pub fn check(&self, name: &str, most: u64) -> Result<u64, Problem> {
        let place = || Place::file(name);
        let unreadable = |error| ReadError::Io(error).problem(place());
        let length = self.length().map_err(unreadable)?;
        if length > most {
            return Err(Problem::new(Code::DocLimit, format!("the file has {length} bytes; the limit is {most}")).at(place()));
        }
        if self.is_blank().map_err(unreadable)? {
            return Err(Problem::new(Code::DocEmpty, "the file is empty").at(place()).hint("ask the partner to send it again"));
        }
        let mut first = [0; 4];
        if self.open().and_then(|mut bytes| bytes.read_exact(&mut first)).is_ok() && first == *b"PK\x03\x04" {
            let text = "the file is a zip, and a document is expected here";
            return Err(Problem::new(Code::Package, text).at(Place::at(name, 1, 1)).hint("send the document itself, or agree on zips"));
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
    /// The file cannot be looked at, or is none that can be read again: a pipe, a device, a folder.
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
