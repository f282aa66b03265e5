//! Drops: their configuration, and how to open them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{SecretSource, secrets};
use crate::{
    model::{Code, Problem, nearest::did_you_mean, toml_reader::TomlReader},
    transport::{
        RemoteFs,
        ftp::{FtpSettings, FtpStore, Security},
        local::LocalStore,
        sftp::{self, Agent, IN_FLIGHT, KeyFile, LEGACY, Login, Secret, SftpSettings, SshEngine},
    },
};

/// Limits for a slow drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long it may be silent, and the window in which its rate is measured.
    pub window: Duration,
    /// Minimum bytes a second of all its transfers together.
    pub lowest: u64,
    /// How long one operation may take.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { window: TIMEOUT, lowest: 1000, longest: Duration::from_secs(3600) }
    }
}

/// Default of how long a server may be silent.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Pace {
    pub(super) fn read(reader: &TomlReader<'_>) -> Self {
        let usual = Self::default();
        let number = |key: &str, usual: u64| match (reader.integer(key).map(u64::try_from), reader.node(key)) {
            (Some(Ok(number)), _) => number,
            (Some(Err(_)), Some(node)) => {
                reader.bad(node, format!("`{key}` is a number of bytes a second, from 0"));
                usual
            }
            _ => usual,
        };
        let longest = reader.duration("max_time").unwrap_or(usual.longest);
        if let Some(node) = reader.node("max_time").filter(|_| longest.is_zero()) {
            reader.bad(node, "`max_time` is one second or more".into());
        }
        // A little more than the transports' own timeouts, whose messages say more.
        let window = patience(reader) + Duration::from_secs(2);
        Self { window, lowest: number("min_rate", usual.lowest), longest }
    }
}

/// Where a partner's files are.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one for each partner")]
pub enum DropConfig {
    /// A folder, relative to the workspace unless absolute.
    Local(PathBuf),
    /// An FTP server, with or without TLS.
    Ftp {
        /// Who and where.
        account: Account,
        /// Cipher.
        security: Security,
        /// Certificates to trust besides the system's, relative to the workspace.
        authority: Option<PathBuf>,
        /// Folder on the server.
        base: String,
        /// Patience.
        timeout: Duration,
    },
    /// An SFTP server.
    Sftp {
        /// Who and where.
        account: Account,
        /// A host to go through.
        jump: Option<Account>,
        /// Known host keys, relative to the workspace.
        known_hosts: PathBuf,
        /// Folder on the server.
        base: String,
        /// Patience.
        timeout: Duration,
        /// Operations in flight at most.
        in_flight: usize,
        /// Library.
        engine: SshEngine,
        /// Partner's id, for the command that accepts a host key.
        partner: String,
    },
}

/// An account on a host.
#[derive(Debug, Clone)]
pub struct Account {
    host: String,
    port: u16,
    user: String,
    password: Option<SecretSource>,
    /// Private key, relative to the workspace.
    key: Option<PathBuf>,
    passphrase: Option<SecretSource>,
    agent: Option<Agent>,
    legacy: Vec<String>,
}

impl Account {
    fn read(reader: &TomlReader<'_>, port: u16) -> Self {
        let account = Self {
            host: reader.need_text("host"),
            port: read_port(reader, port),
            user: reader.need_text("user"),
            password: secrets::read(reader, "password"),
            key: reader.text("key").map(PathBuf::from),
            passphrase: secrets::read(reader, "passphrase"),
            agent: match (reader.text("agent_socket"), reader.boolean("agent").unwrap_or(false)) {
                (Some(socket), _) => Some(Agent::At(socket.into())),
                (None, true) => Some(Agent::Usual),
                (None, false) => None,
            },
            legacy: reader.texts("legacy").unwrap_or_default(),
        };
        for name in account.legacy.iter().filter(|name| !LEGACY.contains(&name.as_str())) {
            let hint = did_you_mean(name, LEGACY).unwrap_or_else(|| format!("one of {}", LEGACY.join(", ")).into());
            let problem = Problem::new(Code::ConfigBadValue, format!("`{name}` is not an algorithm that `legacy` can allow"));
            reader.report(problem.at(reader.place_of("legacy")).hint(hint));
        }
        if account.password.is_none() && account.key.is_none() && account.agent.is_none() && reader.node("password").is_none() {
            reader.missing("password` or `key");
        }
        account
    }

