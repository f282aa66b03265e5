//! A drop on a partner's FTP server (RFC 959, 3659), in the clear or with TLS (RFC 4217), over suppaftp.
//!
//! One control connection; requests run one after the other, because the protocol knows nothing else. After anything but a plain
//! refusal the connection is closed: the answer to one command must never be taken for that of the next.

mod connect;
pub mod listing;
mod trust;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use suppaftp::{FtpError, Status, tokio::AsyncRustlsFtpStream};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    sync::{Mutex, MutexGuard},
    time::{Instant, timeout, timeout_at},
};

use super::{DirEntry, RemoteFs, contained, leaf, missing, named, other_length, sftp::Secret, taken, too_large};
use crate::model::{BoxFuture, Code, Problem, Sink, foreign, problem::shown};

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Unencrypted: password and documents can be read on the network.
    Plain,
    /// `AUTH TLS` before the login, usually port 21.
    Explicit,
    /// From the first byte, usually port 990.
    Implicit,
}

/// Where the drop is and how to reach it.
#[derive(Debug, Clone)]
pub struct FtpSettings {
    /// Host name or address; with TLS, the name in the certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Encryption.
    pub security: Security,
    /// A file of trusted certificates besides the system's, for partners with a self-made certificate.
    pub authority: Option<PathBuf>,
    /// Folder of the drop, relative to the login folder unless it begins with `/`.
    pub base: String,
    /// How long connecting, one answer, or one part of a file may take.
    pub timeout: Duration,
}

/// A logged-in connection.
struct Line {
    ftp: AsyncRustlsFtpStream,
    /// Whether the server has MLSD and MLST (RFC 3659), whose listings are exact.
    exact: bool,
    /// The drop's folder, absolute.
    base: String,
}

/// A drop on an FTP server.
pub struct FtpStore {
    settings: FtpSettings,
    line: Mutex<Option<Line>>,
    /// Bytes sent so far.
    moved: AtomicU64,
}

/// What went wrong with a command.
enum Fault {
    /// The server refused: status and its words.
    Refused(Status, String),
    /// The connection cannot be used any more.
    Broken(&'static str),
    /// A problem already.
    Reported(Problem),
}

impl From<FtpError> for Fault {
    fn from(error: FtpError) -> Self {
        match error {
            FtpError::UnexpectedResponse(response) if response.status != Status::NotAvailable => {
                Self::Refused(response.status, shown(foreign::without_secrets(String::from_utf8_lossy(&response.body).trim()).as_str()))
            }
            FtpError::UnexpectedResponse(_) => Self::Broken("the server ends the session"),
            FtpError::SecureError(why) if why.contains("ProtocolVersion") => Self::Broken(OTHER_TLS),
            FtpError::SecureError(_) => Self::Broken("the TLS connection failed"),
            FtpError::BadResponse => Self::Broken("an answer that is none"),
            _ => Self::Broken("the connection broke"),
        }
    }
}

impl Fault {
    /// The fault as a problem; all problems of this transport are made here.
    fn problem(self, path: &str) -> Problem {
        let path = shown(path);
        let (status, words) = match self {
            Self::Reported(problem) => return problem,
            Self::Broken(why) => return Problem::new(Code::DropUnreachable, format!("the connection broke at `{path}`: {why}")),
            Self::Refused(status, words) => (status, words),
        };
        let lower = words.to_lowercase();
        match status {
            Status::ExceededStorage | Status::RequestedActionNotTaken => {
                Problem::new(Code::DiskFull, format!("no space left on the server for `{path}`"))
            }
            Status::NotLoggedIn | Status::InvalidCredentials => {
                Problem::new(Code::DropLogin, "the server requires another login".to_string())
            }
            // FTP has one status for "not there" and "not allowed"; only the words distinguish them.
            Status::FileUnavailable | Status::BadFilename if lower.contains("denied") || lower.contains("permi") => {
                Problem::new(Code::DropDenied, format!("no permission on the server for `{path}`"))
            }
            Status::FileUnavailable => missing(&path),
            _ => Problem::new(Code::DropIo, format!("the server refuses `{path}`: {words}")),
        }
    }

    fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(Status::FileUnavailable | Status::BadFilename | Status::RequestFileActionIgnored, _))
    }
}

/// The server does not support the TLS version we offered.
const OTHER_TLS: &str = "it requires another version of TLS";

/// Bytes of a file moved at a time.
const PART: usize = 64 << 10;

