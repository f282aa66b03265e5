//! The second engine: the C library libssh2, for servers that our own client does not work with. One request at a time on a thread
//! that may block, so it is 3 to 30 times slower; the same test suite passes.
//!
//! After any error of the session (not of a file) the session is closed: libssh2 keeps half-finished state, and the next call could
//! read the last call's answer.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::DateTime;
use russh::keys::PublicKey;
use ssh2::{Error, ErrorCode, FileStat, KeyboardInteractivePrompt, MethodType, OpenFlags, OpenType, Prompt, Session, Sftp};

use super::{
    host_keys::{HostKeyVerdict, KnownHosts, readable, refusal},
    settings::{Secret, SftpSettings},
};
use crate::{
    model::{BoxFuture, Code, Problem, names},
    transport::{DirEntry, RemoteFs, Sink, contained, join, leaf, missing, named, other_length, taken, too_large},
};

/// Bytes read or written with one call.
const PART: usize = 256 << 10;

/// Maximum number of names in a folder; a server that sends more is not trusted.
const NAMES: usize = 250_000;

/// `LIBSSH2_ERROR_FILE`: the end of a listing.
const END_OF_LISTING: ErrorCode = ErrorCode::Session(-16);

struct Live {
    sftp: Sftp,
    session: Session,
    /// Breaks a hanging connection: at the goodbye, the library would wait for an answer.
    socket: TcpStream,
    base: PathBuf,
}

impl std::ops::Drop for Live {
    fn drop(&mut self) {
        // A closed socket needs no closing.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// A drop on an SFTP server, over libssh2.
pub struct Libssh2Store {
    settings: Arc<SftpSettings>,
    live: Arc<Mutex<Option<Live>>>,
    /// The socket of the active session.
    socket: Arc<Mutex<Option<TcpStream>>>,
    /// Bytes sent and received so far.
    moved: Arc<AtomicU64>,
}

/// What went wrong with a call.
enum Fault {
    Refused(i32),
    Broken(String),
    Reported(Problem),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.code() {
            ErrorCode::SFTP(code) if code > 0 => Self::Refused(code),
            _ => Self::Broken(error.message().to_string()),
        }
    }
}

impl Fault {
    fn problem(self, path: &str) -> Problem {
        let path = crate::model::problem::shown(path);
        match self {
            Self::Reported(problem) => problem,
            Self::Broken(why) => Problem::new(Code::DropUnreachable, format!("the connection broke at `{path}`: {why}")),
            Self::Refused(2 | 10) => missing(&path),
            Self::Refused(3) => Problem::new(Code::DropDenied, format!("no permission on the server for `{path}`")),
            Self::Refused(14 | 15) => Problem::new(Code::DiskFull, format!("no space left on the server for `{path}`")),
            Self::Refused(code) => Problem::new(Code::DropIo, format!("the server failed at `{path}` (status {code})"))
                .hint("a name that is taken, a full disk, a quota or a lock; the server does not say which"),
        }
    }
}

type Work<T> = Box<dyn FnOnce(&Live) -> Result<T, Fault> + Send>;

impl Libssh2Store {
    /// The drop described by `settings`. Nothing is connected yet.
    pub fn new(settings: SftpSettings) -> Self {
        Self { settings: Arc::new(settings), live: Arc::default(), socket: Arc::default(), moved: Arc::default() }
    }

    /// Runs an operation on the session, on a thread that may block; connects first if needed.
    async fn on<T: Send + 'static>(&self, path: &str, work: Work<T>) -> Result<T, Problem> {
        let (live, settings, path) = (Arc::clone(&self.live), Arc::clone(&self.settings), path.to_string());
        // A caller that stops waiting breaks the connection: otherwise the thread would continue with a slow server.
        let mut waits = Waits(Some(Arc::clone(&self.socket)));
        let socket = Arc::clone(&self.socket);
        let done = tokio::task::spawn_blocking(move || {
            let mut slot = live.lock().unwrap_or_else(PoisonError::into_inner);
            // A session that was dropped while idle shows it at the first call.
            let idle = slot.take().filter(|live| live.sftp.lstat(Path::new(".")).is_ok());
            let live = match idle {
                Some(live) => live,
                None => connect(&settings)?,
            };
            *socket.lock().unwrap_or_else(PoisonError::into_inner) = live.socket.try_clone().ok();
            let result = work(&live);
            if !matches!(result, Err(Fault::Broken(_))) {
                *slot = Some(live);
            }
            result.map_err(|fault| fault.problem(&path))
        });
        let done = done.await;
        waits.0 = None;
        done.unwrap_or_else(|_| Err(Problem::new(Code::DropUnreachable, "the engine libssh2 failed")))
    }
}

