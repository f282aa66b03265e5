//! A drop on a partner's SFTP server. russh provides SSH; the SFTP client on it is our own, since the libraries fail on handles that
//! are not text and on short reads, and cannot keep many requests in flight.
//!
//! One connection with one channel, opened when needed and again after a failure: a connection costs a quarter of a second at 20 ms,
//! and some partners allow only one.

mod algorithms;
pub mod connect;
mod fault;
mod gate;
pub mod host_keys;
#[cfg(feature = "libssh2")]
pub mod libssh2;
mod listing;
mod login;
pub mod packet;
pub mod server;
mod session;
mod settings;
mod transfer;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex as Slot, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{BufMut, Bytes, BytesMut};
use chrono::DateTime;
use tokio::sync::Mutex;

pub use self::{
    algorithms::LEGACY,
    settings::{Agent, IN_FLIGHT, KeyFile, Login, Secret, SftpSettings, SshEngine},
};
use self::{
    connect::Connected,
    fault::Fault,
    packet::{Attributes, Reply, Request, status},
};
use super::{DirEntry, RemoteFs, contained, join, leaf, named, taken, too_large};
use crate::model::{BoxFuture, Problem, Sink, names};

/// A session and what is known about its server.
struct Live {
    connected: Connected,
    /// The drop's folder as the server names it, so that a server which forgets its current folder does no harm.
    base: Bytes,
    /// Folders known to exist.
    folders: Slot<HashSet<String>>,
    /// When something last succeeded on it: a session that worked before may just have been dropped while idle.
    served: Slot<bool>,
}

/// State of the connection.
#[derive(Default)]
struct Line {
    live: Option<Arc<Live>>,
    /// After a failure: no attempt before this time, and the reason.
    closed: Option<(Instant, Problem)>,
    failures: u32,
}

/// A drop on an SFTP server.
pub struct SftpStore {
    settings: SftpSettings,
    line: Mutex<Line>,
    /// Bytes that the server has accepted so far.
    moved: AtomicU64,
}

/// Pause after the first failed connection; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl SftpStore {
    /// The drop described by `settings`. Nothing is connected yet.
    pub fn new(settings: SftpSettings) -> Self {
        Self { settings, line: Mutex::default(), moved: AtomicU64::new(0) }
    }

    async fn live(&self) -> Result<Arc<Live>, Problem> {
        let mut line = self.line.lock().await;
        if let Some(live) = line.live.as_ref().filter(|live| live.connected.is_alive()) {
            return Ok(Arc::clone(live));
        }
        line.live = None;
        if let Some((_, problem)) = line.closed.as_ref().filter(|(until, _)| Instant::now() < *until) {
            return Err(problem.clone());
        }
        match self.open().await {
            Ok(live) => {
                let live = Arc::new(live);
                *line = Line { live: Some(Arc::clone(&live)), ..Line::default() };
                Ok(live)
            }
            Err(problem) => {
                // Parallel operations must not connect separately; the random spread keeps several drops of one server apart.
                let pause = PAUSE.saturating_mul(1 << line.failures.min(8)).min(LONGEST_PAUSE);
                let spread = u32::from(uuid::Uuid::now_v7().as_bytes()[15]);
                line.closed = Some((Instant::now() + pause + pause / 10 * spread / 255, problem.clone()));
                line.failures += 1;
                Err(problem)
            }
        }
    }

    async fn open(&self) -> Result<Live, Problem> {
        let connected = connect::connect(&self.settings).await?;
        let base = match self.settings.base.trim_end_matches('/') {
            "" if self.settings.base.starts_with('/') => "/",
            "" => ".",
            base => base,
        };
        let asked = Bytes::from(names::bytes(base));
        let base = match connected.sftp.ask(&Request::Realpath { path: asked.clone() }).await {
            Ok(Reply::Names(mut found)) if found.len() == 1 => found.swap_remove(0).name,
            Ok(_) => asked,
            Err(fault) => return Err(fault.problem(&self.name())),
        };
        Ok(Live { connected, base, folders: Slot::default(), served: Slot::default() })
    }

    /// What to do about a fault: retry once on a new session if the old one was only dropped while idle, otherwise report it.
    async fn failed(&self, live: &Arc<Live>, path: &str, fault: Fault, tried: &mut bool) -> Result<(), Problem> {
        if fault.is(status::NO_SUCH_FILE) {
            // Somebody may have removed a known folder.
            live.folders.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        if fault.ends_session() {
            let mut line = self.line.lock().await;
            if line.live.as_ref().is_some_and(|current| Arc::ptr_eq(current, live)) {
                line.live = None;
            }
            let idle = *live.served.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(fault, Fault::Broken(_)) && idle && !*tried {
                *tried = true;
                return Ok(());
            }
        }
        Err(fault.problem(path))
    }
}

