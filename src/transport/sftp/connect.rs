//! From settings to an SFTP session: TCP or a jump host, host key, login, subsystem.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    client::{self, Handle},
    keys::{PublicKey, PublicKeyOrCertificate},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{
    algorithms,
    host_keys::{HostKeyVerdict, KnownHosts, fingerprint, readable, refusal},
    login::log_in,
    session::Session,
    settings::SftpSettings,
};
use crate::model::{BoxFuture, Code, Problem};

/// Interval of keep-alive requests on an idle connection, so that no firewall forgets it.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A session and its connections: to the server, and to the jump hosts before it.
pub(super) struct Connected {
    pub(super) sftp: Session,
    ssh: Handle<Checker>,
    _way: Vec<Handle<Checker>>,
    /// The server is OpenSSH, whose plain rename never replaces (`sftp-server.c`, `process_rename`).
    pub(super) is_openssh: bool,
}

impl Connected {
    pub(super) fn is_alive(&self) -> bool {
        !self.ssh.is_closed() && self.sftp.is_alive()
    }
}

/// Checks the host key and keeps the result, since the library only says that it was refused.
pub(super) struct Checker {
    host: String,
    port: u16,
    known: KnownHosts,
    /// Accept whatever key has this fingerprint; for `consign trust`.
    asked: Option<String>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    key: Option<(HostKeyVerdict, PublicKey)>,
    server: String,
}

impl client::Handler for Checker {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let key = shown.public_key();
        let verdict = self.known.judge_shown(&self.host, self.port, shown);
        let asked = verdict != HostKeyVerdict::Revoked && self.asked.as_ref().is_some_and(|asked| *asked == fingerprint(&key));
        let trusted = verdict == HostKeyVerdict::Known || asked;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).key = Some((verdict, key));
        Ok(trusted)
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, _: &russh::Names, session: &mut client::Session) -> Result<(), Self::Error> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).server = String::from_utf8_lossy(session.remote_sshid()).into_owned();
        Ok(())
    }
}

/// Connects and logs in.
pub(super) async fn connect(settings: &SftpSettings) -> Result<Connected, Problem> {
    let mut way = Vec::new();
    let (ssh, server) = signed_in(settings, &mut way).await?;
    let at = format!("{}@{}:{}", settings.user, settings.host, settings.port);
    let broken = || Problem::new(Code::DropUnreachable, format!("{at} broke the connection"));
    let no_sftp = |why: &str| Problem::new(Code::DropUnreachable, format!("{at} offers no SFTP ({why})"));
    let channel = timeout(settings.timeout, ssh.channel_open_session()).await.map_err(|_| broken())?.map_err(|_| broken())?;
    let (read, write) = channel.split();
    timeout(settings.timeout, write.request_subsystem(true, "sftp")).await.map_err(|_| broken())?.map_err(|_| broken())?;
    let sftp = Session::begin(read, write, settings.in_flight, settings.timeout).await.map_err(|fault| match fault {
        super::fault::Fault::Broken(why) | super::fault::Fault::Protocol(why) => no_sftp(why),
        other => other.problem(&at),
    })?;
    Ok(Connected { sftp, ssh, _way: way, is_openssh: server.contains("OpenSSH") })
}

/// Fetches the server's key, for `consign trust`: accepted only with the requested fingerprint.
///
/// # Errors
/// The server cannot be reached, or shows another key.
pub async fn host_key(settings: &SftpSettings, fingerprint: &str) -> Result<PublicKey, Problem> {
    let mut way = Vec::new();
    shake_hands(settings, Some(fingerprint.to_string()), &mut way).await.map(|(_, key, _)| key)
}

/// A logged-in connection, and the server's own name. `way` keeps the jump hosts.
fn signed_in<'a>(
    settings: &'a SftpSettings,
    way: &'a mut Vec<Handle<Checker>>,
) -> BoxFuture<'a, Result<(Handle<Checker>, String), Problem>> {
    Box::pin(async move {
        let (mut ssh, _, server) = shake_hands(settings, None, way).await?;
        let at = format!("{}@{}:{}", settings.user, settings.host, settings.port);
        let accepted = match timeout(settings.timeout, log_in(&mut ssh, settings)).await {
            Err(_) => return Err(Problem::new(Code::DropUnreachable, format!("{at} did not answer the login in time"))),
            Ok(result) => result?,
        };
        if !accepted {
            return Err(Problem::new(Code::DropLogin, format!("{at} refuses the login"))
                .hint("check user, password or key in the partner's file, and that the partner has our public key"));
        }
        Ok((ssh, server))
    })
}