/// Somebody waits for an answer; if dropped earlier, it breaks the connection.
struct Waits(Option<Arc<Mutex<Option<TcpStream>>>>);

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(socket) = self.0.take().and_then(|socket| socket.lock().unwrap_or_else(PoisonError::into_inner).take()) {
            // A closed connection cannot hang.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn connect(settings: &SftpSettings) -> Result<Live, Problem> {
    let SftpSettings { host, port, user, known_hosts, .. } = settings;
    if settings.jump.is_some() {
        return Err(Problem::new(Code::ConfigBadValue, "the engine libssh2 cannot go through a jump host").hint("use engine = \"russh\""));
    }
    readable(known_hosts)?;
    let unreachable = |why: &str| Problem::new(Code::DropUnreachable, format!("{host}:{port} {why}"));
    let addresses = (host.as_str(), *port).to_socket_addrs().map_err(|_| unreachable("has no address: the host name is not known"))?;
    let socket = addresses
        .into_iter()
        .find_map(|address| TcpStream::connect_timeout(&address, settings.timeout).ok())
        .ok_or_else(|| unreachable("cannot be reached"))?;
    // A socket that cannot disable the delay still works.
    let _ = socket.set_nodelay(true);
    let spare = socket.try_clone().map_err(|_| unreachable("cannot be reached"))?;
    let broken = |_: Error| unreachable("broke the SSH handshake");
    let mut session = Session::new().map_err(broken)?;
    session.set_timeout(u32::try_from(settings.timeout.as_millis()).unwrap_or(30_000).max(1));
    session.set_tcp_stream(socket);
    // Otherwise the library asks for certificates first, and trusts any issuer.
    session.method_pref(MethodType::HostKey, &host_keys(settings)).map_err(broken)?;
    session.handshake().map_err(broken)?;
    let shown = session.host_key().and_then(|(key, _)| PublicKey::from_bytes(key).ok()).ok_or_else(|| unreachable("shows no host key"))?;
    match KnownHosts::read(known_hosts).judge(host, *port, &shown) {
        HostKeyVerdict::Known => {}
        verdict => return Err(refusal(&verdict, host, *port, &shown, &settings.accept_with)),
    }
    log_in(&session, settings)?;
    let sftp = session.sftp().map_err(|_| unreachable("offers no SFTP"))?;
    let base = match settings.base.as_str() {
        "" => Path::new("."),
        base => Path::new(base),
    };
    let base = sftp.realpath(base).unwrap_or_else(|_| base.to_path_buf());
    let live = Live { sftp, session, socket: spare, base };
    if live.session.authenticated() { Ok(live) } else { Err(login_refused(user, host, *port)) }
}

fn host_keys(settings: &SftpSettings) -> String {
    let known = KnownHosts::read(&settings.known_hosts);
    let on_file = known.keys(&settings.host, settings.port).into_iter().map(|key| key.algorithm().to_string()).collect::<Vec<_>>();
    let mut all = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"];
    all.sort_by_key(|name| !on_file.iter().any(|known| known == name || (known.contains("rsa") && name.contains("rsa"))));
    all.join(",")
}

fn login_refused(user: &str, host: &str, port: u16) -> Problem {
    Problem::new(Code::DropLogin, format!("{user}@{host}:{port} refuses the login"))
        .hint("check user, password or key in the partner's file, and that the partner has our public key")
}

struct Answers<'a>(&'a Secret);

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt<'a>(&mut self, _: &str, _: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        prompts.iter().map(|_| self.0.expose().to_string()).collect()
    }
}