    fn login(&self, root: &Path) -> Result<Login, Problem> {
        let open = |source: &Option<SecretSource>| {
            source.as_ref().map(|source| source.open(root)).transpose().map(|secret| secret.map(Secret::new))
        };
        let key = match &self.key {
            Some(key) => Some(KeyFile { file: root.join(key), passphrase: open(&self.passphrase)? }),
            None => None,
        };
        let agent = self.agent.clone().map(|agent| match agent {
            Agent::At(socket) => Agent::At(root.join(socket)),
            usual => usual,
        });
        Ok(Login { agent, key, password: open(&self.password)? })
    }
}

fn read_port(reader: &TomlReader<'_>, usual: u16) -> u16 {
    let port = reader.integer("port").unwrap_or_else(|| i64::from(usual));
    u16::try_from(port).ok().filter(|port| *port > 0).unwrap_or_else(|| {
        if let Some(node) = reader.node("port") {
            reader.bad(node, format!("`port` is a number from 1 to 65535, not {port}"));
        }
        usual
    })
}

impl DropConfig {
    /// Host and port of a server with a TLS certificate, and whether it needs FTP's AUTH TLS.
    pub fn tls(&self) -> Option<(String, u16, bool)> {
        match self {
            Self::Ftp { account, security: security @ (Security::Explicit | Security::Implicit), .. } => {
                Some((account.host.clone(), account.port, *security == Security::Explicit))
            }
            Self::Ftp { .. } | Self::Local(_) | Self::Sftp { .. } => None,
        }
    }

    /// The host of a server that gets a password without encryption.
    pub(super) fn in_the_clear(&self) -> Option<&str> {
        match self {
            Self::Ftp { account, security: Security::Plain, .. } => Some(&account.host),
            Self::Ftp { .. } | Self::Local(_) | Self::Sftp { .. } => None,
        }
    }

    pub(super) fn read(reader: &TomlReader<'_>, partner: &str) -> Self {
        if reader.node("kind").is_none() {
            reader.missing("kind");
        }
        let base = || reader.text("path").unwrap_or_default();
        let timeout = || patience(reader);
        match reader.choice("kind", &["local", "ftp", "sftp"]) {
            "local" => Self::Local(reader.need_text("path").into()),
            "ftp" => {
                let security = match reader.choice("tls", &["explicit", "implicit", "none"]) {
                    "implicit" => Security::Implicit,
                    "none" => Security::Plain,
                    _ => Security::Explicit,
                };
                Self::Ftp {
                    account: Account {
                        host: reader.need_text("host"),
                        port: read_port(reader, if security == Security::Implicit { 990 } else { 21 }),
                        user: reader.need_text("user"),
                        password: secrets::read(reader, "password").or_else(|| {
                            if reader.node("password").is_none() {
                                reader.missing("password");
                            }
                            None
                        }),
                        key: None,
                        passphrase: None,
                        agent: None,
                        legacy: Vec::new(),
                    },
                    security,
                    authority: reader.text("authority").map(PathBuf::from),
                    base: base(),
                    timeout: timeout(),
                }
            }
            _ => Self::Sftp {
                account: Account::read(reader, 22),
                jump: reader.table("jump").map(|table| {
                    let account = Account::read(&table, 22);
                    table.finish();
                    account
                }),
                known_hosts: reader.text("known_hosts").unwrap_or_else(|| "known_hosts".into()).into(),
                base: base(),
                timeout: timeout(),
                in_flight: in_flight(reader),
                engine: engine(reader),
                partner: partner.to_string(),
            },
        }
    }

