//! From settings to an SFTP session: TCP, host key, login, subsystem.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    client::{self, AuthResult, Handle},
    keys::{PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, load_secret_key},
};
use russh_sftp::client::SftpSession;
use tokio::{net::TcpStream, time::timeout};

use super::{
    Login, SftpSettings,
    host_keys::{Verdict, fingerprint, judge, preferred, readable, refusal},
};
use crate::model::{Problem, codes};

/// A session and the connection that carries it.
pub(super) struct Connected {
    pub(super) sftp: SftpSession,
    ssh: Handle<Checker>,
}

impl Connected {
    pub(super) fn is_alive(&self) -> bool {
        !self.ssh.is_closed()
    }
}

/// Checks the host key and keeps what it saw, since the library only says that it was refused.
pub(super) struct Checker {
    settings: SftpSettings,
    /// Accept whatever key has this fingerprint; for `consign trust`.
    asked: Option<String>,
    seen: Arc<Mutex<Option<(Verdict, PublicKey)>>>,
}

impl client::Handler for Checker {
    type Error = russh::Error;

    async fn check_server_key(&mut self, presented: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let key = presented.public_key();
        let verdict = judge(&self.settings.host, self.settings.port, &key, &self.settings.known_hosts);
        let trusted = verdict == Verdict::Known || self.asked.as_ref().is_some_and(|asked| *asked == fingerprint(&key));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((verdict, key));
        Ok(trusted)
    }
}

/// Connects and logs in.
pub(super) async fn connect(settings: &SftpSettings) -> Result<Connected, Problem> {
    let (mut ssh, _) = shake_hands(settings, None).await?;
    let at = format!("{}@{}:{}", settings.user, settings.host, settings.port);
    let broken = || Problem::new(codes::DROP_UNREACHABLE, format!("{at} broke the connection"));
    let accepted = match timeout(settings.timeout, log_in(&mut ssh, settings)).await {
        Err(_) => return Err(Problem::new(codes::DROP_UNREACHABLE, format!("{at} did not answer the login in time"))),
        Ok(result) => result?,
    };
    if !accepted {
        return Err(Problem::new(codes::DROP_LOGIN, format!("{at} refuses the login"))
            .hint("check user, password or key in the partner's file, and that the partner has our public key"));
    }
    let channel = timeout(settings.timeout, ssh.channel_open_session()).await.map_err(|_| broken())?.map_err(|_| broken())?;
    timeout(settings.timeout, channel.request_subsystem(true, "sftp")).await.map_err(|_| broken())?.map_err(|_| broken())?;
    let sftp = timeout(settings.timeout, SftpSession::new(channel.into_stream())).await.map_err(|_| broken())?;
    let sftp = sftp.map_err(|_| Problem::new(codes::DROP_UNREACHABLE, format!("{at} offers no SFTP")))?;
    sftp.set_timeout(settings.timeout.as_secs().max(1));
    Ok(Connected { sftp, ssh })
}

/// Fetches the server's key, for `consign trust`: accepted only with the fingerprint that was asked for.
///
/// # Errors
/// The server cannot be reached, or shows another key.
pub async fn host_key(settings: &SftpSettings, fingerprint: &str) -> Result<PublicKey, Problem> {
    shake_hands(settings, Some(fingerprint.to_string())).await.map(|(_, key)| key)
}

