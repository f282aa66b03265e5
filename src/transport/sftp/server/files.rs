//! SFTP version 3 requests on a folder (draft-ietf-secsh-filexfer-02).

use std::{
    collections::HashMap,
    io::{self, SeekFrom},
    path::{Path, PathBuf},
};

use russh_sftp::{
    protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode, Version},
    server::Handler,
};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

/// Names in one answer to READDIR.
const PAGE: usize = 100;

pub(super) struct Files {
    root: PathBuf,
    open: HashMap<String, Open>,
    next: u64,
}

enum Open {
    File(fs::File),
    Folder(Vec<File>),
}

impl Files {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, open: HashMap::new(), next: 0 }
    }

    /// The local path; `..` at the root stays at the root, as in a chroot.
    fn local(&self, path: &str) -> Result<PathBuf, StatusCode> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Ok(self.root.join(parts.join("/")))
    }

    fn handle(&mut self, id: u32, open: Open) -> Handle {
        self.next += 1;
        let handle = format!("h{}", self.next);
        self.open.insert(handle.clone(), open);
        Handle { id, handle }
    }

    fn file(&mut self, handle: &str) -> Result<&mut fs::File, StatusCode> {
        match self.open.get_mut(handle) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(StatusCode::Failure),
        }
    }
}

fn status(error: &io::Error) -> StatusCode {
    match error.kind() {
        io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    }
}

fn ok(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Ok".into(), language_tag: "en".into() }
}

async fn attributes(path: &Path) -> Result<FileAttributes, StatusCode> {
    fs::symlink_metadata(path).await.map(|meta| FileAttributes::from(&meta)).map_err(|error| status(&error))
}

impl Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Result<Version, StatusCode> {
        Ok(Version::new())
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, StatusCode> {
        let local = self.local(&path)?;
        let shown = local.strip_prefix(&self.root).map(|rest| format!("/{}", rest.display())).unwrap_or_else(|_| "/".into());
        Ok(Name { id, files: vec![File::dummy(shown)] })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.lstat(id, path).await
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        Ok(Attrs { id, attrs: attributes(&self.local(&path)?).await? })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusCode> {
        let meta = self.file(&handle)?.metadata().await.map_err(|error| status(&error))?;
        Ok(Attrs { id, attrs: FileAttributes::from(&meta) })
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        let mut reader = fs::read_dir(self.local(&path)?).await.map_err(|error| status(&error))?;
        let mut files = Vec::new();
        while let Some(entry) = reader.next_entry().await.map_err(|error| status(&error))? {
            if let (Ok(name), Ok(attrs)) = (entry.file_name().into_string(), attributes(&entry.path()).await) {
                files.push(File::new(name, attrs));
            }
        }
        Ok(self.handle(id, Open::Folder(files)))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        match self.open.get_mut(&handle) {
            Some(Open::Folder(files)) if files.is_empty() => Err(StatusCode::Eof),
            Some(Open::Folder(files)) => Ok(Name { id, files: files.split_off(files.len().saturating_sub(PAGE)) }),
            _ => Err(StatusCode::Failure),
        }
    }

    async fn open(&mut self, id: u32, path: String, flags: OpenFlags, _: FileAttributes) -> Result<Handle, StatusCode> {
        let mut options = fs::OpenOptions::new();
        options
            .read(flags.contains(OpenFlags::READ))
            .write(flags.contains(OpenFlags::WRITE))
            .append(flags.contains(OpenFlags::APPEND))
            .create(flags.contains(OpenFlags::CREATE))
            .create_new(flags.contains(OpenFlags::CREATE | OpenFlags::EXCLUDE))
            .truncate(flags.contains(OpenFlags::TRUNCATE));
        let file = options.open(self.local(&path)?).await.map_err(|error| status(&error))?;
        Ok(self.handle(id, Open::File(file)))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, StatusCode> {
        let file = self.file(&handle)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(|error| status(&error))?;
        let mut data = Vec::new();
        file.take(u64::from(len.min(256 << 10))).read_to_end(&mut data).await.map_err(|error| status(&error))?;
        if data.is_empty() { Err(StatusCode::Eof) } else { Ok(Data { id, data }) }
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, StatusCode> {
        let file = self.file(&handle)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(|error| status(&error))?;
        file.write_all(&data).await.map_err(|error| status(&error))?;
        file.flush().await.map_err(|error| status(&error))?;
        Ok(ok(id))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusCode> {
        self.open.remove(&handle).map(|_| ok(id)).ok_or(StatusCode::Failure)
    }

    async fn remove(&mut self, id: u32, path: String) -> Result<Status, StatusCode> {
        fs::remove_file(self.local(&path)?).await.map(|()| ok(id)).map_err(|error| status(&error))
    }

    async fn mkdir(&mut self, id: u32, path: String, _: FileAttributes) -> Result<Status, StatusCode> {
        fs::create_dir(self.local(&path)?).await.map(|()| ok(id)).map_err(|error| status(&error))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status, StatusCode> {
        fs::remove_dir(self.local(&path)?).await.map(|()| ok(id)).map_err(|error| status(&error))
    }

    async fn setstat(&mut self, id: u32, _: String, _: FileAttributes) -> Result<Status, StatusCode> {
        Ok(ok(id))
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status, StatusCode> {
        let (from, to) = (self.local(&from)?, self.local(&to)?);
        if fs::symlink_metadata(&to).await.is_ok() {
            return Err(StatusCode::Failure);
        }
        fs::rename(from, to).await.map(|()| ok(id)).map_err(|error| status(&error))
    }
}