impl FtpStore {
    /// The drop described by `settings`. Nothing is connected yet.
    pub fn new(settings: FtpSettings) -> Self {
        Self { settings, line: Mutex::default(), moved: AtomicU64::new(0) }
    }

    /// The connection; opened if there is none.
    async fn line(&self) -> Result<(MutexGuard<'_, Option<Line>>, Line), Problem> {
        let mut slot = self.line.lock().await;
        let line = match slot.take() {
            Some(mut line) => match timeout(self.settings.timeout, line.ftp.noop()).await {
                Ok(Ok(())) => line,
                // Servers end idle sessions; the next session is just as good.
                _ => connect::connect(&self.settings).await?,
            },
            None => connect::connect(&self.settings).await?,
        };
        Ok((slot, line))
    }

    /// Keeps the connection if it can be used again, and reports what went wrong.
    fn settle<T>(mut slot: MutexGuard<'_, Option<Line>>, line: Line, result: Result<T, Fault>, path: &str) -> Result<T, Problem> {
        if matches!(result, Ok(_) | Err(Fault::Refused(..))) {
            *slot = Some(line);
        }
        result.map_err(|fault| fault.problem(path))
    }
}

impl Line {
    fn path(&self, path: &str) -> Result<String, Fault> {
        let path = contained(path).map_err(Fault::Reported)?;
        if path.contains(['\r', '\n']) {
            return Err(Fault::Reported(Problem::new(Code::DropIo, format!("FTP cannot carry the name `{}`", shown(path)))));
        }
        Ok(match (self.base.trim_end_matches('/'), path.trim_matches('/')) {
            ("", "") => "/".into(),
            (base, "") => base.to_string(),
            (base, path) => format!("{base}/{path}"),
        })
    }