async fn shake_hands(settings: &SftpSettings, asked: Option<String>) -> Result<(Handle<Checker>, PublicKey), Problem> {
    let SftpSettings { host, port, .. } = settings;
    readable(&settings.known_hosts)?;
    let unreachable = |why: String| Problem::new(codes::DROP_UNREACHABLE, format!("{host}:{port} {why}"));
    let mut config = client::Config {
        nodelay: true,
        window_size: 16 << 20,
        keepalive_interval: Some(Duration::from_secs(20)),
        ..client::Config::default()
    };
    config.preferred.key = Cow::Owned(preferred(host, *port, &settings.known_hosts));
    let seen = Arc::new(Mutex::new(None));
    let checker = Checker { settings: settings.clone(), asked, seen: Arc::clone(&seen) };
    if timeout(settings.timeout, tokio::net::lookup_host((host.as_str(), *port))).await.is_ok_and(|found| found.is_err()) {
        return Err(unreachable("has no address: the host name is not known".into())
            .hint("is the name right, and does this machine's name service work?"));
    }
    let socket = match timeout(settings.timeout, TcpStream::connect((host.as_str(), *port))).await {
        Err(_) => return Err(unreachable(format!("does not answer within {} s", settings.timeout.as_secs()))),
        Ok(Err(error)) => return Err(unreachable(format!("cannot be reached ({})", crate::model::problem::reason(&error)))),
        Ok(Ok(socket)) => socket,
    };
    // Nagle's delay costs a round trip for each small request; a socket that cannot switch it off still works.
    let _ = socket.set_nodelay(true);
    let shaken = timeout(settings.timeout, client::connect_stream(Arc::new(config), socket, checker)).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (shaken, seen) {
        (Ok(Ok(ssh)), Some((_, key))) => Ok((ssh, key)),
        (Ok(Err(russh::Error::UnknownKey)), Some((verdict, key))) => Err(refusal(&verdict, host, *port, &key, &settings.accept_with)),
        (Err(_), _) => Err(unreachable("does not speak SSH in time".into())),
        (Ok(Err(russh::Error::NoCommonAlgo { kind, .. })), _) => Err(unreachable(format!("and we have no common algorithm ({kind:?})"))
            .hint("the server is too old or too strict; ask the partner which algorithms it offers")),
        _ => Err(unreachable("broke the SSH handshake".into())),
    }
}

async fn log_in(ssh: &mut Handle<Checker>, settings: &SftpSettings) -> Result<bool, Problem> {
    let broken =
        |_| Problem::new(codes::DROP_UNREACHABLE, format!("{}:{} broke the connection during the login", settings.host, settings.port));
    let answer = match &settings.login {
        Login::Password(password) => {
            let answer = ssh.authenticate_password(&settings.user, password.expose()).await.map_err(broken)?;
            if !answer.success() && offers_questions(&answer) { return ask(ssh, settings, password.expose()).await } else { answer }
        }
        Login::Key { file, passphrase } => {
            if !file.exists() {
                return Err(Problem::new(codes::CONFIG_SECRET, format!("there is no private key {}", file.display())));
            }
            let key = load_secret_key(file, passphrase.as_ref().map(super::Secret::expose)).map_err(|_| {
                Problem::new(codes::CONFIG_SECRET, format!("the private key {} cannot be read", file.display()))
                    .hint("is it there, readable by this user, and the passphrase right?")
            })?;
            // Without asking, an RSA key would be signed with SHA-1, which servers refuse.
            let hash = ssh.best_supported_rsa_hash().await.map_err(broken)?.flatten();
            ssh.authenticate_publickey(&settings.user, PrivateKeyWithHashAlg::new(Arc::new(key), hash)).await.map_err(broken)?
        }
    };
    Ok(answer.success())
}

fn offers_questions(answer: &AuthResult) -> bool {
    matches!(answer, AuthResult::Failure { remaining_methods, .. } if remaining_methods.contains(&russh::MethodKind::KeyboardInteractive))
}

/// Servers that take a password only as the answer to a question.
async fn ask(ssh: &mut Handle<Checker>, settings: &SftpSettings, password: &str) -> Result<bool, Problem> {
    use client::KeyboardInteractiveAuthResponse as Response;
    let broken =
        |_| Problem::new(codes::DROP_UNREACHABLE, format!("{}:{} broke the connection during the login", settings.host, settings.port));
    let mut response = ssh.authenticate_keyboard_interactive_start(&settings.user, None::<String>).await.map_err(broken)?;
    for _ in 0..5 {
        match response {
            Response::Success => return Ok(true),
            Response::Failure { .. } => return Ok(false),
            Response::InfoRequest { prompts, .. } => {
                let answers = prompts.iter().map(|_| password.to_string()).collect();
                response = ssh.authenticate_keyboard_interactive_respond(answers).await.map_err(broken)?;
            }
        }
    }
    Ok(false)
}