async fn shake_hands(
    settings: &SftpSettings,
    asked: Option<String>,
    way: &mut Vec<Handle<Checker>>,
) -> Result<(Handle<Checker>, PublicKey, String), Problem> {
    readable(&settings.known_hosts)?;
    match &settings.jump {
        None => greet(settings, asked, tcp(settings).await?).await,
        Some(jump) => {
            let (hop, _) = signed_in(jump, way).await.map_err(|mut problem| {
                problem.message = format!("the jump host on the way to {}: {}", settings.host, problem.message).into();
                problem
            })?;
            let open = hop.channel_open_direct_tcpip(&settings.host, u32::from(settings.port), "127.0.0.1", 0);
            let refused =
                |why: &str| Problem::new(Code::DropUnreachable, format!("{}:{} {why} through {}", settings.host, settings.port, jump.host));
            let opened = timeout(settings.timeout, open).await.map_err(|_| refused("does not answer"))?;
            let channel = opened.map_err(|_| refused("cannot be reached"))?;
            way.push(hop);
            greet(settings, asked, channel.into_stream()).await
        }
    }
}

async fn tcp(settings: &SftpSettings) -> Result<TcpStream, Problem> {
    let SftpSettings { host, port, .. } = settings;
    let found = timeout(settings.timeout, tokio::net::lookup_host((host.as_str(), *port))).await;
    if found.is_ok_and(|found| found.is_err()) {
        return Err(unreachable(settings, "has no address: the host name is not known")
            .hint("is the name right, and does this machine's name service work?"));
    }
    let socket = match timeout(settings.timeout, TcpStream::connect((host.as_str(), *port))).await {
        Err(_) => return Err(unreachable(settings, &format!("does not answer within {} s", settings.timeout.as_secs()))),
        Ok(Err(error)) => {
            return Err(unreachable(settings, &format!("cannot be reached ({})", crate::model::problem::reason(&error))));
        }
        Ok(Ok(socket)) => socket,
    };
    // Nagle's delay costs a round trip for each small request; a socket that cannot disable it still works.
    let _ = socket.set_nodelay(true);
    Ok(socket)
}

fn unreachable(settings: &SftpSettings, why: &str) -> Problem {
    Problem::new(Code::DropUnreachable, format!("{}:{} {why}", settings.host, settings.port))
}

async fn greet<S>(settings: &SftpSettings, asked: Option<String>, stream: S) -> Result<(Handle<Checker>, PublicKey, String), Problem>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let SftpSettings { host, port, known_hosts, legacy, .. } = settings;
    let config = client::Config {
        nodelay: true,
        window_size: 16 << 20,
        channel_buffer_size: 1 << 10,
        keepalive_interval: Some(KEEP_ALIVE),
        preferred: algorithms::preferred(host, *port, known_hosts, legacy),
        ..client::Config::default()
    };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let checker = Checker { host: host.clone(), port: *port, known: KnownHosts::read(known_hosts), asked, seen: Arc::clone(&seen) };
    let shaken = timeout(settings.timeout, client::connect_stream(Arc::new(config), stream, checker)).await;
    let Seen { key, server } = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    match (shaken, key) {
        (Ok(Ok(ssh)), Some((_, key))) => Ok((ssh, key, server)),
        (Ok(Err(russh::Error::UnknownKey)), Some((verdict, key))) => Err(refusal(&verdict, host, *port, &key, &settings.accept_with)),
        (Err(_), _) => Err(unreachable(settings, "does not speak SSH in time")),
        (Ok(Err(russh::Error::NoCommonAlgo { kind, theirs, .. })), _) => {
            Err(unreachable(settings, &format!("and we have no common algorithm ({kind:?}): it offers {}", theirs.join(", ")))
                .hint(old_one(&theirs)))
        }
        _ => Err(unreachable(settings, "broke the SSH handshake")),
    }
}

/// What to do about a server without a common algorithm.
fn old_one(theirs: &[String]) -> String {
    match theirs.iter().find(|name| algorithms::LEGACY.contains(&name.as_str())) {
        Some(name) => {
            format!("ask the partner for a newer server, or allow the old algorithm in the partner's file: legacy = [\"{name}\"]")
        }
        None => "the server is too old or too strict; ask the partner which algorithms it offers".into(),
    }
}
