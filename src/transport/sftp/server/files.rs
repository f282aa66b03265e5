//! SFTP version 3 requests on a folder (draft-ietf-secsh-filexfer-02). Names are bytes; nothing leads out of the folder.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt},
    },
    path::PathBuf,
};

use bytes::{Buf, Bytes};

use super::quirks::Board;
use crate::transport::sftp::packet::{Attributes, CREATE, EXCLUSIVE, Name, READ, Reply, Request, TRUNCATE, WRITE, status};

/// Names in one answer to READDIR, as in OpenSSH.
const PAGE: usize = 100;
/// Maximum bytes of one READ.
const PART: u32 = 255 << 10;

pub(super) struct Files {
    root: PathBuf,
    open: HashMap<Bytes, Open>,
    next: u64,
    board: Board,
}

enum Open {
    File(File),
    /// Names that are still to send, last page first.
    Folder(Vec<Name>),
}

/// A refusal, with OpenSSH's words.
fn refused(code: u32) -> Reply {
    let message: &'static [u8] = match code {
        status::OK => b"Success",
        status::EOF => b"End of file",
        status::NO_SUCH_FILE => b"No such file",
        status::PERMISSION_DENIED => b"Permission denied",
        status::OP_UNSUPPORTED => b"Operation unsupported",
        _ => b"Failure",
    };
    Reply::Status { code, message: Bytes::from_static(message) }
}

fn full() -> Reply {
    Reply::Status { code: status::FAILURE, message: Bytes::from_static(b"No space left on device") }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self(match error.kind() {
            io::ErrorKind::NotFound => refused(status::NO_SUCH_FILE),
            io::ErrorKind::PermissionDenied => refused(status::PERMISSION_DENIED),
            io::ErrorKind::StorageFull => full(),
            _ => refused(status::FAILURE),
        })
    }
}

struct Refusal(Reply);

impl Files {
    pub(super) fn new(root: PathBuf, board: Board) -> Self {
        Self { root, open: HashMap::new(), next: 0, board }
    }

    /// What the server says about itself.
    pub(super) fn greeting(&self) -> Reply {
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        let all = ["posix-rename@openssh.com", "fsync@openssh.com", "limits@openssh.com"];
        let extensions = if self.board.quirks().bare { Vec::new() } else { all.map(|name| (bytes(name), bytes("1"))).to_vec() };
        Reply::Version { version: 3, extensions }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, request: Request) -> Reply {
        let operation = match &request {
            Request::Opendir { .. } | Request::Readdir { .. } => "list",
            Request::Open { flags, .. } => {
                if flags & WRITE != 0 {
                    "write"
                } else {
                    "read"
                }
            }
            Request::Read { .. } => "read",
            Request::Write { .. } => "write",
            Request::Rename { .. } | Request::Extended { .. } => "rename",
            Request::Remove { .. } => "remove",
            Request::Mkdir { .. } => "mkdir",
            Request::Lstat { .. } | Request::Stat { .. } => "stat",
            Request::Fstat { .. } => "fstat",
            _ => "",
        };
        if self.board.quirks().denied.contains(&operation) {
            return refused(status::PERMISSION_DENIED);
        }
        self.carry_out(request).unwrap_or_else(|refusal| refusal.0)
    }

    /// The local path; `..` at the root stays at the root, as in a chroot.
    fn local(&self, path: &[u8]) -> PathBuf {
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        let mut local = self.root.clone();
        parts.iter().for_each(|part| local.push(OsStr::from_bytes(part)));
        local
    }

    fn keep(&mut self, open: Open) -> Reply {
        self.next += 1;
        let mut handle = Vec::new();
        if self.board.quirks().odd_handles {
            handle.extend_from_slice(&[0, 0xff, 0xfe, b'\n']);
        }
        handle.extend_from_slice(&self.next.to_be_bytes());
        let handle = Bytes::from(handle);
        self.open.insert(handle.clone(), open);
        Reply::Handle(handle)
    }