fn log_in(session: &Session, settings: &SftpSettings) -> Result<(), Problem> {
    let SftpSettings { login, user, host, port, .. } = settings;
    if let Some(agent) = &login.agent
        && with_agent(session, user, agent).is_ok()
        && session.authenticated()
    {
        return Ok(());
    }
    if let Some(key) = &login.key {
        if !key.file.exists() {
            return Err(Problem::new(Code::ConfigSecret, format!("there is no private key {}", key.file.display())));
        }
        match session.userauth_pubkey_file(user, None, &key.file, key.passphrase.as_ref().map(Secret::expose)) {
            Ok(()) if session.authenticated() => return Ok(()),
            Err(error) if matches!(error.code(), ErrorCode::Session(-16 | -48)) => {
                return Err(Problem::new(Code::ConfigSecret, format!("the private key {} cannot be read", key.file.display()))
                    .hint("is it readable by this user, and the passphrase right?"));
            }
            _ => {}
        }
    }
    if let Some(password) = &login.password
        && (session.userauth_password(user, password.expose()).is_ok()
            || session.userauth_keyboard_interactive(user, &mut Answers(password)).is_ok())
    {
        return Ok(());
    }
    Err(login_refused(user, host, *port))
}

fn with_agent(session: &Session, user: &str, at: &super::settings::Agent) -> Result<(), Error> {
    let mut agent = session.agent()?;
    if let super::settings::Agent::At(socket) = at {
        agent.set_identity_path(socket)?;
    }
    agent.connect()?;
    agent.list_identities()?;
    for identity in agent.identities()? {
        // An agent that refuses to sign with one key may sign with the next.
        if agent.userauth(user, &identity).is_ok() {
            break;
        }
    }
    Ok(())
}

