//! A drop on a partner's SFTP server, over russh and russh-sftp. One connection, opened when needed and again after it broke.

pub mod connect;
pub mod host_keys;
pub mod server;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use chrono::DateTime;
use russh_sftp::{
    client::{SftpSession, error::Error as SftpError, fs::Metadata},
    protocol::{OpenFlags, StatusCode},
};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, sync::Mutex};

use super::{Drop, Entry, contained, join, missing, named, taken, too_large, whole};
use crate::model::{BoxFuture, Problem, codes};

/// A secret in memory; `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How we prove who we are.
#[derive(Debug, Clone)]
pub enum Login {
    /// A password.
    Password(Secret),
    /// A private key in OpenSSH or PEM form, with its passphrase where it has one.
    Key {
        /// File of the private key.
        file: PathBuf,
        /// Passphrase.
        passphrase: Option<Secret>,
    },
}

/// Where the drop is and how to reach it.
#[derive(Debug, Clone)]
pub struct SftpSettings {
    /// Host name or address.
    pub host: String,
    /// Port, 22 by custom.
    pub port: u16,
    /// User.
    pub user: String,
    /// Login.
    pub login: Login,
    /// File of known host keys, in OpenSSH's format.
    pub known_hosts: PathBuf,
    /// Folder of the drop, relative to where the login lands unless it begins with `/`; empty for there.
    pub base: String,
    /// Command that accepts a new host key, for the hint.
    pub accept_with: String,
    /// How long connecting or one answer may take.
    pub timeout: Duration,
}

/// A drop on an SFTP server.
pub struct SftpDrop {
    settings: SftpSettings,
    session: Mutex<Option<Arc<connect::Connected>>>,
}

impl SftpDrop {
    /// The drop described by `settings`. Nothing is connected yet.
    pub fn new(settings: SftpSettings) -> Self {
        Self { settings, session: Mutex::new(None) }
    }

    async fn session(&self) -> Result<Arc<connect::Connected>, Problem> {
        let mut slot = self.session.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| session.is_alive()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(connect::connect(&self.settings).await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    fn full(&self, path: &str) -> Result<String, Problem> {
        let path = contained(path)?;
        let base = self.settings.base.trim_end_matches('/');
        Ok(match (base, path) {
            ("", "") => ".".to_string(),
            ("", path) => path.to_string(),
            (base, "") => base.to_string(),
            (base, path) => format!("{base}/{path}"),
        })
    }

    /// Turns the library's error into ours, and forgets a session that is broken.
    async fn told(&self, path: &str, error: SftpError) -> Problem {
        let problem = problem(path, &error);
        if problem.code != codes::DROP_UNREACHABLE {
            return problem;
        }
        let mut slot = self.session.lock().await;
        // Reads and writes report a server's refusal in the same way as a broken connection; the connection tells which it was.
        if matches!(error, SftpError::IO(_)) && slot.as_ref().is_some_and(|session| session.is_alive()) {
            return Problem::new(codes::DROP_IO, format!("the server fails to read or write `{path}`"))
                .hint("a lock, a quota or a right; the server does not say which");
        }
        *slot = None;
        problem
    }

    async fn metadata(&self, sftp: &SftpSession, path: &str) -> Result<Option<Metadata>, Problem> {
        match sftp.symlink_metadata(self.full(path)?).await {
            Ok(found) => Ok(Some(found)),
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
            Err(error) => Err(self.told(path, error).await),
        }
    }
}

impl Drop for SftpDrop {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<Entry>, Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            match session.sftp.read_dir(self.full(folder)?).await {
                Ok(entries) => Ok(entries
                    .filter(|entry| entry.metadata().is_regular())
                    .map(|entry| entry_of(entry.file_name(), &entry.metadata()))
                    .collect()),
                Err(error) => Err(self.told(&named(folder, &self.name()), error).await),
            }
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<Entry>, Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            let found = self.metadata(&session.sftp, path).await?.filter(is_file);
            Ok(found.map(|meta| entry_of(path.rsplit('/').next().unwrap_or(path).to_string(), &meta)))
        })
    }

    fn read<'a>(&'a self, path: &'a str, expected: u64, limit: u64) -> BoxFuture<'a, Result<Vec<u8>, Problem>> {
        Box::pin(async move {
            if expected > limit {
                return Err(too_large(path, expected, limit));
            }
            let full = self.full(path)?;
            let session = self.session().await?;
            let read = async {
                let mut file = session.sftp.open(full).await?;
                let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
                // One byte more than expected shows a file that has grown, without reading an endless one.
                (&mut file).take(expected + 1).read_to_end(&mut bytes).await?;
                file.shutdown().await?;
                Ok::<_, SftpError>(bytes)
            };
            match read.await {
                Ok(bytes) => whole(path, bytes, expected, limit),
                Err(error) => Err(self.told(path, error).await),
            }
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            let full = self.full(path)?;
            let write = async {
                let mut file =
                    session.sftp.open_with_flags(full.clone(), OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE).await?;
                file.write_all(bytes).await?;
                file.flush().await?;
                // Servers without fsync@openssh.com answer that they have none; the size is compared below either way.
                let _ = file.sync_all().await;
                file.shutdown().await?;
                Ok::<_, SftpError>(())
            };
            if let Err(error) = write.await {
                let problem = self.told(path, error).await;
                // Half a file helps nobody; that it cannot be removed either is no news beside the first error.
                let _ = session.sftp.remove_file(full).await;
                return Err(problem);
            }
            let written = self.metadata(&session.sftp, path).await?.map(|meta| meta.len());
            if written == Some(bytes.len() as u64) {
                return Ok(());
            }
            Err(Problem::new(
                codes::DROP_IO,
                format!("`{path}` has {} bytes on the server where {} were written", written.unwrap_or(0), bytes.len()),
            ))
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            // Draft 02 of the protocol says a rename fails where the target exists; not every server knows.
            if self.metadata(&session.sftp, to).await?.is_some() {
                return Err(taken(to));
            }
            match session.sftp.rename(self.full(from)?, self.full(to)?).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.told(&format!("{from} -> {to}"), error).await),
            }
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            match session.sftp.remove_file(self.full(path)?).await {
                Ok(()) => Ok(()),
                Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(()),
                Err(error) => Err(self.told(path, error).await),
            }
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let session = self.session().await?;
            let mut sofar = String::new();
            for part in contained(path)?.split('/').filter(|part| !part.is_empty()) {
                sofar = join(&sofar, part);
                if self.metadata(&session.sftp, &sofar).await?.is_none()
                    && let Err(error) = session.sftp.create_dir(self.full(&sofar)?).await
                {
                    return Err(self.told(&sofar, error).await);
                }
            }
            Ok(())
        })
    }

    fn name(&self) -> String {
        let SftpSettings { user, host, port, base, .. } = &self.settings;
        format!("sftp://{user}@{host}:{port}/{}", base.trim_start_matches('/'))
    }
}