impl Live {
    fn path(&self, path: &str) -> Result<Bytes, Problem> {
        let path = contained(path)?.trim_matches('/');
        let mut full = BytesMut::from(&self.base[..]);
        if !path.is_empty() {
            if !full.ends_with(b"/") {
                full.put_u8(b'/');
            }
            full.extend_from_slice(&names::bytes(path));
        }
        Ok(full.freeze())
    }

    fn served(&self) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    async fn attributes(&self, path: &Bytes) -> Result<Option<Attributes>, Fault> {
        match self.connected.sftp.ask(&Request::Lstat { path: path.clone() }).await? {
            Reply::Attributes(attributes) => Ok(Some(attributes)),
            Reply::Status { code: status::NO_SUCH_FILE, .. } => Ok(None),
            other => Err(Fault::answer(other)),
        }
    }

    async fn list(&self, folder: &Bytes) -> Result<Vec<DirEntry>, Fault> {
        listing::list(&self.connected.sftp, folder, |name| {
            // A name with a slash in it is not a valid name: such a server gets nothing.
            let is_name = !matches!(&name.name[..], b"" | b"." | b"..") && !name.name.contains(&b'/') && !name.name.contains(&0);
            (is_name && listing::is_file(&name.attributes, &name.long)).then(|| entry(names::text(&name.name), &name.attributes))
        })
        .await
    }

    /// A rename that never replaces. Draft 02 says that it fails if the target exists, but only OpenSSH is known to do so. With any other
    /// server we check first.
    async fn rename(&self, from: &Bytes, to: &Bytes) -> Result<Renamed, Fault> {
        if !self.connected.is_openssh && self.attributes(to).await?.is_some() {
            return Ok(Renamed::Taken);
        }
        let rename = Request::Rename { from: from.clone(), to: to.clone() };
        match self.connected.sftp.tell(&rename).await {
            Ok(()) => Ok(Renamed::Done),
            Err(fault @ Fault::Status(..)) if !fault.is(status::NO_SUCH_FILE) => match self.attributes(to).await {
                Ok(Some(_)) => Ok(Renamed::Taken),
                _ => Err(fault),
            },
            Err(fault) => Err(fault),
        }
    }

    /// A rename that replaces: in one step if the server has `posix-rename@openssh.com`. Otherwise the existing file is moved aside, and
    /// not removed before the new one is in its place.
    async fn replace(&self, from: &Bytes, to: &Bytes) -> Result<(), Fault> {
        if self.connected.sftp.abilities.posix_rename {
            let mut data = BytesMut::new();
            for path in [from, to] {
                data.put_u32(u32::try_from(path.len()).unwrap_or(u32::MAX));
                data.extend_from_slice(path);
            }
            let request = Request::Extended { name: Bytes::from_static(b"posix-rename@openssh.com"), data: data.freeze() };
            return self.connected.sftp.tell(&request).await;
        }
        let mut aside = BytesMut::from(&to[..]);
        aside.extend_from_slice(b".replaced.part");
        let aside = aside.freeze();
        if self.attributes(to).await?.is_some() {
            // One left by an interrupted attempt is older than the existing one.
            if self.attributes(&aside).await?.is_some() {
                self.connected.sftp.tell(&Request::Remove { path: aside.clone() }).await?;
            }
            self.connected.sftp.tell(&Request::Rename { from: to.clone(), to: aside.clone() }).await?;
        }
        self.connected.sftp.tell(&Request::Rename { from: from.clone(), to: to.clone() }).await?;
        if self.attributes(&aside).await?.is_some() {
            self.connected.sftp.tell(&Request::Remove { path: aside }).await?;
        }
        Ok(())
    }
}

enum Renamed {
    Done,
    Taken,
}

/// Counts what went into a sink: a download may restart only while nothing has.
struct Counted<'a> {
    sink: &'a mut dyn Sink,
    bytes: u64,
}

impl Sink for Counted<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        self.sink.put(bytes)
    }
}

