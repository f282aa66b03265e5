//! A zip of documents, read with hard limits, since a small file can unpack to any size. The number of files is read before the
//! directory, and no file is copied beyond a limit, whatever size the directory claims.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

use crate::model::{
    Code, Problem, Sink,
    i18n::{Argument, Text, say},
    problem::reason,
};

/// Maximum number of files in one zip.
pub const ENTRIES: usize = 10_000;

/// How a zip begins: its first file, or its end if it is empty.
const BEGINS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
const END: &[u8] = b"PK\x05\x06";
/// Bytes at the end that hold the end record of a zip: its own 22 and a comment.
const TAIL: u64 = 22 + 65_535;

/// Whether a file's first bytes are those of a zip.
pub fn begins(bytes: &[u8]) -> bool {
    BEGINS.iter().any(|begin| bytes.starts_with(begin))
}

/// Whether a zip has no end.
pub fn is_truncated(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL as usize)..];
    memchr::memmem::rfind(tail, END).is_none()
}

/// An open zip.
pub struct Archive {
    zip: ZipArchive<BufReader<File>>,
    name: String,
}

/// A file in a zip.
pub struct ZipEntry<'a> {
    file: ZipFile<'a, BufReader<File>>,
    zip: &'a str,
    /// Its path in the zip, with `/` between folders.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl Archive {
    /// Opens the zip at `place`; `name` is the partner's name for it, for problems.
    ///
    /// # Errors
    /// It is damaged, in an unsupported form, or has too many files or one name twice (C222); our disk fails (C308).
    pub fn open(place: &Path, name: &str) -> Result<Self, Problem> {
        let mut file = File::open(place).map_err(|error| ours(&error))?;
        match claimed(&mut file).map_err(|error| ours(&error))? {
            Claimed::Usual => {}
            Claimed::TooMany => return Err(too_many(name)),
            Claimed::Elsewhere => {
                return Err(refused(name, say!("zip-64")).hint(say!("hint-zip-usual")));
            }
        }
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(name, &error))?;
        if zip.len() > ENTRIES {
            return Err(too_many(name));
        }
        if zip.has_duplicate_names() {
            return Err(same_name_twice(name));
        }
        Ok(Self { zip, name: name.to_string() })
    }

    /// How many files and folders it has.
    pub fn len(&self) -> usize {
        self.zip.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.zip.is_empty()
    }

    /// One of its files, by number.
    ///
    /// # Errors
    /// It is damaged or encrypted (C222); our disk fails (C308).
    pub fn entry(&mut self, number: usize) -> Result<ZipEntry<'_>, Problem> {
        let file = self.zip.by_index(number).map_err(|error| broken(&self.name, &error))?;
        let path = file.name().map_err(|error| damaged(&self.name, &error))?.replace('\\', "/");
        Ok(ZipEntry { is_folder: file.is_dir(), file, zip: &self.name, path })
    }
}

impl ZipEntry<'_> {
    /// Copies the file, up to a limit; returns its size, or `None` if it has more bytes than that.
    ///
    /// # Errors
    /// It is damaged (C222), our disk fails (C308), or the sink refuses the bytes.
    pub fn copy(&mut self, limit: u64, to: &mut dyn Sink) -> Result<Option<u64>, Problem> {
        let (mut part, mut size) = (vec![0; 64 << 10], 0u64);
        loop {
            let count = match self.file.read(&mut part) {
                Ok(0) => return Ok(Some(size)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken_off(self.zip, &error)),
            };
            size += count as u64;
            if size > limit {
                return Ok(None);
            }
            to.put(&part[..count])?;
        }
    }
}

/// The problem for a refused zip.
pub fn refused(name: &str, why: impl Into<Text>) -> Problem {
    Problem::new(Code::Package, why).in_file(name)
}

/// Two files in a zip have one name.
pub fn same_name_twice(name: &str) -> Problem {
    refused(name, say!("zip-same-name")).hint(say!("hint-zip-undecided"))
}

fn too_many(name: &str) -> Problem {
    refused(name, say!("zip-too-many", count = ENTRIES)).hint(say!("hint-zip-split"))
}

/// An error of our own disk is temporary, and not the partner's fault.
fn ours(error: &io::Error) -> Problem {
    Problem::new(Code::DropIo, format!("our copy of a zip cannot be read ({})", reason(error)))
}

/// The zip reader's errors: wrong bytes are the partner's, everything else is ours.
fn broken(name: &str, error: &ZipError) -> Problem {
    match error {
        ZipError::Io(error) => broken_off(name, error),
        ZipError::UnsupportedArchive(_) => refused(name, say!("zip-encrypted")).hint(say!("hint-zip-deflate")),
        other => damaged(name, other),
    }
}

fn broken_off(name: &str, error: &io::Error) -> Problem {
    match error.raw_os_error() {
        Some(_) => ours(error),
        None => damaged(name, error),
    }
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> Problem {
    refused(name, say!("zip-unreadable", reason = Argument::English { english: error.to_string() })).hint(say!("hint-zip-damaged"))
}

/// What the end record of a zip says about its directory.
enum Claimed {
    Usual,
    TooMany,
    Elsewhere,
}

/// The number of files that a zip claims, read before its directory, since each file in it costs memory.
fn claimed(file: &mut (impl Read + Seek)) -> io::Result<Claimed> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let count = |at: usize| tail.get(at + 10..at + 12).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes);
    // All ones refer to another record, whose numbers have no such bound; a file below 4 GiB does not need it.
    let elsewhere = |at: usize| {
        count(at) == u16::MAX || tail.get(at + 12..at + 20).is_some_and(|both| both[..4] == [0xff; 4] || both[4..] == [0xff; 4])
    };
    // Several places can look like the end record; none of them may claim too many.
    let mut found = Claimed::Usual;
    for at in memchr::memmem::find_iter(&tail, END) {
        if elsewhere(at) {
            return Ok(Claimed::Elsewhere);
        }
        if usize::from(count(at)) > ENTRIES {
            found = Claimed::TooMany;
        }
    }
    Ok(found)
}