/// Whether the type bits say that it is a plain file (links are not followed); a server that sends none is believed.
fn is_file(meta: &Metadata) -> bool {
    meta.permissions.is_none_or(|mode| mode & 0o170_000 == 0o100_000 || mode & 0o170_000 == 0)
}

fn entry_of(name: String, meta: &Metadata) -> Entry {
    let modified = meta.mtime.and_then(|seconds| DateTime::from_timestamp(i64::from(seconds), 0));
    // The library replaces what is not UTF-8; such a name leads nowhere.
    let unreachable = name.contains('\u{fffd}');
    Entry { name, size: meta.len(), modified, unreachable }
}

/// Errors of the SFTP protocol in our words; the one place of this transport that does it.
fn problem(path: &str, error: &SftpError) -> Problem {
    let unreachable = |why: &str| Problem::new(codes::DROP_UNREACHABLE, format!("the connection broke at `{path}`: {why}"));
    match error {
        SftpError::Status(status) => match status.status_code {
            StatusCode::NoSuchFile => missing(path),
            StatusCode::PermissionDenied => Problem::new(codes::DROP_DENIED, format!("the server gives no permission for `{path}`")),
            StatusCode::NoConnection | StatusCode::ConnectionLost => unreachable("the server says so"),
            StatusCode::Failure if is_full(&status.error_message) => {
                Problem::new(codes::DISK_FULL, format!("no space left on the server for `{path}`"))
            }
            StatusCode::Failure => Problem::new(codes::DROP_IO, format!("the server failed at `{path}`"))
                .hint("a name that is taken, a full disk or a quota; the server does not say which"),
            other => Problem::new(codes::DROP_IO, format!("the server answered `{other}` for `{path}`")),
        },
        SftpError::Timeout => unreachable("no answer in time"),
        SftpError::IO(text) if is_full(text) => Problem::new(codes::DISK_FULL, format!("no space left on the server for `{path}`")),
        SftpError::IO(text) if text.contains("ermission denied") => {
            Problem::new(codes::DROP_DENIED, format!("the server gives no permission for `{path}`"))
        }
        _ => unreachable("the session ended"),
    }
}

fn is_full(text: &str) -> bool {
    let text = text.to_lowercase();
    ["no space", "quota", "disk full"].iter().any(|sign| text.contains(sign))
}
