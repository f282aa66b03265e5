//! Host keys: `known_hosts` in OpenSSH's format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): names, patterns, hashed names, several
//! keys for a host, `@cert-authority` and `@revoked`. An unknown key is never trusted automatically.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use ring::hmac;
use russh::keys::{
    Certificate, HashAlg, PublicKey, PublicKeyOrCertificate,
    ssh_key::{
        certificate::CertType,
        known_hosts::{Entry, HostPatterns, Marker},
    },
};

use crate::model::{Code, Problem, pattern};

/// What `known_hosts` says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyVerdict {
    /// The key is known, or a known authority signed it.
    Known,
    /// The host is unknown.
    Unknown,
    /// The host is known with another key.
    Changed,
    /// The key is known as revoked.
    Revoked,
}

/// The lines of a file that could be parsed; the others are ignored, as in OpenSSH.
#[derive(Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
}

/// A host's name in the file: `host`, or `[host]:port` for other ports than 22.
fn name_of(host: &str, port: u16) -> String {
    if port == 22 { host.to_lowercase() } else { format!("[{}]:{port}", host.to_lowercase()) }
}

fn names(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, name.as_bytes(), hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let fits = |one: &str| pattern::fits(one, name);
            // A negated match excludes the host from the line, whatever the others say.
            !patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(fits)
                && patterns.iter().filter(|pattern| !pattern.starts_with('!')).any(|pattern| fits(pattern))
        }
    }
}

impl KnownHosts {
    /// Reads a file; a missing one knows no host.
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        Self { entries: text.lines().filter_map(|line| line.trim().parse().ok()).collect() }
    }

    fn of(&self, host: &str, port: u16, marker: Option<&Marker>) -> impl Iterator<Item = &PublicKey> {
        let (name, marker) = (name_of(host, port), marker.cloned());
        self.entries
            .iter()
            .filter(move |entry| entry.marker() == marker.as_ref() && names(entry.host_patterns(), &name))
            .map(Entry::public_key)
    }

    /// Known keys of a host.
    pub fn keys(&self, host: &str, port: u16) -> Vec<&PublicKey> {
        self.of(host, port, None).collect()
    }

    /// Whether there is a known authority for a host.
    pub fn has_authority(&self, host: &str, port: u16) -> bool {
        self.of(host, port, Some(&Marker::CertAuthority)).next().is_some()
    }

    /// Checks a key.
    pub fn judge(&self, host: &str, port: u16, key: &PublicKey) -> HostKeyVerdict {
        let is = |known: &&PublicKey| known.key_data() == key.key_data();
        if self.of(host, port, Some(&Marker::Revoked)).any(|known| is(&known)) {
            HostKeyVerdict::Revoked
        } else if self.of(host, port, None).any(|known| is(&known)) {
            HostKeyVerdict::Known
        } else if self.of(host, port, None).next().is_none() {
            HostKeyVerdict::Unknown
        } else {
            HostKeyVerdict::Changed
        }
    }

    /// Checks what a server shows: a key, or a certificate that a known authority signed for this very host and that is valid now
    /// (OpenSSH's PROTOCOL.certkeys). A certificate that fails the check counts as its key.
    pub fn judge_shown(&self, host: &str, port: u16, shown: &PublicKeyOrCertificate) -> HostKeyVerdict {
        let verdict = self.judge(host, port, &shown.public_key());
        match shown {
            PublicKeyOrCertificate::Certificate(certificate)
                if verdict != HostKeyVerdict::Revoked && self.vouched(host, port, certificate) =>
            {
                HostKeyVerdict::Known
            }
            _ => verdict,
        }
    }

    fn vouched(&self, host: &str, port: u16, certificate: &Certificate) -> bool {
        let revoked = self.of(host, port, Some(&Marker::Revoked)).any(|known| known.key_data() == certificate.signature_key());
        let authorities: Vec<_> =
            self.of(host, port, Some(&Marker::CertAuthority)).map(|authority| authority.fingerprint(HashAlg::Sha256)).collect();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        !revoked
            && certificate.cert_type() == CertType::Host
            && certificate.critical_options().is_empty()
            && certificate.valid_principals().iter().any(|principal| principal.eq_ignore_ascii_case(host))
            && certificate.validate_at(now, authorities.iter()).is_ok()
    }
}

/// Checks a key against a file.
pub fn judge(host: &str, port: u16, key: &PublicKey, file: &Path) -> HostKeyVerdict {
    KnownHosts::read(file).judge(host, port, key)
}

/// Adds a key to the file.
///
/// # Errors
/// The file cannot be written.
pub fn accept(host: &str, port: u16, key: &PublicKey, file: &Path) -> Result<(), Problem> {
    let unwritable = || Problem::new(Code::ConfigUnreadable, format!("the host key cannot be written to {}", file.display()));
    let line = key.to_openssh().map_err(|_| unwritable())?;
    let added = || -> io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let before = fs::read(file).unwrap_or_default();
        let gap = if before.is_empty() || before.ends_with(b"\n") { "" } else { "\n" };
        let mut file = fs::File::options().create(true).append(true).open(file)?;
        writeln!(file, "{gap}{} {line}", name_of(host, port))
    };
    added().map_err(|_| unwritable())
}

/// Removes every plain key of a host from the file, so that a changed one can replace them. Marked lines stay.
///
/// # Errors
/// The file cannot be written.
pub fn forget(host: &str, port: u16, file: &Path) -> Result<(), Problem> {
    let unwritable = |_| Problem::new(Code::ConfigUnreadable, format!("the old host key cannot be removed from {}", file.display()));
    let text = fs::read_to_string(file).map_err(unwritable)?;
    let name = name_of(host, port);
    let names_host =
        |line: &str| line.trim().parse::<Entry>().is_ok_and(|entry| entry.marker().is_none() && names(entry.host_patterns(), &name));
    let kept: String = text.lines().filter(|line| !names_host(line)).map(|line| format!("{line}\n")).collect();
    fs::write(file, kept).map_err(unwritable)
}

/// The fingerprint in the format of `ssh-keygen -l` and of every partner's documentation.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The problem for a key that is not the known one.
pub(super) fn refusal(verdict: &HostKeyVerdict, host: &str, port: u16, key: &PublicKey, accept_with: &str) -> Problem {
    let print = fingerprint(key);
    let kind = key.algorithm();
    let (code, message) = match verdict {
        HostKeyVerdict::Revoked => {
            let problem = Problem::new(Code::DropHostChanged, format!("the host key of {host}:{port} is revoked: {kind} {print}"));
            return problem.hint("known_hosts says `@revoked`: do not connect; ask the partner which key is valid now");
        }
        HostKeyVerdict::Changed => (Code::DropHostChanged, format!("the host key of {host}:{port} has changed: it is now {kind} {print}")),
        HostKeyVerdict::Unknown | HostKeyVerdict::Known => {
            (Code::DropHostUnknown, format!("the host key of {host}:{port} is not known: {kind} {print}"))
        }
    };
    Problem::new(code, message).hint(format!("compare the fingerprint with the partner, then: {accept_with} --fingerprint {print}"))
}

/// Whether the file can be used: a missing one knows no host, but an unreadable one must not count as such.
pub(super) fn readable(file: &Path) -> Result<(), Problem> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let message = format!("the known host keys in {} cannot be read", file.display());
            Err(Problem::new(Code::ConfigUnreadable, message).hint("it is a text file in OpenSSH's format; nothing is trusted without it"))
        }
        _ => Ok(()),
    }
}