    fn file(&self, handle: &Bytes) -> Result<&File, Refusal> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(Refusal(refused(status::FAILURE))),
        }
    }

    fn attributes(&self, meta: &Metadata) -> Attributes {
        let quirks = self.board.quirks();
        let seconds = |at: i64| if quirks.no_clock { 0 } else { u32::try_from(at + quirks.clock_off).unwrap_or(0) };
        Attributes {
            size: Some(meta.len()),
            owner: Some((meta.uid(), meta.gid())),
            permissions: Some(meta.mode()),
            times: Some((seconds(meta.atime()), seconds(meta.mtime()))),
        }
    }

    fn carry_out(&mut self, request: Request) -> Result<Reply, Refusal> {
        let ok = || Ok(refused(status::OK));
        match request {
            Request::Init { .. } => Ok(self.greeting()),
            Request::Open { path, flags, .. } => self.open_file(&path, flags),
            Request::Close { handle } => match self.open.remove(&handle) {
                Some(_) => ok(),
                None => Ok(refused(status::FAILURE)),
            },
            Request::Read { handle, offset, length } => self.read(&handle, offset, length),
            Request::Write { handle, offset, data } => {
                if !self.board.has_room(data.len() as u64) {
                    return Ok(full());
                }
                self.file(&handle)?.write_all_at(&data, offset)?;
                ok()
            }
            Request::Lstat { path } | Request::Stat { path } => {
                Ok(Reply::Attributes(self.attributes(&fs::symlink_metadata(self.local(&path))?)))
            }
            Request::Fstat { handle } => Ok(Reply::Attributes(self.attributes(&self.file(&handle)?.metadata()?))),
            Request::Setstat { .. } | Request::Fsetstat { .. } => ok(),
            Request::Opendir { path } => self.open_folder(&path),
            Request::Readdir { handle } => match self.open.get_mut(&handle) {
                Some(Open::Folder(names)) if names.is_empty() => Ok(refused(status::EOF)),
                Some(Open::Folder(names)) => Ok(Reply::Names(names.split_off(names.len().saturating_sub(PAGE)))),
                _ => Ok(refused(status::FAILURE)),
            },
            Request::Remove { path } => {
                fs::remove_file(self.local(&path))?;
                ok()
            }
            Request::Mkdir { path, .. } => {
                fs::create_dir(self.local(&path))?;
                ok()
            }
            Request::Rmdir { path } => {
                fs::remove_dir(self.local(&path))?;
                ok()
            }
            Request::Realpath { path } => {
                let local = self.local(&path);
                let inside = local.strip_prefix(&self.root).map(|rest| rest.as_os_str().as_bytes().to_vec()).unwrap_or_default();
                let name = Bytes::from([b"/".to_vec(), inside].concat());
                Ok(Reply::Names(vec![Name { long: name.clone(), name, attributes: Attributes::default() }]))
            }
            Request::Rename { from, to } => {
                let (from, to) = (self.local(&from), self.local(&to));
                if !self.board.quirks().replacing_rename && fs::symlink_metadata(&to).is_ok() {
                    return Ok(refused(status::FAILURE));
                }
                fs::rename(from, to)?;
                ok()
            }
            Request::Extended { name, data } if !self.board.quirks().bare => self.extended(&name, data),
            Request::Extended { .. } => Ok(refused(status::OP_UNSUPPORTED)),
        }
    }

    fn open_file(&mut self, path: &[u8], flags: u32) -> Result<Reply, Refusal> {
        let files = self.open.values().filter(|open| matches!(open, Open::File(_))).count();
        if self.board.quirks().most_open.is_some_and(|most| files >= most) {
            return Ok(refused(status::FAILURE));
        }
        let mut options = OpenOptions::new();
        options
            .read(flags & READ != 0)
            .write(flags & WRITE != 0)
            .create(flags & CREATE != 0)
            .create_new(flags & CREATE != 0 && flags & EXCLUSIVE != 0)
            .truncate(flags & TRUNCATE != 0);
        let file = options.open(self.local(path))?;
        Ok(self.keep(Open::File(file)))
    }

    fn open_folder(&mut self, path: &[u8]) -> Result<Reply, Refusal> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.local(path))?.flatten() {
            // A file that vanishes in between does not exist.
            let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
            let name = Bytes::copy_from_slice(entry.file_name().as_bytes());
            let kind: &'static [u8] = if meta.is_dir() { b"d" } else { b"-" };
            names.push(Name { name, long: Bytes::from_static(kind), attributes: self.attributes(&meta) });
        }
        Ok(self.keep(Open::Folder(names)))
    }

    fn read(&self, handle: &Bytes, offset: u64, length: u32) -> Result<Reply, Refusal> {
        let most = self.board.quirks().short_reads.unwrap_or(PART).min(PART);
        let mut data = vec![0; length.min(most) as usize];
        let mut got = 0;
        while got < data.len() {
            match self.file(handle)?.read_at(&mut data[got..], offset + got as u64)? {
                0 => break,
                more => got += more,
            }
        }
        data.truncate(got);
        Ok(if data.is_empty() { refused(status::EOF) } else { Reply::Data(data.into()) })
    }

    fn extended(&mut self, name: &[u8], mut data: Bytes) -> Result<Reply, Refusal> {
        let mut string = || {
            let length = data.try_get_u32().map_or(0, |length| length as usize);
            if length > data.len() { Bytes::new() } else { data.split_to(length) }
        };
        match name {
            b"posix-rename@openssh.com" => {
                let (from, to) = (string(), string());
                fs::rename(self.local(&from), self.local(&to))?;
                Ok(refused(status::OK))
            }
            b"fsync@openssh.com" => {
                self.file(&string())?.sync_all()?;
                Ok(refused(status::OK))
            }
            b"limits@openssh.com" => {
                let limits = [256 << 10, u64::from(PART), u64::from(PART), 1024];
                Ok(Reply::Extended(limits.iter().flat_map(|limit: &u64| limit.to_be_bytes()).collect()))
            }
            _ => Ok(refused(status::OP_UNSUPPORTED)),
        }
    }
}

/// The answer of a server with this trouble.
pub(super) fn troubled(trouble: super::quirks::ServerFault) -> Reply {
    match trouble {
        super::quirks::ServerFault::Denied => refused(status::PERMISSION_DENIED),
        super::quirks::ServerFault::Full => full(),
        _ => refused(status::FAILURE),
    }
}