impl Live {
    fn path(&self, path: &str) -> Result<PathBuf, Fault> {
        let path = contained(path).map_err(Fault::Reported)?.trim_matches('/');
        let inner = PathBuf::from(std::ffi::OsString::from_vec(names::bytes(path)));
        Ok(if path.is_empty() { self.base.clone() } else { self.base.join(inner) })
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, Fault> {
        match self.sftp.lstat(path).map_err(Fault::from) {
            Ok(stat) => Ok(Some(stat)),
            Err(Fault::Refused(2 | 10)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn list(&self, folder: &Path) -> Result<Vec<DirEntry>, Fault> {
        let mut reader = self.sftp.opendir(folder)?;
        let mut entries = Vec::new();
        loop {
            let (name, stat) = match reader.readdir() {
                Ok(entry) => entry,
                Err(error) if error.code() == END_OF_LISTING => return Ok(entries),
                Err(error) => return Err(error.into()),
            };
            if entries.len() >= NAMES {
                return Err(Fault::Broken("a listing without end".into()));
            }
            let name = name.as_os_str().as_bytes();
            let is_name = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
            if is_name && (stat.is_file() || stat.perm.is_none()) {
                entries.push(entry(names::text(name), &stat));
            }
        }
    }

    fn read(&self, path: &str, expected: u64, moved: &AtomicU64) -> Result<Vec<u8>, Fault> {
        let mut file = self.sftp.open(self.path(path)?)?;
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
        let mut part = vec![0; PART];
        loop {
            match file.read(&mut part) {
                Ok(0) => break,
                Ok(length) => {
                    moved.fetch_add(length as u64, Ordering::Relaxed);
                    bytes.extend_from_slice(&part[..length]);
                }
                // The library loses the codes of file errors; the session may be in any state.
                Err(_) => return Err(Fault::Broken("a read failed".into())),
            }
            if bytes.len() as u64 > expected {
                break;
            }
        }
        if bytes.len() as u64 == expected { Ok(bytes) } else { Err(Fault::Reported(other_length(path, bytes.len() as u64, expected))) }
    }

    fn write(&self, path: &str, bytes: &[u8], moved: &AtomicU64) -> Result<(), Fault> {
        let full = self.path(path)?;
        let mut file = self.sftp.open_mode(&full, OpenFlags::WRITE | OpenFlags::TRUNCATE, 0o644, OpenType::File)?;
        for part in bytes.chunks(PART) {
            let mut rest = part;
            let mut stuck = 0;
            while !rest.is_empty() {
                match file.write(rest) {
                    // The library returns this when its window was full; a server that never has space is abandoned.
                    Ok(0) if stuck < 1000 => stuck += 1,
                    Ok(0) | Err(_) => return Err(Fault::Broken("a write failed".into())),
                    Ok(length) => {
                        moved.fetch_add(length as u64, Ordering::Relaxed);
                        rest = &rest[length..];
                    }
                }
            }
        }
        // Servers without fsync@openssh.com answer that they do not have it.
        let _ = file.fsync();
        file.close()?;
        let size = self.stat(&full)?.and_then(|stat| stat.size).unwrap_or(0);
        if size == bytes.len() as u64 { Ok(()) } else { Err(Fault::Reported(other_length(path, size, bytes.len() as u64))) }
    }

    fn make_folder(&self, path: &str) -> Result<(), Fault> {
        let mut sofar = String::new();
        for part in contained(path).map_err(Fault::Reported)?.split('/').filter(|part| !part.is_empty()) {
            sofar = join(&sofar, part);
            let full = self.path(&sofar)?;
            if self.stat(&full)?.is_none() {
                self.sftp.mkdir(&full, 0o755)?;
            }
        }
        Ok(())
    }

    /// Moves the existing file aside first: the library has no rename that replaces.
    fn replace(&self, from: &str, to: &str) -> Result<(), Fault> {
        let (source, target, aside) = (self.path(from)?, self.path(to)?, self.path(&format!("{to}.replaced.part"))?);
        let there = self.stat(&target)?.is_some();
        if there {
            // One left by an interrupted attempt is older than the existing one.
            if self.stat(&aside)?.is_some() {
                self.sftp.unlink(&aside)?;
            }
            self.sftp.rename(&target, &aside, None)?;
        }
        self.sftp.rename(&source, &target, None)?;
        if there { Ok(self.sftp.unlink(&aside)?) } else { Ok(()) }
    }
}

fn entry(name: String, stat: &FileStat) -> DirEntry {
    let modified = stat.mtime.and_then(|seconds| DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0));
    DirEntry { name, size: stat.size.unwrap_or(0), modified, unreachable: false }
}

impl RemoteFs for Libssh2Store {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        let path = folder.to_string();
        Box::pin(async move { self.on(&named(folder, &self.name()), Box::new(move |live| live.list(&live.path(&path)?))).await })
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        let owned = path.to_string();
        let work: Work<Option<DirEntry>> = Box::new(move |live| {
            let found = live.stat(&live.path(&owned)?)?.filter(|stat| stat.is_file() || stat.perm.is_none());
            Ok(found.map(|stat| entry(leaf(&owned).to_string(), &stat)))
        });
        Box::pin(self.on(path, work))
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if expected > limit {
                return Err(too_large(path, expected, limit));
            }
            let (owned, moved) = (path.to_string(), Arc::clone(&self.moved));
            let bytes = self.on(path, Box::new(move |live| live.read(&owned, expected, &moved))).await?;
            sink.put(&bytes)
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        let (owned, bytes, moved) = (path.to_string(), bytes.to_vec(), Arc::clone(&self.moved));
        let work: Work<()> = Box::new(move |live| {
            let written = live.write(&owned, &bytes, &moved);
            if let (Err(Fault::Refused(_) | Fault::Reported(_)), Ok(full)) = (&written, live.path(&owned)) {
                // Half a file is useless; if it cannot be removed either, the first error matters more.
                let _ = live.sftp.unlink(&full);
            }
            written
        });
        Box::pin(self.on(path, work))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        let (source, target) = (from.to_string(), to.to_string());
        let work: Work<()> = Box::new(move |live| {
            let full = live.path(&target)?;
            if live.stat(&full)?.is_some() {
                return Err(Fault::Reported(taken(&target)));
            }
            Ok(live.sftp.rename(&live.path(&source)?, &full, None)?)
        });
        Box::pin(self.on(from, work))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        let (source, target) = (from.to_string(), to.to_string());
        Box::pin(self.on(from, Box::new(move |live| live.replace(&source, &target))))
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        let owned = path.to_string();
        let work: Work<()> = Box::new(move |live| match live.sftp.unlink(&live.path(&owned)?).map_err(Fault::from) {
            Err(Fault::Refused(2 | 10)) => Ok(()),
            other => other,
        });
        Box::pin(self.on(path, work))
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        let owned = path.to_string();
        Box::pin(self.on(path, Box::new(move |live| live.make_folder(&owned))))
    }

    fn name(&self) -> String {
        let SftpSettings { user, host, port, base, .. } = &*self.settings;
        format!("sftp://{user}@{host}:{port}/{}", base.trim_start_matches('/'))
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}