impl RemoteFs for SftpStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        Box::pin(async move {
            let mut tried = false;
            loop {
                let live = self.live().await?;
                match live.list(&live.path(folder)?).await {
                    Ok(entries) => {
                        live.served();
                        return Ok(entries);
                    }
                    Err(fault) => self.failed(&live, &named(folder, &self.name()), fault, &mut tried).await?,
                }
            }
        })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        Box::pin(async move {
            let mut tried = false;
            loop {
                let live = self.live().await?;
                match live.attributes(&live.path(path)?).await {
                    Ok(found) => {
                        live.served();
                        let found = found.filter(|attributes| listing::is_file(attributes, b""));
                        return Ok(found.map(|attributes| entry(leaf(path).to_string(), &attributes)));
                    }
                    Err(fault) => self.failed(&live, path, fault, &mut tried).await?,
                }
            }
        })
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if expected > limit {
                return Err(too_large(path, expected, limit));
            }
            let mut tried = false;
            let mut sink = Counted { sink, bytes: 0 };
            loop {
                let live = self.live().await?;
                match transfer::download(&live.connected.sftp, &live.path(path)?, expected, &mut sink).await {
                    Ok(()) => {
                        live.served();
                        return Ok(());
                    }
                    Err(fault) => {
                        tried |= sink.bytes > 0;
                        self.failed(&live, path, fault, &mut tried).await?;
                    }
                }
            }
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut tried = false;
            loop {
                let live = self.live().await?;
                let full = live.path(path)?;
                match transfer::upload(&live.connected.sftp, &full, bytes, &self.moved).await {
                    Ok(()) => {
                        live.served();
                        return Ok(());
                    }
                    Err(fault) => {
                        if !fault.ends_session() {
                            // Half a file is useless; if it cannot be removed either, the first error matters more.
                            let _ = live.connected.sftp.tell(&Request::Remove { path: full }).await;
                        }
                        self.failed(&live, path, fault, &mut tried).await?;
                    }
                }
            }
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut tried = false;
            loop {
                let live = self.live().await?;
                let (source, target) = (live.path(from)?, live.path(to)?);
                // The answer never came: with the source gone and the target there, it was done.
                if tried && matches!(live.attributes(&source).await, Ok(None)) && matches!(live.attributes(&target).await, Ok(Some(_))) {
                    return Ok(());
                }
                match live.rename(&source, &target).await {
                    Ok(Renamed::Done) => {
                        live.served();
                        return Ok(());
                    }
                    Ok(Renamed::Taken) => return Err(taken(to)),
                    Err(fault) => self.failed(&live, &format!("{from} -> {to}"), fault, &mut tried).await?,
                }
            }
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let live = self.live().await?;
            match live.replace(&live.path(from)?, &live.path(to)?).await {
                Ok(()) => Ok(()),
                // Only the next check shows whether it was done; the caller keeps what it needs for that.
                Err(fault) => self.failed(&live, &format!("{from} -> {to}"), fault, &mut true).await,
            }
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut tried = false;
            loop {
                let live = self.live().await?;
                match live.connected.sftp.tell(&Request::Remove { path: live.path(path)? }).await {
                    Ok(()) => return Ok(()),
                    Err(fault) if fault.is(status::NO_SUCH_FILE) => return Ok(()),
                    Err(fault) => self.failed(&live, path, fault, &mut tried).await?,
                }
            }
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut tried = false;
            'again: loop {
                let live = self.live().await?;
                let mut sofar = String::new();
                for part in contained(path)?.split('/').filter(|part| !part.is_empty()) {
                    sofar = join(&sofar, part);
                    if live.folders.lock().unwrap_or_else(PoisonError::into_inner).contains(&sofar) {
                        continue;
                    }
                    let full = live.path(&sofar)?;
                    let made = match live.attributes(&full).await {
                        Ok(Some(_)) => Ok(()),
                        Ok(None) => {
                            let made =
                                live.connected.sftp.tell(&Request::Mkdir { path: full.clone(), attributes: Attributes::default() }).await;
                            // Two may have created it at once.
                            if made.is_err() && matches!(live.attributes(&full).await, Ok(Some(_))) { Ok(()) } else { made }
                        }
                        Err(fault) => Err(fault),
                    };
                    if let Err(fault) = made {
                        self.failed(&live, &sofar, fault, &mut tried).await?;
                        continue 'again;
                    }
                    live.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(sofar.clone());
                }
                return Ok(());
            }
        })
    }

    fn name(&self) -> String {
        let SftpSettings { user, host, port, base, .. } = &self.settings;
        format!("sftp://{user}@{host}:{port}/{}", base.trim_start_matches('/'))
    }

    fn at_once(&self) -> usize {
        self.settings.in_flight
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}

fn entry(name: String, attributes: &Attributes) -> DirEntry {
    let modified = attributes.times.and_then(|(_, changed)| DateTime::from_timestamp(i64::from(changed), 0));
    DirEntry { name, size: attributes.size.unwrap_or(0), modified, unreachable: false }
}

/// The drop for these settings, with the library that they name.
///
/// # Errors
/// This build does not include the library.
pub fn open(settings: SftpSettings) -> Result<Box<dyn RemoteFs>, Problem> {
    match settings.engine {
        SshEngine::Russh => Ok(Box::new(SftpStore::new(settings))),
        #[cfg(feature = "libssh2")]
        SshEngine::Libssh2 => Ok(Box::new(libssh2::Libssh2Store::new(settings))),
        #[cfg(not(feature = "libssh2"))]
        SshEngine::Libssh2 => Err(Problem::new(crate::model::Code::ConfigBadValue, "this consign was built without the engine libssh2")
            .hint("build it with: cargo build --release --features libssh2")),
    }
}
