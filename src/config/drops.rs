//! Drops as configured, and as opened.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{SecretSource, secrets};
use crate::{
    model::{Problem, table::Reader},
    transport::{
        Drop,
        local::LocalDrop,
        sftp::{Login, Secret, SftpDrop, SftpSettings},
    },
};

/// Where a partner's files are.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one for each partner")]
pub enum DropConfig {
    /// A folder, relative to the workspace unless absolute.
    Local(PathBuf),
    /// An SFTP server.
    Sftp {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// User.
        user: String,
        /// Password.
        password: Option<SecretSource>,
        /// Private key, relative to the workspace.
        key: Option<PathBuf>,
        /// Its passphrase.
        passphrase: Option<SecretSource>,
        /// Known host keys, relative to the workspace.
        known_hosts: PathBuf,
        /// Folder on the server.
        base: String,
        /// Patience.
        timeout: Duration,
        /// Partner's id, for the command that accepts a host key.
        partner: String,
    },
}

impl DropConfig {
    pub(super) fn read(reader: &Reader<'_>, partner: &str) -> Self {
        if reader.node("kind").is_none() {
            reader.missing("kind");
        }
        let kind = reader.choice("kind", &["local", "sftp"]);
        if kind == "local" {
            Self::Local(reader.need_text("path").into())
        } else {
            let port = reader.integer("port").unwrap_or(22);
            let port = u16::try_from(port).unwrap_or_else(|_| {
                if let Some(node) = reader.node("port") {
                    reader.bad(node, format!("`port` is a number up to 65535, not {port}"));
                }
                22
            });
            let config = Self::Sftp {
                host: reader.need_text("host"),
                port,
                user: reader.need_text("user"),
                password: secrets::read(reader, "password"),
                key: reader.text("key").map(PathBuf::from),
                passphrase: secrets::read(reader, "passphrase"),
                known_hosts: reader.text("known_hosts").unwrap_or_else(|| "known_hosts".into()).into(),
                base: reader.text("path").unwrap_or_default(),
                timeout: reader.duration("timeout").unwrap_or(Duration::from_secs(30)),
                partner: partner.to_string(),
            };
            if let Self::Sftp { password: None, key: None, .. } = config
                && reader.node("password").is_none()
            {
                reader.missing("password` or `key");
            }
            config
        }
    }

    /// Opens the drop; nothing is connected yet.
    ///
    /// # Errors
    /// A secret is missing.
    pub fn open(&self, root: &Path) -> Result<Box<dyn Drop>, Problem> {
        Ok(match self {
            Self::Local(path) => Box::new(LocalDrop::new(root.join(path))),
            Self::Sftp { .. } => Box::new(SftpDrop::new(self.settings(root)?)),
        })
    }

    /// The local folder, where the drop is one.
    pub fn folder(&self, root: &Path) -> Option<PathBuf> {
        match self {
            Self::Local(path) => Some(root.join(path)),
            Self::Sftp { .. } => None,
        }
    }

    /// SFTP settings with their secrets opened.
    ///
    /// # Errors
    /// A secret is missing, or the drop is no SFTP server.
    pub fn settings(&self, root: &Path) -> Result<SftpSettings, Problem> {
        let mut settings = self.address(root)?;
        if let Self::Sftp { password, key, passphrase, .. } = self {
            let open = |source: &Option<SecretSource>| {
                source.as_ref().map(|source| source.open(root)).transpose().map(|secret| secret.map(Secret::new))
            };
            settings.login = match key {
                Some(key) => Login::Key { file: root.join(key), passphrase: open(passphrase)? },
                None => Login::Password(open(password)?.unwrap_or_else(|| Secret::new(""))),
            };
        }
        Ok(settings)
    }

    /// Where the server is, without any secret: enough to look at its host key.
    ///
    /// # Errors
    /// The drop is no SFTP server.
    pub fn address(&self, root: &Path) -> Result<SftpSettings, Problem> {
        let Self::Sftp { host, port, user, known_hosts, base, timeout, partner, .. } = self else {
            return Err(Problem::new(crate::model::codes::USAGE, "the partner's drop is a local folder: it has no host key"));
        };
        Ok(SftpSettings {
            host: host.clone(),
            port: *port,
            user: user.clone(),
            login: Login::Password(Secret::new("")),
            known_hosts: root.join(known_hosts),
            base: base.clone(),
            accept_with: format!("consign trust {partner}"),
            timeout: *timeout,
        })
    }
}