    /// Opens the drop; it does not connect yet.
    ///
    /// # Errors
    /// A secret is missing, or the engine is not in this build.
    pub fn open(&self, root: &Path) -> Result<Box<dyn RemoteFs>, Problem> {
        match self {
            Self::Local(path) => Ok(Box::new(LocalStore::new(root.join(path)))),
            Self::Ftp { account, security, authority, base, timeout } => Ok(Box::new(FtpStore::new(FtpSettings {
                host: account.host.clone(),
                port: account.port,
                user: account.user.clone(),
                password: account.login(root)?.password.unwrap_or_else(|| Secret::new("")),
                security: *security,
                authority: authority.as_ref().map(|file| root.join(file)),
                base: base.clone(),
                timeout: *timeout,
            }))),
            Self::Sftp { account, jump, .. } => {
                let mut settings = self.address(root)?;
                settings.login = account.login(root)?;
                if let (Some(hop), Some(jump)) = (&mut settings.jump, jump) {
                    hop.login = jump.login(root)?;
                }
                sftp::open(settings)
            }
        }
    }

    /// The local folder, if the drop is one.
    pub fn folder(&self, root: &Path) -> Option<PathBuf> {
        match self {
            Self::Local(path) => Some(root.join(path)),
            Self::Ftp { .. } | Self::Sftp { .. } => None,
        }
    }

    /// The address of the server, without any secret: enough to read its host key.
    ///
    /// # Errors
    /// The drop is not an SFTP server.
    pub fn address(&self, root: &Path) -> Result<SftpSettings, Problem> {
        let Self::Sftp { account, jump, known_hosts, base, timeout, in_flight, engine, partner } = self else {
            return Err(Problem::new(Code::Usage, "the partner's drop is not an SFTP server: it has no host key"));
        };
        let settings = |account: &Account, accept: String| {
            let Account { host, port, user, legacy, .. } = account;
            let mut settings = SftpSettings::new(host, *port, user, Login::default(), root.join(known_hosts));
            settings.legacy.clone_from(legacy);
            settings.timeout = *timeout;
            settings.accept_with = accept;
            settings
        };
        let mut server = settings(account, format!("consign trust {partner}"));
        server.base.clone_from(base);
        (server.in_flight, server.engine) = (*in_flight, *engine);
        server.jump = jump.as_ref().map(|jump| Box::new(settings(jump, format!("consign trust {partner} --jump"))));
        Ok(server)
    }

    /// The same with the logins of jump hosts: a server behind one shows its key only through it.
    ///
    /// # Errors
    /// As [`DropConfig::address`], or a secret is missing.
    pub fn way(&self, root: &Path) -> Result<SftpSettings, Problem> {
        let mut settings = self.address(root)?;
        if let (Some(hop), Self::Sftp { jump: Some(jump), .. }) = (&mut settings.jump, self) {
            hop.login = jump.login(root)?;
        }
        Ok(settings)
    }
}

fn engine(reader: &TomlReader<'_>) -> SshEngine {
    if reader.choice("engine", &["russh", "libssh2"]) == "russh" {
        return SshEngine::Russh;
    }
    if !cfg!(feature = "libssh2") {
        let problem = Problem::new(Code::ConfigBadValue, "this consign was built without the engine libssh2");
        let hint = "use engine = \"russh\", or a consign built with --features libssh2";
        reader.report(problem.at(reader.place_of("engine")).hint(hint));
    }
    SshEngine::Libssh2
}

/// How long a server may take, one second or more.
fn patience(reader: &TomlReader<'_>) -> Duration {
    let timeout = reader.duration("timeout").unwrap_or(TIMEOUT);
    if let Some(node) = reader.node("timeout").filter(|_| timeout.is_zero()) {
        reader.bad(node, "`timeout` is one second or more".into());
    }
    timeout
}

fn in_flight(reader: &TomlReader<'_>) -> usize {
    match reader.integer("in_flight").map(usize::try_from) {
        None => IN_FLIGHT,
        Some(Ok(number @ 1..=4096)) => number,
        Some(_) => {
            if let Some(node) = reader.node("in_flight") {
                reader.bad(node, "`in_flight` is a number from 1 to 4096".into());
            }
            IN_FLIGHT
        }
    }
}
