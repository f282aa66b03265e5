//! Where a partner's server is and how we log in there.

use std::{fmt, path::PathBuf, time::Duration};

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

/// A private key on disk.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// Its file, in OpenSSH or PEM form.
    pub file: PathBuf,
    /// Its passphrase, if it has one.
    pub passphrase: Option<Secret>,
}

/// The SSH agent's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// `SSH_AUTH_SOCK` names it.
    Usual,
    /// This socket (OpenSSH's `IdentityAgent`).
    At(PathBuf),
}

/// Our credentials: everything that is set is tried in this order, and a server that requires two proofs gets two.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// A key of the SSH agent.
    pub agent: Option<Agent>,
    /// A private key.
    pub key: Option<KeyFile>,
    /// A password, also as the answer to a server's question (keyboard-interactive).
    pub password: Option<Secret>,
}

impl Login {
    /// With a password.
    pub fn password(password: Secret) -> Self {
        Self { password: Some(password), ..Self::default() }
    }

    /// With a private key.
    pub fn key(file: impl Into<PathBuf>, passphrase: Option<Secret>) -> Self {
        Self { key: Some(KeyFile { file: file.into(), passphrase }), ..Self::default() }
    }

    /// With a key of an SSH agent.
    pub fn agent(agent: Agent) -> Self {
        Self { agent: Some(agent), ..Self::default() }
    }
}

/// Which library to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SshEngine {
    /// russh, with our own SFTP client.
    #[default]
    Russh,
    /// The C library libssh2, for unusual servers; in builds with the cargo feature `libssh2`.
    Libssh2,
}

/// Where the drop is and how to reach it.
#[derive(Debug, Clone)]
pub struct SftpSettings {
    /// Host name or address.
    pub host: String,
    /// Port, usually 22.
    pub port: u16,
    /// User.
    pub user: String,
    /// Login.
    pub login: Login,
    /// File of known host keys, in OpenSSH's format.
    pub known_hosts: PathBuf,
    /// Folder of the drop, relative to the login folder unless it begins with `/`; empty for the login folder.
    pub base: String,
    /// Command that accepts a new host key, for the hint.
    pub accept_with: String,
    /// Time limit for connecting, and for the server's silence while an answer is pending.
    pub timeout: Duration,
    /// Old algorithms that are allowed with this server besides the usual ones, by their SSH names.
    pub legacy: Vec<String>,
    /// Maximum number of parallel operations.
    pub in_flight: usize,
    /// A jump host.
    pub jump: Option<Box<SftpSettings>>,
    /// Library.
    pub engine: SshEngine,
}

impl SftpSettings {
    /// Settings with defaults for everything else.
    pub fn new(host: impl Into<String>, port: u16, user: impl Into<String>, login: Login, known_hosts: impl Into<PathBuf>) -> Self {
        Self {
            host: host.into(),
            port,
            user: user.into(),
            login,
            known_hosts: known_hosts.into(),
            base: String::new(),
            accept_with: "consign trust PARTNER".into(),
            timeout: Duration::from_secs(30),
            legacy: Vec::new(),
            in_flight: IN_FLIGHT,
            jump: None,
            engine: SshEngine::default(),
        }
    }
}

/// Parallel operations with a capable server: at 20 ms, 512 reached 5,154 files a second and 256 reached 3,195 (measured).
pub const IN_FLIGHT: usize = 512;