    /// Whether a file exists: SIZE knows only files.
    async fn has(&mut self, path: &str, patience: Duration) -> Result<bool, Fault> {
        match answered(patience, self.ftp.size(path)).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_refusal() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    async fn fetch(&mut self, path: &str, expected: u64, sink: &mut dyn Sink, patience: Duration) -> Result<(), Fault> {
        let mut stream = answered(patience, self.ftp.retr_as_stream(path)).await?;
        let mut part = vec![0; PART];
        let mut got = 0;
        let deadline = deadline(patience, expected);
        loop {
            let length = next_part(&mut stream, &mut part, deadline, patience).await?;
            if length == 0 {
                break;
            }
            got += length as u64;
            if got > expected {
                return Err(Fault::Reported(other_length(path, got, expected)));
            }
            sink.put(&part[..length]).map_err(Fault::Reported)?;
        }
        answered(patience, stream.finish()).await?;
        if got == expected { Ok(()) } else { Err(Fault::Reported(other_length(path, got, expected))) }
    }

    async fn write(&mut self, path: &str, bytes: &[u8], patience: Duration, moved: &AtomicU64) -> Result<(), Fault> {
        let mut stream = answered(patience, self.ftp.put_with_stream(path)).await?;
        for part in bytes.chunks(PART) {
            match timeout(patience, stream.write_all(part)).await {
                Err(_) => return Err(Fault::Broken("no answer in time")),
                // The server's last answer says why it wants no more.
                Ok(Err(_)) => break,
                Ok(Ok(())) => {
                    moved.fetch_add(part.len() as u64, Ordering::Relaxed);
                }
            }
        }
        answered(patience, stream.finish()).await?;
        let size = answered(patience, self.ftp.size(path)).await?;
        if size == bytes.len() { Ok(()) } else { Err(Fault::Reported(other_length(path, size as u64, bytes.len() as u64))) }
    }
}

/// The deadline for a transfer of this many bytes: a server that sends a byte now and then must not block forever. It allows for a
/// line of 2 KB/s.
fn deadline(patience: Duration, bytes: u64) -> Instant {
    Instant::now() + patience * 20 + Duration::from_secs(bytes / 2000)
}

/// The next bytes of a data connection; empty at its end.
async fn next_part(stream: &mut (impl AsyncRead + Unpin), part: &mut [u8], deadline: Instant, patience: Duration) -> Result<usize, Fault> {
    match timeout_at(deadline.min(Instant::now() + patience), stream.read(part)).await {
        Err(_) => Err(Fault::Broken("no answer in time")),
        Ok(Ok(length)) => Ok(length),
        // A server that ends TLS without a close; the length and its last answer decide.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(0),
        Ok(Err(_)) => Err(Fault::Broken("the data connection broke")),
    }
}

async fn answered<T>(patience: Duration, command: impl Future<Output = Result<T, FtpError>>) -> Result<T, Fault> {
    match timeout(patience, command).await {
        Ok(result) => result.map_err(Fault::from),
        Err(_) => Err(Fault::Broken("no answer in time")),
    }
}

impl RemoteFs for FtpStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let result = async { listing::list(&mut line, folder, self.settings.timeout).await }.await;
            Self::settle(slot, line, result, &named(folder, &self.name()))
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let patience = self.settings.timeout;
            let result = async {
                let full = line.path(path)?;
                if line.exact {
                    return listing::one(&mut line, &full, leaf(path), patience).await;
                }
                if !line.has(&full, patience).await? {
                    return Ok(None);
                }
                // The same listing as in a poll, so that times compare.
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let entries = listing::list(&mut line, folder, patience).await?;
                Ok(entries.into_iter().find(|entry| entry.name == leaf(path)))
            }
            .await;
            Self::settle(slot, line, result, path)
        })
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if expected > limit {
                return Err(too_large(path, expected, limit));
            }
            let (slot, mut line) = self.line().await?;
            let result = async {
                let full = line.path(path)?;
                line.fetch(&full, expected, sink, self.settings.timeout).await
            }
            .await;
            Self::settle(slot, line, result, path)
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let result = async {
                let full = line.path(path)?;
                let written = line.write(&full, bytes, self.settings.timeout, &self.moved).await;
                if matches!(written, Err(Fault::Refused(..) | Fault::Reported(_))) {
                    // Half a file is useless; if it cannot be removed either, the first error matters more.
                    let _ = answered(self.settings.timeout, line.ftp.rm(&full)).await;
                }
                written
            }
            .await;
            Self::settle(slot, line, result, path)
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let patience = self.settings.timeout;
            let result = async {
                let (source, target) = (line.path(from)?, line.path(to)?);
                // RFC 959 does not define a rename onto an existing file; most servers replace it.
                if line.has(&target, patience).await? {
                    return Err(Fault::Reported(taken(to)));
                }
                if !line.has(&source, patience).await? {
                    return Err(Fault::Reported(missing(from)));
                }
                answered(patience, line.ftp.rename(&source, &target)).await
            }
            .await;
            Self::settle(slot, line, result, &format!("{from} -> {to}"))
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let patience = self.settings.timeout;
            let result = async {
                let (source, target) = (line.path(from)?, line.path(to)?);
                let replaced = answered(patience, line.ftp.rename(&source, &target)).await;
                if !matches!(replaced, Err(Fault::Refused(..))) || !line.has(&target, patience).await? {
                    return replaced;
                }
                // A server that does not replace: the existing file is moved aside first.
                let aside = format!("{target}.replaced.part");
                if line.has(&aside, patience).await? {
                    answered(patience, line.ftp.rm(&aside)).await?;
                }
                answered(patience, line.ftp.rename(&target, &aside)).await?;
                answered(patience, line.ftp.rename(&source, &target)).await?;
                answered(patience, line.ftp.rm(&aside)).await
            }
            .await;
            Self::settle(slot, line, result, &format!("{from} -> {to}"))
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let patience = self.settings.timeout;
            let result = async {
                let full = line.path(path)?;
                match answered(patience, line.ftp.rm(&full)).await {
                    Err(fault) if fault.is_refusal() && !line.has(&full, patience).await? => Ok(()),
                    other => other,
                }
            }
            .await;
            Self::settle(slot, line, result, path)
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (slot, mut line) = self.line().await?;
            let patience = self.settings.timeout;
            let result = async {
                let mut sofar = String::new();
                for part in contained(path).map_err(Fault::Reported)?.split('/').filter(|part| !part.is_empty()) {
                    sofar = super::join(&sofar, part);
                    let full = line.path(&sofar)?;
                    if answered(patience, line.ftp.cwd(&full)).await.is_err_and(|fault| fault.is_refusal()) {
                        answered(patience, line.ftp.mkdir(&full)).await?;
                    }
                }
                Ok(())
            }
            .await;
            Self::settle(slot, line, result, path)
        })
    }

    fn name(&self) -> String {
        let FtpSettings { user, host, port, base, security, .. } = &self.settings;
        let scheme = if *security == Security::Plain { "ftp" } else { "ftps" };
        format!("{scheme}://{user}@{host}:{port}/{}", base.trim_start_matches('/'))
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}
